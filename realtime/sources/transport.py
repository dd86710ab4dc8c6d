"""The packets of an MPEG transport stream, which all begin with the same byte."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .timed import Readable

_SYNC = 0x47
_PACKETS = ((188, 0), (192, 4), (204, 0))
"""Bytes of a packet, and where in it that byte is: as broadcast, on discs, with parity."""
_ONLY_PAYLOAD = 0x10
_IN_A_ROW = 5
_AT_A_TIME = 16_384
_FURTHEST = 65_536


class Packets(NamedTuple):
    """What a look at the packets of a file has found.

    Attributes:
        is_cut: the last one is not whole.
        damaged_at: where they first do not follow each other, in bytes; None if nowhere.
        is_open: what the last one of the stream belongs to is not over. Where that would end with
            the packet by chance, one in 184, it only looks so.
    """

    is_cut: bool = False
    damaged_at: int | None = None
    is_open: bool = False


def look_at_packets(file: Readable, size: int, stream: int) -> Packets:
    """Go from packet to packet.

    Args:
        file: open for reading.
        size: of the file, in bytes.
        stream: number of the stream whose end is looked at.
    """
    found = next((kind for kind in _PACKETS if _follows(file, kind[1], kind[0])), None)
    if found is None:  # it begins with something else, which is no matter
        return Packets()
    length, offset = found
    origin, damaged_at = offset, _first_loss(file, offset, length, size)
    if damaged_at is not None:  # what is at the end shows whether they ever follow each other again
        tail = max(damaged_at + 1, size - _FURTHEST)
        regained = _regained(file, tail, length, size)
        if regained is None:
            return Packets(damaged_at=damaged_at)
        origin = regained
    is_cut = (size - origin) % length != (length - offset) % length
    return Packets(is_cut, damaged_at, _is_open(file, origin, size, length, stream))


def _first_loss(file: Readable, place: int, length: int, size: int) -> int | None:
    """Where packets first do not follow each other, in bytes; None if nowhere."""
    while place < size:
        file.seek(place)
        data = np.frombuffer(file.read(length * _AT_A_TIME), np.uint8)
        wrong = np.flatnonzero(data[::length] != _SYNC)
        if wrong.size:
            return place + int(wrong[0]) * length
        if data.size == 0:
            break
        place += data.size
    return None


def _is_open(file: Readable, origin: int, size: int, length: int, stream: int) -> bool:
    """True if the last packet of a stream is filled to its end, as all but the last of a unit are.

    Near the end, packets begin at multiples of `length` behind `origin`.
    """
    count = min(_AT_A_TIME, (size - origin) // length)
    file.seek(origin + ((size - origin) // length - count) * length)
    data = np.frombuffer(file.read(count * length), np.uint8).reshape(-1, length)
    streams = (data[:, 1].astype(np.int64) & 0x1F) << 8 | data[:, 2]
    own = np.flatnonzero(streams == stream)
    return own.size > 0 and int(data[own[-1], 3]) & 0x30 == _ONLY_PAYLOAD


def _follows(file: Readable, place: int, length: int) -> bool:
    """True if packets begin at a place and after it."""
    file.seek(place)
    data = file.read(length * _IN_A_ROW)
    return len(data) > length and all(byte == _SYNC for byte in data[::length])


def _regained(file: Readable, place: int, length: int, size: int) -> int | None:
    """The first place from `place` on where packets begin again; None if nowhere."""
    in_a_row = min(_IN_A_ROW, max(1, (size - place) // length))
    while place < size:
        file.seek(place)
        data = np.frombuffer(file.read(_FURTHEST + length * in_a_row), np.uint8)
        starts = max(0, min(_FURTHEST, data.size - length * (in_a_row - 1)))
        rows = [data[k * length : k * length + starts] == _SYNC for k in range(in_a_row)]
        hits = np.flatnonzero(np.logical_and.reduce(rows))
        if hits.size:
            return place + int(hits[0])
        place += _FURTHEST
    return None
