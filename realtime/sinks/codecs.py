"""How annotated videos are encoded: for each codec, an encoder that this machine has."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import NamedTuple

import av

from srfer.errors import ConfigError


class VideoCodec(StrEnum):
    """A video codec."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"


class Encoder(NamedTuple):
    """An encoder of FFmpeg.

    Attributes:
        name: FFmpeg's.
        options: without B-frames or look-ahead, so that times need no edit list that hides a
            delay and a kill costs little; key frames are set by the sink.
        tag: what the MP4 calls it, where players are particular, or "".
    """

    name: str
    options: dict[str, str]
    tag: str = ""

    def options_for(self, width: int) -> dict[str, str]:
        """The options for pictures of a width in pixels."""
        if self.name == "libx264" and width < _X264_NARROW_PX:
            return {**self.options, "mbtree": "0"}
        return dict(self.options)


_X264_NARROW_PX = 128
"""In pictures narrower than its vectors (8 macroblocks), x264 with AVX-512 reads memory that nobody
has written when it looks ahead (mbtree): now and then the same frames give other bytes."""


_ENCODERS = {
    VideoCodec.H264: Encoder(
        "libx264", {"preset": "veryfast", "crf": "23", "bf": "0", "forced-idr": "1"}
    ),
    VideoCodec.HEVC: Encoder(
        "libx265",
        {
            "preset": "ultrafast",
            "crf": "26",
            "forced-idr": "1",
            "x265-params": "bframes=0:rc-lookahead=0:log-level=none",
        },
        tag="hvc1",  # Apple's players take no "hev1"
    ),
    VideoCodec.AV1: Encoder(
        "libsvtav1", {"preset": "8", "crf": "35", "svtav1-params": "pred-struct=1:lookahead=0"}
    ),
}


def find_encoder(codec: VideoCodec) -> Encoder:
    """The encoder for a codec.

    Raises:
        ConfigError: if FFmpeg was built without it.
    """
    encoder = _ENCODERS[codec]
    if encoder.name not in av.codecs_available:
        others = [str(one) for one, its in _ENCODERS.items() if its.name in av.codecs_available]
        raise ConfigError(
            f"this machine's FFmpeg cannot encode {codec}; choose {' or '.join(others)}"
        )
    if codec is VideoCodec.AV1:
        os.environ.setdefault("SVT_LOG", "1")  # or it writes its settings to stderr; no option does
    return encoder
