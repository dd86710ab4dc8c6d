"""The elements of a Matroska or WebM file, walked from one to the next (RFC 9559)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .timed import Readable

_EBML = 0x1A45DFA3
_SEGMENT = 0x18538067
_CLUSTER = 0x1F43B675
_SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK = 0xA3, 0xA0, 0xA1
_TRACKS, _TRACK_ENTRY, _TRACK_NUMBER, _TRACK_TYPE = 0x1654AE6B, 0xAE, 0xD7, 0x83
_IS_VIDEO = 1
_VOID, _CRC = 0xEC, 0xBF
_IN_CLUSTER = frozenset({_SIMPLE_BLOCK, _BLOCK_GROUP, 0xE7, 0x5854, 0xA7, 0xAB, 0xAF, _VOID, _CRC})
"""Among others Timestamp, SilentTracks, Position, PrevSize, EncryptedBlock."""
# fmt: off
_IN_SEGMENT = frozenset({
    _CLUSTER, 0x114D9B74, 0x1549A966, _TRACKS, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367,
    _VOID, _CRC,
})
# fmt: on
"""Cluster, SeekHead, Info, Tracks, Cues, Attachments, Chapters, Tags."""
_LONGEST_HEADER = 12


class _Element(NamedTuple):
    identifier: int
    start: int
    """Where its content begins."""
    end: int | None
    """None where its length is left open."""
    first: int
    """First byte of its content."""


def segment_end(file: Readable) -> int:
    """Where the file ends by its own account, in bytes; 0 if it does not say."""
    segment = _segment(file)
    return 0 if segment is None else segment.end or 0


class Elements(NamedTuple):
    """What a walk through a file has found.

    Attributes:
        damaged_at: where the first element is that is none, or does not fit into what it is in, in
            bytes; None if all are in order.
        blocks: of the first video track, those that could be counted; each has a packet at least.
        has_length: the file says how long it is, in bytes; what is recorded live does not.
    """

    damaged_at: int | None = None
    blocks: int = 0
    has_length: bool = False


def walk_matroska(file: Readable, size: int) -> Elements:
    """Go from element to element. Only their kinds and lengths are looked at, not what they hold.

    Args:
        file: open for reading, best without a buffer.
        size: of the file, in bytes.
    """
    segment = _segment(file)
    if segment is None:
        return Elements()
    has_length = segment.end is not None
    end = size if segment.end is None else min(size, segment.end)
    walk = _Walk(file, end)
    damaged_at = walk.go(segment.start)
    return Elements(damaged_at, walk.blocks, has_length)


class _Walk:
    """A walk through the elements of a segment.

    Attributes:
        blocks: of the first video track so far.
    """

    def __init__(self, file: Readable, end: int) -> None:
        self.blocks = 0
        self._file = file
        self._end = end
        self._track: int | None = None

    def go(self, place: int) -> int | None:
        """Where the first element is that is not in order, or None."""
        cluster_end, is_clipped = 0, False
        while place < self._end:
            element = _element(self._file, place)
            if element is not None and element.identifier == _EBML:
                return None  # another file was appended to one of open length
            is_inside = place < cluster_end
            if element is None or not self._belongs(element, cluster_end if is_inside else 0):
                return place
            if element.identifier == _CLUSTER:
                wanted = self._end if element.end is None else element.end
                is_clipped = wanted > self._end
                place, cluster_end = element.start, min(wanted, self._end)
            else:
                self._take(element)
                place = element.end or self._end
        return place if is_clipped else None

    def _belongs(self, element: _Element, cluster_end: int) -> bool:
        """True for what may be in a cluster that ends there, or else (0) beside clusters."""
        if element.identifier == _CLUSTER:
            return cluster_end in (0, self._end)  # one of open length ends where the next begins
        if element.end is None:
            return False
        if cluster_end and element.identifier in _IN_CLUSTER:
            return element.end <= cluster_end
        is_behind = cluster_end in (0, self._end) and element.identifier in _IN_SEGMENT
        return is_behind and element.end <= self._end

    def _take(self, element: _Element) -> None:
        """Count a block, or learn which blocks count."""
        if element.identifier == _SIMPLE_BLOCK:
            self._count(element)
        elif element.identifier == _BLOCK_GROUP:
            block = _element(self._file, element.start)
            if block is not None and block.identifier == _BLOCK:
                self._count(block)
        elif element.identifier == _TRACKS and self._track is None:
            entries = (one for one in self._within(element) if one.identifier == _TRACK_ENTRY)
            for entry in entries:
                values = {one.identifier: one.first for one in self._within(entry)}
                if values.get(_TRACK_TYPE) == _IS_VIDEO:
                    self._track = values.get(_TRACK_NUMBER)
                    return

    def _count(self, block: _Element) -> None:
        # It begins with the number of its track, as a rule in one byte with its first bit set.
        self.blocks += self._track is not None and block.first == 0x80 | self._track

    def _within(self, parent: _Element) -> Iterator[_Element]:
        """What an element holds, up to what is not in order."""
        place, end = parent.start, parent.end or 0
        while place < end:
            element = _element(self._file, place)
            if element is None or element.end is None or element.end > end:
                return
            yield element
            place = element.end


def _segment(file: Readable) -> _Element | None:
    header = _element(file, 0)
    if header is None or header.identifier != _EBML or header.end is None:
        return None
    segment = _element(file, header.end)
    return segment if segment is not None and segment.identifier == _SEGMENT else None


def _element(file: Readable, place: int) -> _Element | None:
    """The element that begins at a place; None if none does."""
    file.seek(place)
    head = file.read(_LONGEST_HEADER + 1)
    width = 9 - head[0].bit_length() if head else 9
    if width > 4 or len(head) <= width or head[width] == 0:
        return None
    # The first set bit marks the width; in a length, all further bits set means "unknown".
    length_width = 9 - head[width].bit_length()
    start = width + length_width
    if len(head) <= start:
        return None
    mask = (1 << 7 * length_width) - 1
    length = int.from_bytes(head[width:start], "big") & mask
    end = None if length == mask else place + start + length
    identifier = int.from_bytes(head[:width], "big")
    return _Element(identifier, place + start, end, head[start])
