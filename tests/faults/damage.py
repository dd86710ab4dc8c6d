"""Damage to files, chosen by a seed: what bad disks, broken copies and fuzzers make of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

_PARENTS = frozenset(
    {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts", b"udta", b"moof", b"traf", b"dinf"}
)
"""Boxes of MP4 that hold nothing but boxes."""

_EXTREMES = (
    0,
    1,
    7,
    0x7F,
    0xFF,
    0x7FFF,
    0xFFFF,
    0x1000_0000,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFF,
)
_HEAD = 600
"""Bytes at the beginning of a file in which most of them say what it is."""

Damage = Callable[[bytes, bytes, np.random.Generator], bytes]
"""From a file, another one and chance to a damaged file."""


def damaged(data: bytes, donor: bytes, seed: int) -> bytes:
    """A file with one to three kinds of damage; the same for the same seed.

    Args:
        data: the file.
        donor: another file, from which pieces may get into it.
        seed: of the damage.
    """
    random = np.random.default_rng(seed)
    for number in random.choice(len(KINDS), size=int(random.integers(1, 4))):
        if len(data) > 16:
            data = KINDS[number](data, donor, random)
    return data


def _bytes(data: bytes, donor: bytes, random: np.random.Generator) -> bytes:
    spoiled = bytearray(data)
    for spot in random.integers(0, len(data), int(random.integers(1, 30))):
        spoiled[spot] = int(random.integers(0, 256))
    return bytes(spoiled)


def _bits(data: bytes, donor: bytes, random: np.random.Generator) -> bytes:
    spoiled = bytearray(data)
    for spot in random.integers(0, len(data), int(random.integers(1, 8))):
        spoiled[spot] ^= 1 << int(random.integers(8))
    return bytes(spoiled)


def _head(data: bytes, donor: bytes, random: np.random.Generator) -> bytes:
    spoiled = bytearray(data)
    for spot in random.integers(0, min(len(data), _HEAD), int(random.integers(1, 9))):
        spoiled[spot] = int(random.integers(0, 256))
    return bytes(spoiled)


def _cut_off(data: bytes, donor: bytes, random: np.random.Generator) -> bytes:
    return data[: int(random.integers(1, len(data)))]


def _cut_out(data: bytes, donor: bytes, random: np.random.Generator) -> bytes:
    start, length = _piece(data, random)
    return data[:start] + data[start + length :]


def _doubled(data: bytes, donor: bytes, random: np.random.Generator) -> bytes:
    start, length = _piece(data, random)
    return data[: start + length] + data[start:]


def _zeroed(data: bytes, donor: bytes, random: np.random.Generator) -> bytes:
    start, length = _piece(data, random)
    piece = data[start : start + length]
    return data[:start] + bytes(len(piece)) + data[start + length :]


def _spliced(data: bytes, donor: bytes, random: np.random.Generator) -> bytes:
    """A piece of the other file in the place of one of this, or its whole rest."""
    start, length = _piece(data, random)
    place = int(random.integers(0, len(donor)))
    if random.integers(2):
        return data[:start] + donor[place:]
    return data[:start] + donor[place : place + length] + data[start + length :]


def _number(data: bytes, donor: bytes, random: np.random.Generator) -> bytes:
    """A whole number of 1 to 8 bytes, by chance a length or a time, is as bad as it can be."""
    spot = int(random.integers(0, min(len(data), _HEAD) if random.integers(2) else len(data)))
    width = int(random.choice([1, 2, 4, 4, 8]))
    value = int(random.choice(_EXTREMES)) & ((1 << 8 * width) - 1)
    number = value.to_bytes(width, "big" if random.integers(2) else "little")
    return (data[:spot] + number + data[spot + width :])[: max(len(data), spot + width)]


class Box(NamedTuple):
    """A box of an MP4 file: where it begins and ends."""

    start: int
    end: int


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """All boxes of an MP4 file, those that hold others before what is in them."""
    end = len(data) if end is None else end
    while start + 8 <= end:
        size = int.from_bytes(data[start : start + 4], "big")
        if size < 8 or start + size > end:
            return
        yield Box(start, start + size)
        if data[start + 4 : start + 8] in _PARENTS:
            yield from boxes(data, start + 8, start + size)
        start += size


def _boxes(data: bytes, donor: bytes, random: np.random.Generator) -> bytes:
    """A box is gone, is there twice, has another size, or is one of the other file."""
    own, others = list(boxes(data)), list(boxes(donor))
    if not own:
        return _number(data, donor, random)
    box = own[int(random.integers(len(own)))]
    before, behind = data[: box.start], data[box.end :]
    match int(random.integers(5)):
        case 0:
            return before + behind
        case 1:
            return before + 2 * data[box.start : box.end] + behind
        case 2 if others:
            other = others[int(random.integers(len(others)))]
            return before + donor[other.start : other.end] + behind
        case 3:
            size = int(random.choice(_EXTREMES)).to_bytes(4, "big")
            return before + size + data[box.start + 4 :]
        case _:  # an entry of its table: a count, a size, a time
            content = bytearray(data[box.start + 8 : box.end])
            if len(content) >= 4:
                spot = 4 * int(random.integers(len(content) // 4))
                content[spot : spot + 4] = int(random.choice(_EXTREMES)).to_bytes(4, "big")
            return data[: box.start + 8] + bytes(content) + behind


def _piece(data: bytes, random: np.random.Generator) -> tuple[int, int]:
    """Where a piece begins, and its length."""
    return int(random.integers(0, len(data))), int(random.integers(1, 5000))


KINDS: tuple[Damage, ...] = (
    _bytes,
    _bits,
    _head,
    _cut_off,
    _cut_out,
    _doubled,
    _zeroed,
    _spliced,
    _number,
    _boxes,
)
