"""Encoding the pictures of an annotated video, in sections that do not depend on each other."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from fractions import Fraction
from typing import Any, NamedTuple

import av
from av.container import OutputContainer
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from ..types import SourceInfo
from .codecs import Encoder

_MAX_THREADS = 4
_DEFAULT_RATE = Fraction(25)
_BT601 = 6
_LIMITED_RANGE = 1


class Encoded(NamedTuple):
    """An encoded picture.

    Attributes:
        data: its bytes, as encoders give them.
        is_key: a player can begin with it.
        tick: its time, in the unit of the source.
    """

    data: bytes
    is_key: bool
    tick: int = 0


class SectionedEncoder:
    """Encodes a video so that it can be continued in another process at every section.

    Each section has an encoder of its own: what becomes of a picture depends on no earlier section.

    Args:
        encoder: which, and how.
        info: what the frames are like.
    """

    def __init__(self, encoder: Encoder, info: SourceInfo) -> None:
        self._encoder = encoder
        self._info = info
        self._open: VideoCodecContext | None = None

    def add_stream(self, container: OutputContainer) -> VideoStream:
        """Add the stream that takes the pictures."""
        with av.open(io.BytesIO(), mode="w", format="mp4") as elsewhere:
            template = self._add_stream(elsewhere)
            elsewhere.start_encoding()
            # Not to be encoded by the container: this only takes over the encoder's parameters.
            stream = container.add_stream_from_template(template, opaque=True)
            self._open = template.codec_context
        stream.time_base = self._info.time_base
        if self._encoder.tag:
            stream.codec_context.codec_tag = self._encoder.tag
        return stream

    def encode(self, picture: VideoFrame) -> list[Encoded]:
        """Encode the next picture of a section; with the first, the section begins."""
        if self._open is None:
            with av.open(io.BytesIO(), mode="w", format="mp4") as elsewhere:
                self._open = self._add_stream(elsewhere).codec_context
                elsewhere.start_encoding()
        return _encoded(self._open.encode(picture))

    def finish(self) -> list[Encoded]:
        """End the section."""
        if self._open is None:
            return []
        pictures = _encoded(self._open.encode(None))
        self._open = None
        return pictures

    def _add_stream(self, container: OutputContainer) -> VideoStream:
        rate = self._info.rate or _DEFAULT_RATE
        stream = container.add_stream(
            self._encoder.name,
            rate=rate.limit_denominator(100_000),
            options=self._encoder.options_for(self._info.width),
        )
        assert isinstance(stream, VideoStream)
        stream.width = self._info.width + self._info.width % 2
        stream.height = self._info.height + self._info.height % 2
        stream.pix_fmt = "yuv420p"
        stream.thread_count = min(_MAX_THREADS, os.cpu_count() or 1)
        stream.time_base = self._info.time_base
        context = stream.codec_context
        context.time_base = self._info.time_base
        if self._encoder.tag:
            context.codec_tag = self._encoder.tag
        context.colorspace, context.color_range = _BT601, _LIMITED_RANGE
        return stream


def _encoded(packets: Iterable[Packet[Any]]) -> list[Encoded]:
    # Without frames that are shown in another order than they are stored in, this is their time.
    return [Encoded(bytes(one), one.is_keyframe, one.pts or 0) for one in packets]
