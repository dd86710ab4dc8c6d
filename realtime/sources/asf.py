"""The packets of an ASF file, such as WMV, which all have the same length."""

from __future__ import annotations

from dataclasses import dataclass

from .timed import Readable

_HEAD = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
_IS_LIVE = 1
"""A flag: lengths and counts are not known yet."""
_HAS_CORRECTION = 0x80
_OBJECT_BYTES, _DATA_BYTES, _PROPERTIES_BYTES = 24, 50, 104
_MOST_OBJECTS = 1000


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the packets of a file are, by its head.

    Attributes:
        begin: where the first one begins, in bytes.
        length: of each, in bytes.
        count: how many there are; None where the file is live and cannot say.
    """

    begin: int
    length: int
    count: int | None

    def is_cut(self, size: int) -> bool:
        """True for a file of this size that ends before its packets, or was never finished."""
        if self.count is None:
            return False
        has_packets = size >= self.begin + self.length
        return self._end(self.count) > size or (self.count == 0 and has_packets)

    def end_within(self, size: int) -> int:
        """Where the last packet ends, in bytes, as far as that is known; or the file's end."""
        return min(size, self._end(self.count)) if self.count else size

    def _end(self, count: int) -> int:
        return self.begin + self.length * count


def find_layout(file: Readable, size: int) -> Layout | None:
    """What the head of a file of this size says, or None where nothing in it is understood."""
    file.seek(0)
    head = file.read(_OBJECT_BYTES + 6)
    if len(head) < _OBJECT_BYTES + 6 or not head.startswith(_HEAD):
        return None
    end = int.from_bytes(head[16:24], "little")
    if end > size:
        return None
    place, length = _OBJECT_BYTES + 6, 0
    count: int | None = None
    for _ in range(_MOST_OBJECTS):
        if place >= end:
            break
        file.seek(place)
        found = file.read(_PROPERTIES_BYTES)
        if found.startswith(_PROPERTIES) and len(found) == _PROPERTIES_BYTES:
            shortest, longest = (int.from_bytes(found[at : at + 4], "little") for at in (92, 96))
            length = shortest if shortest == longest else 0
            is_live = found[88] & _IS_LIVE
            count = None if is_live else int.from_bytes(found[56:64], "little")
        place += max(_OBJECT_BYTES, int.from_bytes(found[16:24], "little"))
    file.seek(end)
    is_known = file.read(_DATA_BYTES).startswith(_DATA) and length > 0
    return Layout(end + _DATA_BYTES, length, count) if is_known else None


def damage_in_asf(file: Readable, size: int) -> int | None:
    """Where the first packet is that does not begin as the first one does; None if nowhere.

    They begin alike where they have room for error correction, as good as always.

    Args:
        file: open for reading, best without a buffer.
        size: of the file, in bytes.
    """
    layout = find_layout(file, size)
    if layout is None:
        return None
    file.seek(layout.begin)
    first = file.read(3)
    if not first or not first[0] & _HAS_CORRECTION:
        return None
    for place in range(layout.begin, layout.end_within(size), layout.length):
        file.seek(place)
        if file.read(3) != first:
            # Behind the packets of a live recording there may be an index.
            return place if layout.count or not _is_object(file, place, size) else None
    return None


def _is_object(file: Readable, place: int, size: int) -> bool:
    file.seek(place + 16)
    length = int.from_bytes(file.read(8), "little")
    return _OBJECT_BYTES <= length <= size - place
