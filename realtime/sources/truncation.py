"""Telling a file that ends from a file that was cut off or damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from av.video.stream import VideoStream

from .asf import damage_in_asf, find_layout
from .avi import damage_in_avi, riff_end
from .boxes import damage_in_fragments
from .flv import damage_in_flv
from .matroska import segment_end, walk_matroska
from .ogg import look_at_pages
from .program import look_at_program
from .timed import Readable, TimedFile
from .transport import look_at_packets

_GIF_TRAILER = b"\x3b"
_JPEG_SCAN, _JPEG_END = 0xDA, b"\xff\xd9"


class Finding(NamedTuple):
    """What the structure of a file says of it.

    Attributes:
        is_cut: the container promises data beyond the end of the file.
        damaged_at: where its structure is first broken, in bytes; None if nowhere.
        packets: of the stream, at least; 0 if the structure does not say.
        has_length: how long it lasts, as FFmpeg says, is the file's own word, and no guess.
        is_open: it probably ends in the middle of a picture.
    """

    is_cut: bool = False
    damaged_at: int | None = None
    packets: int = 0
    has_length: bool = False
    is_open: bool = False


def examine(
    path: Path, format_name: str, stream: VideoStream, is_time_up: Callable[[], bool]
) -> Finding:
    """Look through the structure of a file that FFmpeg has read to its end.

    FFmpeg ends a cut Matroska or GIF file, or an MP4 file cut between two frames, as if it were
    complete, and passes over what it does not understand. Of formats that are not known here, and
    of files deleted meanwhile, nothing is found.

    Args:
        path: the file.
        format_name: of the container, as FFmpeg calls it.
        stream: that was read.
        is_time_up: asked now and then; from then on only what is known at once is told.
    """
    try:
        size = path.stat().st_size
        with path.open("rb", buffering=0) as file:
            is_cut = _promises_more(file, format_name, size, stream)
            try:
                return _walk(TimedFile(file, is_time_up), format_name, size, stream, is_cut=is_cut)
            except TimeoutError:
                return Finding(is_cut)
    except OSError:
        return Finding()


def _promises_more(file: Readable, format_name: str, size: int, stream: VideoStream) -> bool:
    """True where head or index of a file lead beyond its end."""
    if "matroska" in format_name:
        return segment_end(file) > size
    if format_name == "avi":
        return riff_end(file) > size
    if format_name == "asf":
        layout = find_layout(file, size)
        return layout is not None and layout.is_cut(size)
    entries = stream.index_entries
    if "mp4" not in format_name or len(entries) == 0:
        return False
    last = entries[len(entries) - 1]
    return last.pos + last.size > size


def _walk(
    file: Readable, format_name: str, size: int, stream: VideoStream, *, is_cut: bool
) -> Finding:
    finding = Finding(is_cut)
    if "mp4" in format_name:
        finding = Finding(is_cut, damage_in_fragments(file, size))
    elif "matroska" in format_name:
        found = walk_matroska(file, size)
        finding = Finding(is_cut, found.damaged_at, found.blocks, found.has_length)
    elif format_name == "avi":
        finding = Finding(is_cut, damage_in_avi(file, size), has_length=True)
    elif format_name == "flv":
        finding = Finding(damaged_at=damage_in_flv(file, size))
    elif format_name == "mpegts":
        packets = look_at_packets(file, size, stream.id)
        finding = Finding(packets.is_cut, packets.damaged_at, is_open=packets.is_open)
    elif format_name == "mpeg":
        program = look_at_program(file, size)
        finding = Finding(program.is_cut, program.damaged_at)
    elif format_name == "ogg":
        pages = look_at_pages(file, size)
        finding = Finding(pages.is_cut, pages.damaged_at)
    elif format_name == "asf":
        finding = Finding(is_cut, damage_in_asf(file, size))
    elif format_name == "gif":
        finding = Finding(_is_gif_cut(file))
    elif format_name == "jpeg_pipe":
        finding = Finding(_is_jpeg_cut(file))
    return finding


def _is_gif_cut(file: Readable) -> bool:
    """True if the blocks of a GIF file do not lead to its trailer.

    FFmpeg ends where it finds no block, whatever comes behind.
    """
    _skip_gif_colours(file.read(13)[-3:-2], file)
    while kind := file.read(1):
        if kind == b"\x21":
            file.seek(1, 1)  # which extension it is
        elif kind == b"\x2c":
            _skip_gif_colours(file.read(9)[-1:], file)
            file.seek(1, 1)  # the width of LZW codes
        else:
            return kind != _GIF_TRAILER
        while length := file.read(1):
            if length == b"\0":
                break
            file.seek(length[0], 1)
    return True


def _skip_gif_colours(flags: bytes, file: Readable) -> None:
    """Skip the table of colours, if the flags before it say that there is one."""
    if flags and flags[0] & 0x80:
        file.seek(3 * 2 ** ((flags[0] & 7) + 1), 1)


def _is_jpeg_cut(file: Readable) -> bool:
    """True if the picture of a JPEG file has no end. What is behind it is no matter."""
    place = 2
    while True:
        file.seek(place)
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF:
            return len(head) < 4
        if head[1] == _JPEG_SCAN:
            return _JPEG_END not in file.read()
        place += 2 + int.from_bytes(head[2:], "big")
