"""The packets of an MPEG program stream, walked from one to the next."""

from __future__ import annotations

from typing import NamedTuple

from .timed import Readable

_START = b"\0\0\1"
_END, _PACK, _FIRST_PACKET = 0xB9, 0xBA, 0xBB
_OLD_PACK_BYTES, _PACK_BYTES = 12, 14
_HEAD_BYTES = 6
_MOST_ZEROS = 65_536


class Program(NamedTuple):
    """What a walk through a file has found.

    Attributes:
        is_cut: the last packet is not whole.
        damaged_at: where something is that is no packet, in bytes; None if nowhere.
    """

    is_cut: bool = False
    damaged_at: int | None = None


def look_at_program(file: Readable, size: int) -> Program:
    """Go from packet to packet.

    A stream that ends with a whole packet is a whole stream: nothing in it says how long it is.
    Zeros may lie between packets. Nothing is found in a file that begins with something else, as
    those of video discs do.

    Args:
        file: open for reading, best without a buffer.
        size: of the file, in bytes.
    """
    file.seek(0)
    if file.read(len(_START)) != _START:
        return Program()
    place = 0
    while place < size:
        file.seek(place)
        head = file.read(_PACK_BYTES)
        if head.startswith(bytes(3)):
            file.seek(place)
            zeros = file.read(_MOST_ZEROS)
            gap = len(zeros) - len(zeros.lstrip(b"\0")) - 2  # a packet begins with two
            if gap > 0 and zeros.startswith(_START, gap):
                place += gap
                continue
        if not _START.startswith(head[:3]) or (len(head) > 3 and head[3] < _END):
            return Program(damaged_at=place)
        if len(head) < _HEAD_BYTES:
            return Program(is_cut=head[3:4] != bytes([_END]))
        if head[3] == _END:
            place += 4
        elif head[3] == _PACK:
            is_old = head[4] >> 6 == 0
            place += _OLD_PACK_BYTES if is_old else _PACK_BYTES + (head[-1] & 7)
        else:
            place += _HEAD_BYTES + int.from_bytes(head[4:6], "big")
    return Program(is_cut=place > size)
