"""Files made from who showed what when: subtitles and tiers are texts of the same segments."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from ..types import FrameResult
from .atomic import write_text
from .timeline import Segment, Timeline

Render = Callable[[Sequence[Segment], str], str]
"""From segments and what made them to the text of a file."""


class SegmentSink:
    """Writes one text when the video is over, from the segments of all faces.

    Args:
        path: the file to make.
        timeline: a sink of the same run, entered before this one.
        render: how segments become text.
        made_by: what made the results, in one line.
        is_rebased: times count from the first frame and not from the source's zero.
    """

    def __init__(
        self,
        path: Path,
        timeline: Timeline,
        render: Render,
        made_by: str = "",
        *,
        is_rebased: bool = False,
    ) -> None:
        self.path = path
        self.name = path.suffix[1:]
        self._timeline = timeline
        self._render = render
        self._made_by = made_by
        self._is_rebased = is_rebased

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        """Nothing: the timeline takes the frames."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timeline.finish()
        text = self._render(played_segments(self._timeline, self._is_rebased), self._made_by)
        write_text(self.path, text, is_complete=error is None)


def played_segments(timeline: Timeline, is_rebased: bool) -> list[Segment]:
    """Segments on the clock of what is played; what lies before its zero is cut off."""
    zero_s = (timeline.start_s or Fraction(0)) if is_rebased else Fraction(0)
    moved = [
        segment._replace(
            start_s=max(segment.start_s - zero_s, Fraction(0)), end_s=segment.end_s - zero_s
        )
        for segment in timeline.segments()
    ]
    return [segment for segment in moved if segment.end_s > segment.start_s]
