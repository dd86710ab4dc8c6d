"""What one input of an export is: a file, or pictures in order that make one video."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from srfer.errors import ConfigError

from .sources.pictures import DEFAULT_RATE

_SLOWEST, _FASTEST = Fraction(1, 3600), Fraction(1000)
_LARGEST_NUMBER = 1_000_000


@dataclass(frozen=True, slots=True)
class Footage:
    """One input.

    Attributes:
        path: the file; of pictures, the folder or the pattern that stands for them.
        pictures: in order; none where the file is all there is.
        rate: pictures per second.
    """

    path: Path
    pictures: tuple[Path, ...] = ()
    rate: Fraction = DEFAULT_RATE

    @property
    def is_sequence(self) -> bool:
        """True for pictures that make one video."""
        return bool(self.pictures)

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is read."""
        return self.pictures or (self.path,)

    def absolute(self) -> Footage:
        """The same from the root of the file system."""
        pictures = tuple(picture.absolute() for picture in self.pictures)
        return replace(self, path=self.path.absolute(), pictures=pictures)


def parse_rate(rate: str | float | Fraction) -> Fraction:
    """Pictures per second, exactly: from 25, "29.97" or "30000/1001".

    Raises:
        ConfigError: if it is no number, or none that a video can have.
    """
    try:
        exact = Fraction(str(rate))
    except (ValueError, ZeroDivisionError):
        raise ConfigError(
            f"{str(rate)!r} is no rate of pictures; give a number such as 25, 29.97 or 30000/1001"
        ) from None
    if not _SLOWEST <= exact <= _FASTEST or max(exact.as_integer_ratio()) > _LARGEST_NUMBER:
        raise ConfigError(
            f"{rate} pictures a second cannot be written; give one an hour (1/3600) to 1000 a "
            "second, as a number such as 25, 29.97 or 30000/1001"
        )
    return exact
