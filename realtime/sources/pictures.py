"""A folder of pictures as a video."""

from __future__ import annotations

import math
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

from srfer.errors import ConfigError, SourceError, SourceFault

from ..types import Frame, SourceInfo
from .foreign import display_name, source_error, translated_errors
from .picture import read_picture
from .video import nothing_there

DEFAULT_RATE = Fraction(25)
PICTURE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
"""File names that count as pictures where a folder is named."""

_NUMBERED = re.compile(r"%(0?)(\d*)d")
_DIGITS = re.compile(r"(\d+)")


class PictureFolder:
    """Pictures in the natural order of their names (2 before 10), as a video of a steady rate.

    They may be of different sizes and kinds; each is turned upright. `index` and `pts` tell a
    picture's place in the order, so that they skip the pictures that cannot be read.

    Args:
        pattern: a folder; or a path whose last part says which files: with `*`, `?` or `[...]`, or
            with one number as printf writes it: `%05d` (with zeros to five digits) or `%d`.
        rate: pictures per second.
        skips_bad: True goes on behind a picture that cannot be read, False ends with its error.
        paths: the pictures, where they are known already; `pattern` then is only what they are
            called.
        start_s: where to begin, in seconds after the first picture; `index` counts from there.
        end_s: where to end; None is the end of the pictures.
        clock: monotonic seconds.

    Attributes:
        bad_pictures: pictures that were skipped so far.
        first_trouble: what is wrong with the first of them, or "".
        sizes: (width, height) of the pictures so far, in pixels.

    Raises:
        ConfigError: if the rate is not positive.
    """

    def __init__(
        self,
        pattern: str | os.PathLike[str],
        *,
        rate: Fraction = DEFAULT_RATE,
        skips_bad: bool = False,
        paths: Sequence[Path] | None = None,
        start_s: Fraction = Fraction(0),
        end_s: Fraction | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if rate <= 0:
            raise ConfigError(f"the rate of pictures must be more than 0 a second, not {rate}")
        self.path = Path(pattern)
        self.bad_pictures = 0
        self.first_trouble = ""
        self.sizes: set[tuple[int, int]] = set()
        self._rate = rate
        self._skips_bad = skips_bad
        self._named = paths
        self._start_s, self._end_s = start_s, end_s
        self._clock = clock
        self._info: SourceInfo | None = None
        self._frames: Iterator[Frame] = iter(())

    @property
    def info(self) -> SourceInfo:
        """What is known: the size is that of the first picture."""
        if self._info is None:
            raise RuntimeError("a PictureFolder has to be entered before it knows its pictures")
        return self._info

    def __enter__(self) -> Self:
        paths = find_pictures(self.path) if self._named is None else self._named
        places = self._places(len(paths))
        self._frames = self._read(paths, places)
        first = next(self._frames, None)
        if first is None:
            raise source_error(
                self.path, SourceFault.CORRUPT, f"none of {len(places)} pictures can be read"
            )
        self._frames = chain((first,), self._frames)
        self._info = SourceInfo(
            source_id=first.source_id,
            width=first.width,
            height=first.height,
            rate=self._rate,
            time_base=1 / self._rate,
            frame_count=len(places),
            is_live=False,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._frames = iter(())

    def __iter__(self) -> Iterator[Frame]:
        """Yield the pictures, once.

        Raises:
            SourceError: at the first picture that cannot be read, unless those are skipped.
        """
        return self._frames

    def _places(self, count: int) -> range:
        """Places of the pictures that begin in [start, end)."""
        begin = math.ceil(self._start_s * self._rate)
        end = count if self._end_s is None else min(count, math.ceil(self._end_s * self._rate))
        if begin >= end:
            raise nothing_there(self.path, self._start_s, self._end_s, count / self._rate)
        return range(begin, end)

    def _read(self, paths: Sequence[Path], places: range) -> Iterator[Frame]:
        source_id = display_name(self.path)
        for place in places:
            try:
                picture = read_picture(paths[place])
            except SourceError as error:
                if not self._skips_bad:
                    raise
                self.bad_pictures += 1
                self.first_trouble = self.first_trouble or str(error)
                continue
            self.sizes.add((picture.width, picture.height))
            yield replace(
                picture,
                source_id=source_id,
                index=place - places.start,
                captured_s=self._clock(),
                pts=place / self._rate,
            )


def is_numbered(text: str) -> bool:
    """True for a name in which a number is left open, as in `img_%04d.png`."""
    return _NUMBERED.search(text) is not None


def is_pattern(text: str) -> bool:
    """True for a path whose last part stands for many names."""
    name = Path(text).name
    return is_numbered(name) or any(char in name for char in "*?[")


def find_pictures(pattern: Path) -> list[Path]:
    """The files that a folder holds or a pattern means, in natural order.

    Raises:
        SourceError: if there are none.
        ConfigError: if the pattern has two numbers.
    """
    means = _matcher(pattern)
    with translated_errors(pattern, "cannot be read"):
        if pattern.is_dir():
            paths = [path for path in pattern.iterdir() if is_picture_name(path)]
            missing = "holds no picture (" + ", ".join(sorted(PICTURE_SUFFIXES)) + ")"
        else:
            if not pattern.parent.is_dir():
                raise source_error(pattern.parent, SourceFault.MISSING, "no such folder")
            paths = [path for path in pattern.parent.iterdir() if means(path)]
            missing = "no file has such a name; quote the pattern, so that the shell leaves it"
    if not paths:
        raise source_error(pattern, SourceFault.MISSING, missing)
    return in_order(paths)


def in_order(paths: Iterable[Path]) -> list[Path]:
    """Pictures of one folder in the natural order of their names."""
    return sorted(paths, key=_natural)


def is_picture_name(path: Path) -> bool:
    """True for what counts as a picture where a folder is named."""
    return path.suffix.lower() in PICTURE_SUFFIXES and not path.name.startswith(".")


def _matcher(pattern: Path) -> Callable[[Path], bool]:
    number = _NUMBERED.search(pattern.name)
    if number is None:
        return lambda path: path.match(pattern.name)
    digits = int(number[2] or 1) if number[1] else 1
    before, behind = pattern.name[: number.start()], pattern.name[number.end() :]
    if _NUMBERED.search(behind):
        raise ConfigError(f"{display_name(pattern)}: only one number can be left open, as in %05d")
    # As printf writes it: filled up with zeros, and longer only without them.
    name = re.compile(
        rf"{re.escape(before)}(\d{{{digits}}}|[1-9]\d{{{digits},}}){re.escape(behind)}"
    )
    return lambda path: name.fullmatch(path.name) is not None


def _natural(path: Path) -> list[tuple[int, str]]:
    """Runs of digits compare as numbers, everything else as text."""
    parts = _DIGITS.split(path.name.casefold())  # every second one is a number
    return [(int(part) if i % 2 else -1, part) for i, part in enumerate(parts)]
