"""Opening a media file with PyAV, within limits.

A file may call itself anything. So what FFmpeg may take it for is a list, and so is what it may
fetch to read it: a playlist named `holiday.mp4` would otherwise have it read other files or open
connections. See docs/decisions/0004-video-in-and-out.md.
"""

from __future__ import annotations

import stat
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from srfer.errors import SourceFault

from .foreign import source_error, translated_errors

MAX_PIXELS = 64 * 2**20
"""Largest frame that is accepted, in pixels."""

MAX_SIDE_PX = 8192
"""Longest side of a frame that is accepted, in pixels."""

STALL_S = 10.0
"""How long opening, the first frame, and any one read may take, in seconds."""

VIDEO_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mjpeg,gif"
)
# fmt: off
VIDEO_SUFFIXES = frozenset({
    ".3gp", ".asf", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mjpeg", ".mjpg", ".mkv",
    ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".ogv", ".ts", ".webm", ".wmv",
})
# fmt: on
"""File names that count as videos where a folder is named."""

PICTURE_FORMATS = "png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe"

_VIDEO_OF_PICTURES = frozenset({".mjpeg", ".mjpg"})
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "png_pipe",
    b"\xff\xd8\xff": "jpeg_pipe",
    b"BM": "bmp_pipe",
    b"II*\0": "tiff_pipe",
    b"MM\0*": "tiff_pipe",
}


def picture_format(path: Path) -> str | None:
    """FFmpeg's name for the picture format of a file, by its first bytes; None for a video."""
    with translated_errors(path, "cannot be read"), path.open("rb") as file:
        head = file.read(12)
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "webp_pipe"
    if path.suffix.lower() in _VIDEO_OF_PICTURES:
        return None
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def open_container(path: Path) -> InputContainer:
    """Open a video or picture file for reading.

    Raises:
        SourceError: if it is missing, not a regular file, empty, or in no format that is allowed.
    """
    _require_regular_file(path)
    picture = picture_format(path)
    with translated_errors(
        path, "is not a video that can be read: unfinished, damaged or of an unknown format"
    ):
        # The absolute path starts with a slash, so no name can be taken for a protocol.
        return av.open(
            str(path.absolute()),
            mode="r",
            format=picture,
            options={
                "format_whitelist": PICTURE_FORMATS if picture else VIDEO_FORMATS,
                "protocol_whitelist": "file",
            },
            metadata_errors="replace",
            timeout=(STALL_S, STALL_S),
        )


def length_s(container: InputContainer, stream: VideoStream) -> Fraction | None:
    """How long a video is, in seconds, as its file says; None if it does not say."""
    if stream.duration and stream.time_base:
        return stream.duration * stream.time_base
    return Fraction(container.duration, av.time_base) if container.duration else None


def is_picture(container: InputContainer) -> bool:
    """True for a still picture."""
    return container.format.name in PICTURE_FORMATS.split(",")


def is_too_large(width: int, height: int) -> bool:
    """True for frames larger than the limits."""
    return max(width, height) > MAX_SIDE_PX or width * height > MAX_PIXELS


def require_size(path: Path, width: int, height: int) -> None:
    """Refuse frames larger than the limits.

    Raises:
        SourceError: with fault TOO_LARGE.
    """
    if is_too_large(width, height):
        raise source_error(
            path,
            SourceFault.TOO_LARGE,
            f"is {width}x{height} pixels, more than {MAX_SIDE_PX} a side or "
            f"{MAX_PIXELS >> 20} megapixels; scale it down first",
        )


def _require_regular_file(path: Path) -> None:
    with translated_errors(path, "cannot be read"):
        status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise source_error(path, SourceFault.UNSUPPORTED, "is a folder; name a video file in it")
    if not stat.S_ISREG(status.st_mode):
        raise source_error(
            path,
            SourceFault.UNSUPPORTED,
            "is a pipe or device, not a file; save the video to a file first",
        )
    if status.st_size == 0:
        raise source_error(path, SourceFault.CORRUPT, "is empty (0 bytes); copy it again")
