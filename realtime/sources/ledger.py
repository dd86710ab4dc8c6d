"""What a video file promises of its packets, and what became of them."""

from __future__ import annotations

from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_WHOLE_PACKETS = frozenset({"av1", "h264", "hevc"})
"""Codecs whose packets come as they are stored, in `_KEEPS_PACKETS`, each with a picture in it."""

_KEEPS_PACKETS = ("flv", "matroska", "mp4")
_BYTES_PER_PIXEL = 8
_LARGEST_BYTES = 32 * 2**20
"""A packet may be this large whatever the size of the picture, which may change."""


class Ledger:
    """The accounts of one read from a file's beginning to its end.

    Args:
        format_name: of the container, as FFmpeg calls it; "" if only a part is read.
        stream: that is read.
    """

    def __init__(self, format_name: str, stream: VideoStream) -> None:
        self._index = stream.index_entries if "mp4" in format_name else None
        pixels = stream.width * stream.height
        self._largest_bytes = max(_LARGEST_BYTES, _BYTES_PER_PIXEL * pixels)
        self._is_whole = stream.codec.canonical_name in _WHOLE_PACKETS
        self._counts_silence = self._is_whole and any(
            name in format_name for name in _KEEPS_PACKETS
        )
        self._read = self._skipped = self._wanted = self._pictures = 0

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

    def take_packet(self, packet: Packet[VideoStream]) -> None:
        """Count a packet; at the end PyAV adds one that is not in the file."""
        self._read += packet.size > 0 or packet.dts is not None
        self._skipped += packet.size > 0 and packet.is_discard
        self._wanted += packet.size > 0 and not packet.is_discard

    def take_picture(self, picture: VideoFrame) -> None:
        """Count a picture that the decoder gave; an interlaced one may take two packets."""
        self._pictures += 1
        self._counts_silence = self._counts_silence and not picture.interlaced_frame

    def lost(self, bad_packets: int) -> int:
        """Packets that gave no picture, also those that the decoder passed over in silence.

        Args:
            bad_packets: for which it raised an error; some decoders repeat one.
        """
        silent = self._wanted - self._pictures if self._counts_silence else 0
        return max(silent, min(bad_packets, self._wanted))
