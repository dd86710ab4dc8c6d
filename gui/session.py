"""One source under analysis: what the window shows, and the orders that it gives."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from srfer.engines import Model
from srfer.errors import SrferError
from srfer.realtime import (
    Analyzer,
    FrameResult,
    Pipeline,
    Policy,
    SourceInfo,
    make_stages,
)
from srfer.realtime.overlay import Overlay
from srfer.realtime.sinks import Recorder, Recording, save_picture
from srfer.realtime.sinks.atomic import write_text, writing
from srfer.realtime.sources import Player
from srfer.realtime.sources.health import Monitored, SourceHealth, SourceState
from srfer.realtime.stats import PipelineState, PipelineStats
from srfer.realtime.switching import Switchable, SwitchableTracker
from srfer.realtime.tracking import Tracker
from srfer.realtime.veil import Veil, VeilStage

from .feeds import Choice, Feed, open_feed
from .gauges import Gauges
from .history import History
from .memory import give_back_memory
from .priority import step_back
from .shelf import Setup, Shelf

STOP_S = 3.0
"""A part that has not returned after so long is left to the end of the process."""


class Phase(StrEnum):
    """Where a session is."""

    OPENING = "opening"
    LIVE = "live"
    PAUSED = "paused"
    STALLED = "stalled"
    LOST = "lost"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Status:
    """A look at a session at one moment.

    Attributes:
        phase: where it is.
        cause: why it is not live, in one line; "" while all is well, or where `stats` say it.
        since_s: `time.monotonic()` of the beginning of that state, where the source tells it.
        stats: of the pipeline.
        health: of the source, or None if it does not tell.
    """

    phase: Phase
    cause: str
    since_s: float | None
    stats: PipelineStats
    health: SourceHealth | None


class Session:
    """A source, its pipeline, and the controls of both. Nothing here waits for the pipeline.

    Args:
        choice: what to analyse.
        setup: how.
        shelf: gives the models.
        hiding: how faces are hidden, or None.
        has_notice: recordings say "expression analysis".
        opened: makes the source of a choice.

    Attributes:
        choice: what is analysed.
        history: what the faces expressed.
        gauges: how fast it goes.
        recorder: records when told to.

    Raises:
        SourceError: if this kind of source cannot be read.
        ConfigError: if the source or the setup is malformed.
    """

    def __init__(
        self,
        choice: Choice,
        setup: Setup,
        shelf: Shelf,
        *,
        hiding: Veil | None = None,
        has_notice: bool = True,
        opened: Callable[[Choice], Feed] = open_feed,
    ) -> None:
        self.choice = choice
        self.has_notice = has_notice
        self.history = History()
        self.gauges = Gauges()
        self._setup = self._at_work = self._last_good = setup
        self._switching = threading.Lock()
        self._shelf = shelf
        self._feed = opened(choice)
        self._model: Model | None = None
        self._notices: deque[str] = deque(maxlen=20)
        self._news: deque[str] = deque(maxlen=20)
        self._asides: set[threading.Thread] = set()
        self._mourned: Recording | None = None
        self._closer: threading.Thread | None = None
        self._track = SwitchableTracker(lambda: self._stages(setup)[0], self._refuse)
        self._read = Switchable("read", lambda: self._stages(setup)[1], self._refuse)
        self._hide = VeilStage(hiding)
        self.recorder = Recorder(lambda: self._feed.source.info, self._overlay)
        self._pipeline = Pipeline(
            self._feed.source,
            [self._track, self._read, self._hide],
            [self.history, self.gauges, self.recorder, _Opening(self._begin_playing)],
            policy=self._feed.policy,
            on_stall=lambda _stall: None,  # the window shows what `stats` says
            name="live",
        )

    def start(self) -> None:
        """Open the source and begin."""
        if self.player is not None:
            self.player.pause()  # at the first frame, until the model is there to read it
        self._pipeline.start()

    def latest(self) -> FrameResult | None:
        """The newest result."""
        return self._pipeline.latest()

    @property
    def player(self) -> Player | None:
        """The source's controls, if it can be moved about in."""
        return self._feed.player

    @property
    def is_live(self) -> bool:
        """True where frames come at their own pace, so that results can be late."""
        return self._feed.policy is Policy.LIVE

    @property
    def info(self) -> SourceInfo | None:
        """What is known of the source; None until there is a result."""
        return None if self._pipeline.latest() is None else self._feed.source.info

    @property
    def model(self) -> Model | None:
        """The model at work; None until it is loaded."""
        return self._model

    @property
    def setup(self) -> Setup:
        """How frames are analysed now."""
        return self._setup

    @property
    def hiding(self) -> Veil | None:
        """How faces are hidden; may be set at any time."""
        return self._hide.veil

    @hiding.setter
    def hiding(self, hiding: Veil | None) -> None:
        self._hide.veil = hiding

    def status(self) -> Status:
        """How it is doing."""
        stats = self._pipeline.stats()
        source = self._feed.source
        health = source.health if isinstance(source, Monitored) else None
        phase, cause = self._phase(stats, health)
        return Status(phase, cause, None if health is None else health.since_s, stats, health)

    def pause(self) -> None:
        """Stay at this frame; a live source is read on and its frames are dropped."""
        if self.player is not None:
            self.player.pause()  # and not the pipeline: after a seek there is a frame to show
        else:
            self._pipeline.pause()

    def resume(self) -> None:
        """End a pause."""
        if self.player is not None:
            self.player.resume()
        else:
            self._pipeline.resume()

    def switch(self, setup: Setup) -> None:
        """Analyse in another way as soon as that is ready; if it cannot be, a notice says why."""
        self._setup = setup
        self._aside(lambda: self._switch(setup))

    def record(self, folder: Path, stem: str) -> None:
        """Begin a recording; what goes wrong is a notice."""
        self._aside(lambda: self.recorder.begin(folder, stem))

    def end_recording(self) -> None:
        """End the recording; its files are complete when `recorder.recording` is not open."""

        def end() -> None:
            self.recorder.end()
            recording = self.recorder.recording
            if recording is not None and not recording.error:
                self._news += [video.name for video in recording.videos if recording.frames]

        self._aside(end)

    def save_picture(self, result: FrameResult, path: Path) -> None:
        """Write an annotated frame; a notice says that it is there, or what went wrong."""

        def save() -> None:
            save_picture(result, path, self._overlay())
            self._news.append(path.name)

        self._aside(save)

    def save_table(self, path: Path) -> None:
        """Write what was read of all faces; notices as above."""

        def save() -> None:
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            write_text(path, self.history.to_csv())
            self._news.append(path.name)

        self._aside(save)

    def take_notices(self) -> list[str]:
        """What went wrong since the last call, and did not end the run."""
        recording = self.recorder.recording
        if recording is not None and recording.error and recording is not self._mourned:
            self._mourned = recording
            self._notices.append(recording.error)
        return _taken(self._notices)

    def take_news(self) -> list[str]:
        """Names of the files that were completed since the last call."""
        return _taken(self._news)

    def close(self) -> None:
        """Begin to end. Returns at once, whatever the source is doing."""
        if self._closer is None:
            self._closer = threading.Thread(target=self._close, name="live:closer", daemon=True)
            self._closer.start()

    def wait_closed(self, timeout_s: float) -> bool:
        """Wait for the end after `close`; False if something still hangs."""
        deadline_s = time.monotonic() + timeout_s
        threads = [thread for thread in (self._closer, *self._asides) if thread is not None]
        for thread in threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    # From here on: what happens in other threads.

    def _begin_playing(self) -> None:
        if self.player is not None:
            self.player.resume()

    def _close(self) -> None:
        try:
            self._pipeline.stop(STOP_S)
        except TimeoutError as stuck:
            self._notices.append(str(stuck))
        give_back_memory()

    def _switch(self, setup: Setup) -> None:
        """One after the other, and only to what is still wanted when its turn has come."""
        with self._switching:
            before = self._last_good = self._at_work
            if setup is not self._setup:
                return
            finders = [replace(one.options, use_sr=True) for one in (before, setup)]
            try:
                self._read.switch(lambda: self._stages(setup)[1])
                if finders[0] != finders[1] or before.device != setup.device:
                    self._track.switch(lambda: self._stages(setup)[0])
            except SrferError:
                if setup is self._setup:  # and nothing newer is wanted
                    self._setup = before
                raise
            self._at_work = setup

    def _stages(self, setup: Setup) -> tuple[Tracker, Analyzer]:
        step_back()
        model = self._shelf.get(setup)
        stages = make_stages(model, setup.options)
        self._model = model
        return stages

    def _refuse(self, error: SrferError) -> None:
        self._setup = self._at_work = self._last_good
        self._notices.append(str(error))

    def _overlay(self) -> Overlay:
        return Overlay(has_notice=self.has_notice)

    def _aside(self, work: Callable[[], None]) -> None:
        """Do what may take long in a thread of its own; errors become notices."""

        def run() -> None:
            try:
                work()
            except SrferError as error:
                self._notices.append(str(error))

        self._asides = {thread for thread in self._asides if thread.is_alive()}
        thread = threading.Thread(target=run, name="live:aside", daemon=True)
        self._asides.add(thread)
        thread.start()

    def _phase(self, stats: PipelineStats, health: SourceHealth | None) -> tuple[Phase, str]:
        if stats.state is PipelineState.FAILED:
            return Phase.FAILED, self._error()
        if stats.state in _OVER:
            return Phase.ENDED, ""
        is_paused = self.player is not None and self.player.is_paused
        if stats.state is PipelineState.PAUSED or (is_paused and self.latest() is not None):
            return Phase.PAUSED, ""
        if health is not None and health.state is not SourceState.LIVE:
            return _PHASES[health.state], health.cause
        if self.latest() is None:
            return Phase.OPENING, ""
        return (Phase.STALLED if stats.stalled else Phase.LIVE), ""

    def _error(self) -> str:
        try:
            self._pipeline.join(0.0)
        except TimeoutError:
            return ""
        except SrferError as error:
            return str(error)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""


class _Opening:
    """A sink that tells when there is a first result."""

    name = "opening"

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell

    def __enter__(self) -> Self:
        self._tell()  # sinks are entered when the first result is there
        return self

    def write(self, result: FrameResult, /) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


def _taken(texts: deque[str]) -> list[str]:
    taken = []
    while texts:
        taken.append(texts.popleft())
    return taken


_OVER = (PipelineState.FINISHED, PipelineState.STOPPED, PipelineState.ENDING)

_PHASES = {
    SourceState.CONNECTING: Phase.OPENING,
    SourceState.STALLED: Phase.STALLED,
    SourceState.LOST: Phase.LOST,
    SourceState.ENDED: Phase.ENDED,
}
