"""The boxes of an MP4 file that was written in fragments, walked from one to the next."""

from __future__ import annotations

from .timed import Readable

_HEAD_BYTES, _LONG_HEAD_BYTES = 8, 16
_LONG, _TO_THE_END = 1, 0


def damage_in_fragments(file: Readable, size: int) -> int | None:
    """Where the first box is that is none, or is not whole, in bytes; None if all are in order.

    Where there are no fragments, the file has an index of its own, and what else is in it is no
    matter.

    Args:
        file: open for reading, best without a buffer.
        size: of the file, in bytes.
    """
    place, has_fragments = 0, False
    while place < size:
        file.seek(place)
        head = file.read(_LONG_HEAD_BYTES)
        length, name = int.from_bytes(head[:4], "big"), head[4:_HEAD_BYTES]
        if length == _LONG:
            length = int.from_bytes(head[_HEAD_BYTES:], "big")
        elif length == _TO_THE_END and name.isalnum():
            return None
        if length < _HEAD_BYTES or not name.isalnum() or place + length > size:
            return place if has_fragments else None
        has_fragments = has_fragments or name == b"moof"
        place += length
    return None
