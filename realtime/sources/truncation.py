"""Telling a file that ends from a file that was cut off."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

from av.video.stream import VideoStream

_EBML_ID = 0x1A45DFA3
_SEGMENT_ID = 0x18538067
_RIFF_UNKNOWN = 0xFFFFFFFF
_GIF_TRAILER = b"\x3b"


def is_cut_short(path: Path, format_name: str, stream: VideoStream) -> bool:
    """True where the container promises data beyond the end of the file.

    FFmpeg ends a cut Matroska or GIF file, or an MP4 file cut between two frames, as if it were
    complete. Formats that promise nothing (MPEG-TS), and files deleted meanwhile, give False.
    """
    try:
        size = path.stat().st_size
        if "matroska" in format_name:
            with path.open("rb") as file:
                return _matroska_size(file) > size
        if format_name == "avi":
            with path.open("rb") as file:
                return _riff_size(file) > size
        if format_name == "gif":
            with path.open("rb") as file:
                return _is_gif_cut(file)
    except OSError:
        return False
    entries = stream.index_entries
    if "mp4" not in format_name or len(entries) == 0:
        return False
    last = entries[len(entries) - 1]
    return last.pos + last.size > size


def _riff_size(file: BinaryIO) -> int:
    """Size of an AVI file by its first chunk, in bytes; 0 if it does not say."""
    length = int.from_bytes(file.read(8)[4:], "little")
    return 0 if length == _RIFF_UNKNOWN else length + 8


def _is_gif_cut(file: BinaryIO) -> bool:
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


def _skip_gif_colours(flags: bytes, file: BinaryIO) -> None:
    """Skip the table of colours, if the flags before it say that there is one."""
    if flags and flags[0] & 0x80:
        file.seek(3 * 2 ** ((flags[0] & 7) + 1), 1)


def _matroska_size(file: BinaryIO) -> int:
    """Size of a Matroska file by its first two elements, in bytes; 0 if it does not say."""
    header = _element(file)
    if header is None or header[0] != _EBML_ID:
        return 0
    file.seek(header[1], 1)
    segment = _element(file)
    if segment is None or segment[0] != _SEGMENT_ID:
        return 0
    return file.tell() + segment[1]


def _element(file: BinaryIO) -> tuple[int, int] | None:
    """An element's identifier and length; None where the length is left open."""
    identifier = _variable_int(file)
    length = _variable_int(file)
    if identifier is None or length is None:
        return None
    # The first set bit marks the width; in a length, all further bits set means "unknown".
    mask = (1 << length[1]) - 1
    return None if length[0] & mask == mask else (identifier[0], length[0] & mask)


def _variable_int(file: BinaryIO) -> tuple[int, int] | None:
    """EBML's variable-length integer with its marker bit, and how many bits follow the marker."""
    first = file.read(1)
    if not first or first[0] == 0:
        return None
    extra = 8 - first[0].bit_length()
    return int.from_bytes(first + file.read(extra), "big"), 7 * (extra + 1)
