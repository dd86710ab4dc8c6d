"""The tags of an FLV file, walked from one to the next."""

from __future__ import annotations

from .timed import Readable

_KINDS = frozenset({8, 9, 18})
"""Sound, pictures, data; the two bits above may be set too."""
_HEAD_BYTES, _LENGTH_BYTES = 11, 4


def damage_in_flv(file: Readable, size: int) -> int | None:
    """Where the first tag is that is none, or is not whole, in bytes; None if all are in order.

    Args:
        file: open for reading, best without a buffer.
        size: of the file, in bytes.
    """
    file.seek(5)
    place = int.from_bytes(file.read(4), "big") + _LENGTH_BYTES
    while place < size:
        file.seek(place)
        head = file.read(_HEAD_BYTES)
        if len(head) < _HEAD_BYTES or head[0] & 0x1F not in _KINDS:
            return place
        length = _HEAD_BYTES + int.from_bytes(head[1:4], "big")
        file.seek(place + length)
        if int.from_bytes(file.read(_LENGTH_BYTES), "big") not in (length, length - _HEAD_BYTES):
            return place
        place += length + _LENGTH_BYTES
    return None
