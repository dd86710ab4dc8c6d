"""What is open, what is being closed, and what was set: the window's model, without Qt."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from srfer.engines import DEFAULT, Precision
from srfer.realtime import AnalysisOptions, FrameResult
from srfer.realtime.api import VIDEO_SEARCH_PX
from srfer.realtime.veil import Veil

from .feeds import Choice, Feed, Kind, open_feed
from .preferences import Preferences, Privacy
from .session import Session
from .shelf import Setup, Shelf

_PRECISIONS: dict[str, Precision] = {"fp32": "fp32", "fp16": "fp16", "int8": "int8"}
_VEILS = {Privacy.PIXELATE: Veil.PIXELATE, Privacy.BLUR: Veil.BLUR}


class Desk:
    """One session at a time. Opening another one closes it, and waits for nothing.

    Args:
        preferences: what is set.
        usual_folder: where recordings go if none is set.
        model: name or path of the model.
        shelf: loaded models; an empty one if None.
        opened: makes the source of a choice.
        stamp: the time for names of files, as text.

    Attributes:
        session: the present one, or None.
        shelf: the loaded models.
    """

    def __init__(
        self,
        preferences: Preferences,
        usual_folder: Path,
        *,
        model: str = DEFAULT,
        shelf: Shelf | None = None,
        opened: Callable[[Choice], Feed] = open_feed,
        stamp: Callable[[], str] = lambda: time.strftime("%Y%m%d-%H%M%S"),
    ) -> None:
        self.session: Session | None = None
        self.shelf = shelf or Shelf()
        self.usual_folder = usual_folder
        self._preferences = preferences
        self._model = model
        self._opened = opened
        self._stamp = stamp
        self._closing: list[Session] = []

    @property
    def preferences(self) -> Preferences:
        """What is set."""
        return self._preferences

    @property
    def setup(self) -> Setup:
        """How frames are analysed, as it is set."""
        wanted = self._preferences
        options = AnalysisOptions(
            tracker=wanted.tracker,
            detect_px=wanted.detect_px,
            use_sr=wanted.use_sr,
            tracker_threads=1,  # a runtime's own threads would not go behind the window's
        )
        return Setup(self._model, wanted.device, _PRECISIONS.get(wanted.precision), options)

    @property
    def veil(self) -> Veil | None:
        """How faces are hidden, as it is set."""
        return _VEILS.get(self._preferences.privacy)

    @property
    def folder(self) -> Path:
        """Where recordings go."""
        chosen = self._preferences.folder
        return Path(chosen).expanduser() if chosen else self.usual_folder

    def open(self, choice: Choice) -> Session:
        """Close what is open, and begin with another source.

        Raises:
            SourceError: if this kind of source cannot be read; what was open stays open.
            ConfigError: if the source or a setting is malformed; likewise.
        """
        session = Session(
            choice,
            self.setup,
            self.shelf,
            hiding=self.veil,
            has_notice=self._preferences.has_notice,
            opened=self._opened,
        )
        self.close()
        self.session = session
        session.start()
        if choice.kind is not Kind.SYNTHETIC:
            self._preferences = self._preferences.with_recent(choice.stored)
        return session

    def close(self) -> None:
        """Begin to close what is open."""
        if self.session is not None:
            self.session.close()
            self._closing = [one for one in self._closing if not one.wait_closed(0)]
            self._closing.append(self.session)
            self.session = None

    def wait_closed(self, timeout_s: float) -> bool:
        """Wait until all that was closed has ended; False if something still hangs."""
        deadline_s = time.monotonic() + timeout_s
        ended = [one.wait_closed(max(0.0, deadline_s - time.monotonic())) for one in self._closing]
        return all(ended)

    def apply(self, preferences: Preferences) -> None:
        """Take over other preferences; the session follows at once."""
        before = self.setup
        self._preferences = preferences
        if self.session is not None:
            self.session.hiding = self.veil
            self.session.has_notice = preferences.has_notice
            if self.setup != before:
                self.session.switch(self.setup)

    def follow_session(self) -> bool:
        """Take over what is at work where a switch has failed; True if there was such a thing."""
        if self.session is None or self.session.setup == self.setup:
            return False
        at_work = self.session.setup
        self._preferences = replace(
            self._preferences,
            device=at_work.device,
            precision=at_work.precision or "",
            tracker=at_work.options.tracker,
            detect_px=at_work.options.detect_px or VIDEO_SEARCH_PX,
            use_sr=at_work.options.use_sr,
        )
        return True

    def toggle_recording(self) -> None:
        """Begin a recording, or end the present one."""
        session = self.session
        if session is None:
            return
        recording = session.recorder.recording
        if recording is not None and recording.is_open:
            session.end_recording()
        else:
            session.record(self.folder, self.new_name(session.choice))

    def save_snapshot(self, result: FrameResult) -> None:
        """Write an annotated frame into the folder for recordings."""
        if self.session is not None:
            name = f"{self.new_name(self.session.choice)}-{result.frame.index}.png"
            self.session.save_picture(result, self.folder / name)

    def new_name(self, choice: Choice) -> str:
        """A name for a file about a source: what may stand in a name of its title, and the time."""
        title = Path(choice.title).stem if choice.kind is Kind.FILE else choice.title
        stem = re.sub(r"[^\w.-]+", "-", title).strip("-.")[:60] or str(choice.kind)
        return f"{stem}-{self._stamp()}"
