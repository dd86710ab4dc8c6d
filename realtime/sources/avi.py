"""The chunks of an AVI file, walked from one to the next."""

from __future__ import annotations

from .timed import Readable

_UNKNOWN = frozenset({0, 0xFFFFFFFF})
_WITH_CHUNKS = frozenset({b"AVI ", b"AVIX", b"movi", b"rec "})
_NAME = frozenset(b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ _")


def riff_end(file: Readable) -> int:
    """Where the file's first part ends by its own account, in bytes; 0 if it does not say."""
    file.seek(0)
    length = int.from_bytes(file.read(8)[4:], "little")
    return 0 if length in _UNKNOWN else length + 8


def damage_in_avi(file: Readable, size: int) -> int | None:
    """Where the first chunk is that is none, or does not fit into what it is in; or None.

    Args:
        file: open for reading, best without a buffer.
        size: of the file, in bytes.
    """
    place, ends = 0, [size]
    while place + 8 <= size:
        while len(ends) > 1 and place >= ends[-1]:
            ends.pop()
        head = _chunk(file, place)
        if head is None and place % 2 == 0:  # some writers leave out the byte that makes it even
            place, head = place - 1, _chunk(file, place - 1)
        if len(ends) == 1 and (head is None or head[0] != b"RIFF"):
            return None  # whatever follows the last of the parts is none of the video
        if head is None:
            return place
        name, length, kind = head
        is_list = name in (b"RIFF", b"LIST")
        end = ends[-1] if is_list and length in _UNKNOWN else place + 8 + length
        if end > ends[-1]:
            return place
        if is_list and kind in _WITH_CHUNKS:
            ends.append(end)
            place += 12
        else:
            place = end + end % 2
    return None


def _chunk(file: Readable, place: int) -> tuple[bytes, int, bytes] | None:
    """Name and length of the chunk at a place, and what it begins with; None if there is none."""
    file.seek(place)
    head = file.read(12)
    if len(head) < 8 or not _NAME.issuperset(head[:4]):
        return None
    return head[:4], int.from_bytes(head[4:8], "little"), head[8:]
