"""What a video file promises of its packets, and what became of them."""

from __future__ import annotations

from fractions import Fraction

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_WHOLE_PACKETS = frozenset({"av1", "h264", "hevc"})
"""Codecs whose packets come as they are stored, in `_KEEPS_PACKETS`, each with a picture in it."""

_KEEPS_PACKETS = ("flv", "matroska", "mp4")
_BYTES_PER_PIXEL = 8
_LARGEST_BYTES = 32 * 2**20
"""A packet may be this large whatever the size of the picture, which may change."""

_CLOSE_S = Fraction(1, 10)
"""What ends so little before the length that the file gives ends with it, in seconds."""


class Ledger:
    """The accounts of one read from a file's beginning to its end.

    Args:
        format_name: of the container, as FFmpeg calls it; "" if only a part is read.
        stream: that is read.
    """

    def __init__(self, format_name: str, stream: VideoStream) -> None:
        self._is_everything = format_name != ""
        self._index = stream.index_entries if "mp4" in format_name else None
        pixels = stream.width * stream.height
        self._largest_bytes = max(_LARGEST_BYTES, _BYTES_PER_PIXEL * pixels)
        self._is_whole = stream.codec.canonical_name in _WHOLE_PACKETS
        self._counts_silence = self._is_whole and any(
            name in format_name for name in _KEEPS_PACKETS
        )
        self._read = self._skipped = self._wanted = self._pictures = 0
        self._last_place = -1
        # In ticks of the packets' time base: fractions are too slow for every packet.
        self._begin: int | None = None
        self._end = 0
        self._tick_s = Fraction(0)

    @property
    def is_next_too_large(self) -> bool:
        """True where the index gives the next packet more bytes than any picture has."""
        if self._index is None or self._read >= len(self._index):
            return False
        return self._index[self._read].size > self._largest_bytes

    @property
    def is_cut_short(self) -> bool:
        """True where the index names packets that did not come."""
        if self._index is None or not self._is_whole or self._read >= len(self._index):
            return False
        return self._wanted + self._skipped < sum(entry.size > 0 for entry in self._index)

    def ends_before(self, place: int, length_s: Fraction | None) -> bool:
        """True where nothing came from behind a place in the file, and something is missing.

        Args:
            place: in bytes.
            length_s: of the file, as it says, in seconds; None if it does not say.
        """
        if self._last_place > place:
            return False
        lasts_s = (self._end - (self._begin or 0)) * self._tick_s
        return length_s is None or lasts_s < length_s - _CLOSE_S

    def take_packet(self, packet: Packet[VideoStream]) -> None:
        """Count a packet; at the end PyAV adds one that is not in the file."""
        has_data, begin = packet.size > 0, packet.pts
        self._read += has_data or packet.dts is not None
        self._skipped += has_data and packet.is_discard
        self._wanted += has_data and not packet.is_discard
        if packet.pos is not None:
            self._last_place = max(self._last_place, packet.pos)
        if begin is not None and packet.time_base:
            self._tick_s = packet.time_base
            self._begin = begin if self._begin is None else min(self._begin, begin)
            self._end = max(self._end, begin + (packet.duration or 0))

    def take_picture(self, picture: VideoFrame) -> None:
        """Count a picture that the decoder gave; an interlaced one may take two packets."""
        self._pictures += 1
        self._counts_silence = self._counts_silence and not picture.interlaced_frame

    def lost(self, bad_packets: int, promised: int = 0) -> int:
        """Packets that gave no picture, also those that nobody said a word of.

        Args:
            bad_packets: for which the decoder raised an error; some decoders repeat one.
            promised: packets that the file holds at least, by its structure.
        """
        silent = self._wanted - self._pictures if self._counts_silence else 0
        came = self._wanted + self._skipped
        unseen = max(0, promised - came) if self._is_everything else 0
        return unseen + max(silent, min(bad_packets, self._wanted))
