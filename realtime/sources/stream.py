"""Opening a network stream with PyAV, and reading pictures from it.

What FFmpeg may fetch and what it may take the answer for are lists, as for files: a server could
otherwise answer with a playlist that makes it read local files.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from srfer.errors import SourceError, SourceFault
from srfer.secrets import redacted_logger

from ..picture import Picture
from .address import StreamAddress
from .container import MAX_PIXELS, VIDEO_FORMATS, is_too_large
from .decoded import decoded
from .decoder import MAX_BAD_PACKETS
from .hardware import find_hardware
from .live import LiveOptions, LiveSource
from .reader import Arrival
from .reconnect import ReconnectPolicy
from .stream_faults import FOREIGN, Phase, Trouble, explain

logger = redacted_logger(__name__)

DECODER_THREADS = 1
"""More would each add a frame of delay, and many streams share the processor anyway."""

_PLAIN = f"{VIDEO_FORMATS},mpjpeg,h264,hevc,m4v"
_RTSP = "rtsp,sdp,rtp,mpegts"
_WHITELISTS = {  # formats and protocols by scheme
    "rtsp": (_RTSP, "rtp,udp,tcp"),
    "rtsps": (_RTSP, "rtp,udp,tls,tcp"),
    "http": (_PLAIN, "http,https,tls,tcp"),
    "https": (_PLAIN, "http,https,tls,tcp"),
    "tcp": (_PLAIN, "tcp"),
    "udp": (_PLAIN, "udp"),
    "srt": (_PLAIN, "srt"),
    "rtmp": ("flv", "rtmp,tcp"),
}
_UNTIMED = frozenset({"mpjpeg", "mjpeg", "h264", "hevc", "m4v"})
"""Formats without timestamps: FFmpeg counts frames at 25 a second, whatever their rate is."""

_ANALYSE_S = 1.0
"""How long FFmpeg may look at a stream that is open to find out what it is, in seconds."""


def open_stream(
    address: StreamAddress,
    options: LiveOptions | None = None,
    *,
    policy: ReconnectPolicy | None = None,
    clock: Callable[[], float] = time.monotonic,
    chance: random.Random | None = None,
) -> LiveSource:
    """The live source behind an address; nothing is connected yet."""
    opener = StreamOpener(address, options or LiveOptions(), clock)
    return LiveSource(address.display, opener, options, policy=policy, clock=clock, chance=chance)


class StreamOpener:
    """Connects to a stream whenever it is called.

    Args:
        address: of the stream.
        options: time-outs, transport and decoding.
        clock: monotonic seconds.
    """

    def __init__(
        self, address: StreamAddress, options: LiveOptions, clock: Callable[[], float]
    ) -> None:
        self._address = address
        self._options = options
        self._clock = clock
        self._hardware = find_hardware() if options.hardware else None
        if options.hardware and self._hardware is None:
            logger.warning("%s: no hardware decoder here; decoding in software", address)

    @contextmanager
    def __call__(self) -> Iterator[Iterator[Arrival]]:
        """Connect; the connection is closed when the block is left.

        Raises:
            SourceError: if there is no stream, or where it breaks off.
        """
        container = self._open()
        try:
            yield self._arrivals(container)
        finally:
            container.close()

    def _open(self) -> InputContainer:
        limit_s = self._options.open_timeout_s
        started_s = self._clock()
        try:
            return av.open(
                self._address.url.reveal(),
                mode="r",
                options=self._av_options(),
                metadata_errors="replace",
                timeout=(limit_s, self._options.read_timeout_s),
                hwaccel=self._hardware,
            )
        except FOREIGN as error:
            trouble = explain(error, Phase.OPENING, self._clock() - started_s, limit_s)
        # Out here, or the new error would hold on to the old one, with the address in its text.
        raise self._error(trouble)

    def _av_options(self) -> dict[str, str]:
        formats, protocols = _WHITELISTS[self._address.scheme]
        options = {
            "format_whitelist": formats,
            "protocol_whitelist": protocols,
            "analyzeduration": str(round(_ANALYSE_S * av.time_base)),
            # Measuring the frame rate would take most of a second, and `nobuffer` would throw away
            # the key frame that was read meanwhile: see docs/decisions/0012-live-streams.md.
            "fpsprobesize": "0",
        }
        if self._address.scheme.startswith("rtsp"):
            options["rtsp_transport"] = str(self._options.transport)
            options["allowed_media_types"] = "video"
        return options

    def _arrivals(self, container: InputContainer) -> Iterator[Arrival]:
        stream = self._video_stream(container)
        is_timed = container.format.name not in _UNTIMED
        rate = (stream.average_rate or None) if is_timed else None
        yield Arrival(self._clock(), rate=rate)
        bad_packets = bad_in_a_row = 0
        for packet in self._packets(container):
            arrived_s = self._clock()
            is_video = packet.stream is stream
            pictures = self._decode(stream, packet) if is_video else []
            bad_packets += is_video and _is_damaged(packet, pictures)
            bad_in_a_row = bad_in_a_row + 1 if pictures is None else 0
            if bad_in_a_row > MAX_BAD_PACKETS:
                raise self._error(
                    Trouble(
                        SourceFault.CORRUPT, f"{bad_in_a_row} packets in a row cannot be decoded"
                    )
                )
            if not pictures:
                yield Arrival(arrived_s, rate=rate, bad_packets=bad_packets)
            for picture in pictures or ():
                pts = _pts(picture) if is_timed else None
                yield Arrival(arrived_s, self._shown(picture), pts, rate, bad_packets)

    def _video_stream(self, container: InputContainer) -> VideoStream:
        streams = [
            stream
            for stream in container.streams.video
            if not stream.disposition & Disposition.attached_pic
        ]
        if not streams:
            raise self._error(Trouble(SourceFault.UNSUPPORTED, "holds no video"))
        stream = streams[0]
        if getattr(stream, "codec_context", None) is None:
            raise self._error(
                Trouble(SourceFault.UNSUPPORTED, "its codec is not known; choose H.264")
            )
        stream.codec_context.options = {"max_pixels": str(MAX_PIXELS)}
        stream.codec_context.thread_count = DECODER_THREADS
        return stream

    def _packets(self, container: InputContainer) -> Iterator[Packet[Any]]:
        """Packets of all streams until an error; the end of a live stream is one too.

        Before that end comes an empty packet, which has the decoder give what it still holds. If
        only those of the video were asked for, sound that goes on without it would never return.
        """
        packets = container.demux()
        while True:
            asked_s = self._clock()
            try:
                packet = next(packets, None)
            except FOREIGN as error:
                waited_s = self._clock() - asked_s
                limit_s = self._options.read_timeout_s
                trouble = explain(error, Phase.READING, waited_s, limit_s)
                break
            if packet is None:
                trouble = Trouble(SourceFault.DISCONNECTED, "the stream ended")
                break
            yield packet
        raise self._error(trouble)

    def _decode(self, stream: VideoStream, packet: Packet[Any]) -> list[VideoFrame] | None:
        """The pictures that a packet completes, or None if it cannot be decoded."""
        try:
            return stream.decode(packet)
        except FOREIGN:  # one bad packet is not the end
            return None

    def _shown(self, picture: VideoFrame) -> Picture:
        if is_too_large(picture.width, picture.height):
            size = f"{picture.width}x{picture.height}"
            trouble = Trouble(SourceFault.TOO_LARGE, f"its pictures are too large ({size} pixels)")
        else:
            try:
                return decoded(picture)
            except FOREIGN:
                trouble = Trouble(SourceFault.CORRUPT, "a picture cannot be converted to RGB")
        raise self._error(trouble)

    def _error(self, trouble: Trouble) -> SourceError:
        return SourceError(f"{self._address}: {trouble.text}", trouble.fault)


def _is_damaged(packet: Packet[Any], pictures: list[VideoFrame] | None) -> bool:
    """True if a packet cannot be decoded, or FFmpeg had to make up a part of what was lost."""
    return pictures is None or packet.is_corrupt or any(one.is_corrupt for one in pictures)


def _pts(picture: VideoFrame) -> Fraction | None:
    if picture.pts is None or picture.time_base is None:
        return None
    return picture.pts * picture.time_base
