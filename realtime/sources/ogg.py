"""The pages of an Ogg file, walked from one to the next."""

from __future__ import annotations

import zlib
from typing import NamedTuple

from .timed import Readable

_HEAD_BYTES, _CHECKSUM = 27, slice(22, 26)
_LAST_PAGE = 0x04
_FURTHEST = 65_536
"""No page is longer than this; FFmpeg looks so far for the next one."""
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Ogg's checksum is zlib's with the bits of every byte, and of the sum, the other way round."""


class Pages(NamedTuple):
    """What a walk through the pages of a file has found.

    Attributes:
        is_cut: the last page is not whole, or a stream has no last page.
        damaged_at: where the first page is missing, or is not as it was written, in bytes; None if
            nowhere.
    """

    is_cut: bool = False
    damaged_at: int | None = None


def look_at_pages(file: Readable, size: int) -> Pages:
    """Go from page to page.

    Args:
        file: open for reading, best without a buffer.
        size: of the file, in bytes.
    """
    place, damaged_at = 0, None
    numbers: dict[bytes, int] = {}
    endless: set[bytes] = set()
    while place < size:
        page = _page(file, place, size)
        if page is None:
            damaged_at = place if damaged_at is None else damaged_at
            regained = _regained(file, place + 1, size)
            if regained is None:
                break
            place = regained
            continue
        stream, number = page[14:18], int.from_bytes(page[18:22], "little")
        if number != numbers.get(stream, number - 1) + 1 and damaged_at is None:
            damaged_at = place
        numbers[stream] = number
        if page[5] & _LAST_PAGE:
            endless.discard(stream)
            del numbers[stream]  # another file may follow, with the same name for its stream
        else:
            endless.add(stream)
        place += len(page)
    return Pages(bool(endless), damaged_at)


def _page(file: Readable, place: int, size: int) -> bytes | None:
    """The page at a place; None if there is none, or not the one that was written."""
    file.seek(place)
    head = file.read(_HEAD_BYTES)
    if len(head) < _HEAD_BYTES or not head.startswith(b"OggS"):
        return None
    lengths = file.read(head[26])
    length = _HEAD_BYTES + len(lengths) + sum(lengths)
    if place + length > size:
        return None
    page = head + lengths + file.read(sum(lengths))
    blank = page[: _CHECKSUM.start] + bytes(4) + page[_CHECKSUM.stop :]
    return page if _checksum(blank) == page[_CHECKSUM] else None


def _checksum(data: bytes) -> bytes:
    """CRC-32 with the polynomial 0x04C11DB7, from 0, in the order of the file."""
    mirrored = zlib.crc32(data.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return mirrored.to_bytes(4, "big").translate(_REVERSED)


def _regained(file: Readable, place: int, size: int) -> int | None:
    """Where the next page begins, in bytes; None if none does."""
    while place < size:
        file.seek(place)
        found = file.read(_FURTHEST).find(b"OggS")
        if found >= 0:
            return place + found
        place += _FURTHEST - 3
    return None
