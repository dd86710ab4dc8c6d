"""Which frames of an input are analysed: a part of it, and every frame or every so many."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

from srfer.errors import ConfigError

from .footage import Footage
from .remarks import remarks_on, remarks_on_damage, remarks_on_numbers, remarks_on_pictures
from .sources import PictureFolder, VideoFile
from .sources.damage import Damage
from .types import Frame, SourceInfo


@dataclass(frozen=True, slots=True)
class Selection:
    """Which frames to take.

    Attributes:
        start_s: where to begin, in seconds after the file's first frame.
        end_s: where to end; the frame that begins there is not taken. None is the end of the file.
        every: every so many frames one is taken, beginning with the first of the part.
    """

    start_s: Fraction = Fraction(0)
    end_s: Fraction | None = None
    every: int = 1

    def __post_init__(self) -> None:
        if self.start_s < 0:
            raise ConfigError(f"the start must be 0 s or later, not {float(self.start_s):g} s")
        if self.end_s is not None and self.end_s <= self.start_s:
            raise ConfigError(
                f"the end ({float(self.end_s):g} s) must be after the start "
                f"({float(self.start_s):g} s)"
            )
        if self.every < 1:
            raise ConfigError(f"every must be 1 or more frames, not {self.every}")

    def to_record(self) -> dict[str, Any]:
        """The selection as plain JSON types; times as exact fractions of a second."""
        return {
            "start_s": str(self.start_s),
            "end_s": None if self.end_s is None else str(self.end_s),
            "every": self.every,
        }


class SelectedFrames:
    """The chosen frames of an input, as a source.

    They are those of a full decode, with the file's own timestamps; `index` counts from the first
    frame of the part, so frames that are passed over leave gaps. Of pictures in order, those that
    cannot be read are passed over.

    Args:
        footage: the input.
        selection: which frames.
        clock: monotonic time in seconds.
    """

    def __init__(
        self,
        footage: Footage,
        selection: Selection,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._footage = footage
        self._source = _open(footage, selection, clock)
        self._every = selection.every
        self._is_open = False

    @property
    def info(self) -> SourceInfo:
        """What is known of the frames; their rate and number are those of the selection."""
        info = self._source.info
        count = None if info.frame_count is None else max(1, -(-info.frame_count // self._every))
        rate = None if info.rate is None else info.rate / self._every
        return replace(info, rate=rate, frame_count=count)

    @property
    def damage(self) -> Damage:
        """What was found to be wrong so far; pictures that cannot be read count as packets."""
        source = self._source
        return source.damage if isinstance(source, VideoFile) else Damage(source.bad_pictures)

    @property
    def first_remarks(self) -> tuple[str, ...]:
        """Sentences about the input, which are known once it is open."""
        if isinstance(self._source, VideoFile):
            return remarks_on(self._source.facts)
        return remarks_on_numbers(self._footage.pictures)

    @property
    def remarks(self) -> tuple[str, ...]:
        """Sentences about what was read so far."""
        source = self._source
        if isinstance(source, VideoFile):
            return remarks_on_damage(source.damage)
        return remarks_on_pictures(source)

    def open(self) -> None:
        """Open the file ahead of entering, to know what it is before anything is made of it.

        Opening a large video takes as long as decoding many of its frames, so entering it then does
        not open it again. Only leaving closes it.

        Raises:
            SourceError: if it cannot be read.
        """
        if not self._is_open:
            self._source.__enter__()
            self._is_open = True

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_open = False
        self._source.__exit__(kind, error, traceback)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the chosen frames in the order of presentation.

        Raises:
            SourceError: where the file breaks off.
        """
        return (frame for frame in self._source if frame.index % self._every == 0)


def _open(
    footage: Footage, selection: Selection, clock: Callable[[], float]
) -> VideoFile | PictureFolder:
    if not footage.is_sequence:
        start_s, end_s = selection.start_s, selection.end_s
        return VideoFile(footage.path, start_s=start_s, end_s=end_s, clock=clock)
    return PictureFolder(
        footage.path,
        paths=footage.pictures,
        rate=footage.rate,
        skips_bad=True,
        start_s=selection.start_s,
        end_s=selection.end_s,
        clock=clock,
    )
