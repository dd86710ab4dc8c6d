"""What is wrong with a file that can be read nevertheless."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Damage:
    """What was found to be wrong with a file, up to where it was read.

    Attributes:
        packets: that could not be decoded; their frames are missing.
        pictures: that are there, with parts that the decoder had to make up. Where it works with
            several threads, it may notice too late to say so of one.
        place: from where on a part of the file could not be understood, in bytes; None if there is
            none, or it is not known yet. Frames may be missing.
        is_open: the file probably ends in the middle of a picture.
    """

    packets: int = 0
    pictures: int = 0
    place: int | None = None
    is_open: bool = False

    def __add__(self, later: Damage) -> Damage:
        """What was found in one reading and in a later one."""
        place = later.place if self.place is None else self.place
        packets, pictures = self.packets + later.packets, self.pictures + later.pictures
        return Damage(packets, pictures, place, self.is_open or later.is_open)
