"""Two passes over a video: the first to analyse it, the second to write what is known then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from srfer.errors import SourceError

from ..footage import Footage
from ..pipeline import Pipeline
from ..selection import SelectedFrames, Selection
from ..stage import Sink, Stage
from ..types import FrameResult
from .collecting import Collector
from .joining import first_tracks, join
from .merging import Again, merge
from .replaying import Replay
from .rows import Kept, RowFile
from .searching import Searcher, SecondLook
from .settings import Refinement
from .spans import spans_of
from .steadying import steady

PASSES = 3
"""How often a video is decoded at most: to analyse it, to look again, to write."""


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """How the passes over one video are run.

    Attributes:
        footage: the video.
        selection: which of its frames.
        run: runs a pipeline to its end.
        on_frame: told after every frame, with the number of the pass, from 0.
    """

    footage: Footage
    selection: Selection
    run: Callable[[Pipeline], None]
    on_frame: Callable[[int], None]

    def go(self, number: int, stages: Sequence[Stage[Any, Any]], *sinks: Any) -> None:
        """Read the whole video."""
        source = SelectedFrames(self.footage, self.selection)
        tick = _Tick(number, self.on_frame)
        self.run(Pipeline(source, stages, [*sinks, tick], name="export"))


@contextmanager
def refined(
    passes: Passes,
    stages: Sequence[Stage[Any, Any]],
    tools: SecondLook,
    settings: Refinement,
    *,
    sinks: Sequence[Sink] = (),
    folder: Path,
    kept: Kept,
) -> Iterator[Replay]:
    """Analyse a video and refine what was found; gives the stage that turns frames into results.

    Where the video breaks off, what was read until then is refined; reading it once more, with the
    stage that is given, meets the same error.

    Args:
        passes: the video.
        stages: of the first analysis.
        tools: what is used to look again.
        settings: what to believe.
        sinks: that are given the results of the first analysis.
        folder: where there is room for what has to be remembered.
        kept: what has to be remembered beyond the usual.

    Raises:
        EngineError: a network failed.
        ExportError: the disk is full.
    """
    with ExitStack() as files:
        first, found, merged = (files.enter_context(RowFile(folder, kept)) for _ in range(3))
        collector = Collector(first)
        with suppress(SourceError):
            passes.go(0, stages, collector, *sinks)
        times_s, fragments = collector.times_s, collector.fragments
        first_of = first_tracks(fragments, join(fragments, collector.cuts, settings))
        spans = spans_of(fragments, first_of, times_s, collector.cuts, settings)
        searcher = Searcher(spans, times_s, tools, settings, first=first, found=found)
        if spans:
            with suppress(SourceError):
                passes.go(1, [searcher])
        confirmed = frozenset(one.track for one in fragments if one.is_confirmed)
        again = Again(found, searcher.positions)
        merge(first, again, merged, first_of=first_of, confirmed=confirmed)
        steady(merged, times_s, settings)
        failed = Counter(collector.failed_readings) + Counter(searcher.failed_readings)
        yield Replay(merged, times_s, failed)


class _Tick:
    """A sink that tells how far a pass is."""

    name = "count"

    def __init__(self, number: int, on_frame: Callable[[int], None]) -> None:
        self._number = number
        self._on_frame = on_frame

    def __enter__(self) -> Self:
        return self

    def write(self, _: FrameResult, /) -> None:
        self._on_frame(self._number)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass
