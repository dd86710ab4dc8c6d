"""Files whose headers promise what no file has: pixels, tracks, lengths, frames."""

from __future__ import annotations

import os
import struct
from fractions import Fraction
from pathlib import Path

import cv2

from tests.clips import Clip, picture, ticks_25
from tests.faults.damage import boxes

FRAMES = 5
WIDTH_PX, HEIGHT_PX = 64, 48
MOST = 0x7FFF_FFFF


def hostile_files(folder: Path) -> dict[Path, int | None]:
    """Make them all; gives how many frames each truly has, None where it must be refused."""
    folder.mkdir()
    made: dict[str, tuple[bytes, int | None]] = {}
    for make in (_sizes, _tracks, _lengths, _frames):
        made |= make(folder)
    found: dict[Path, int | None] = {}
    for name, (data, frames) in made.items():
        (folder / name).write_bytes(data)
        found[folder / name] = frames
    path = folder / "one frame of 900 MB.mp4"
    data, size = _mp4(folder), 900_000_000
    path.write_bytes(_with(data, _table(data, b"stsz") + 16, size))
    os.truncate(path, len(data) + size)  # what was not written takes no room on the disk
    return {**found, path: None}


def _sizes(folder: Path) -> dict[str, tuple[bytes, int | None]]:
    """65,535 x 65,535 pixels; where only the container says so, the pictures tell the truth."""
    mp4, avi = _mp4(folder), _avi(folder)
    mkv = Clip(width=WIDTH_PX, height=HEIGHT_PX, ticks=ticks_25(FRAMES)).make(folder / "made.mkv")
    entry = mp4.rindex(b"avc1") + 4 + 24
    header = mp4.index(struct.pack(">II", WIDTH_PX << 16, HEIGHT_PX << 16))
    strf = avi.index(b"strf") + 12
    width = mkv.read_bytes().index(b"\xb0\x81\x40") + 2
    jpg = bytearray(cv2.imencode(".jpg", picture(0, WIDTH_PX, HEIGHT_PX))[1].tobytes())
    bmp = bytearray(cv2.imencode(".bmp", picture(0, WIDTH_PX, HEIGHT_PX))[1].tobytes())
    start = jpg.index(b"\xff\xc0") + 5
    jpg[start : start + 4] = b"\xff" * 4
    bmp[18:26] = struct.pack("<II", 65_535, 65_535)
    wide = bytearray(mkv.read_bytes())
    wide[width] = 0xFF
    return {
        "sample entry.mp4": (_with(mp4, entry, 0xFFFF_FFFF), FRAMES),
        "track header.mp4": (_with(_with(mp4, header, MOST), header + 4, MOST), FRAMES),
        "stream format.avi": (_with(_with(avi, strf, 0xFFFF0000), strf + 4, 0xFFFF0000), FRAMES),
        "pixel width.mkv": (bytes(wide), FRAMES),
        "huge.jpg": (bytes(jpg), None),
        "huge.bmp": (bytes(bmp), None),
    }


def _tracks(folder: Path) -> dict[str, tuple[bytes, int | None]]:
    """A header that counts 10^6 tracks, and files that hold tens of thousands."""
    mp4, avi = _mp4(folder), _avi(folder)
    found = {mp4[box.start + 4 : box.start + 8]: box for box in boxes(mp4)}
    moov, trak = found[b"moov"], found[b"trak"]
    index = mp4[moov.start + 8 : moov.end] + 20_000 * mp4[trak.start : trak.end]
    many = mp4[: moov.start] + (len(index) + 8).to_bytes(4, "big") + b"moov" + index
    header, track = avi.index(b"LIST"), avi.index(b"LIST", 20)
    length, one = (int.from_bytes(avi[at + 4 : at + 8], "little") for at in (header, track))
    inside, behind = avi[header + 8 : header + 8 + length], avi[header + 8 + length :]
    inside = inside.replace(avi[track : track + 8 + one], 20_000 * avi[track : track + 8 + one])
    crowd = avi[: header + 4] + len(inside).to_bytes(4, "little") + inside + behind
    counted = avi.index(b"avih") + 8 + 24
    return {
        "tracks.mp4": (many + mp4[moov.end :], None),
        "tracks.avi": (crowd, None),
        "counts tracks.avi": (
            avi[:counted] + struct.pack("<I", 10**6) + avi[counted + 4 :],
            FRAMES,
        ),
    }


def _lengths(folder: Path) -> dict[str, tuple[bytes, int | None]]:
    """10^9 seconds and more."""
    mp4 = _mp4(folder)
    long = mp4
    for name, place in ((b"mvhd", 16), (b"mdhd", 16), (b"tkhd", 20)):
        long = _with(long, mp4.index(name) + 4 + place, MOST)
    mkv = bytearray((folder / "made.mkv").read_bytes())
    duration = mkv.index(b"\x44\x89\x88") + 3
    mkv[duration : duration + 8] = struct.pack(">d", 1e12)
    return {"long.mp4": (long, FRAMES), "long.mkv": (bytes(mkv), FRAMES)}


def _frames(folder: Path) -> dict[str, tuple[bytes, int | None]]:
    """2^31 frames, a frame that lasts 2^31 ticks."""
    mp4 = _mp4(folder)
    times, sizes = _table(mp4, b"stts"), _table(mp4, b"stsz")
    return {
        "frames.mp4": (_with(mp4, times + 4, MOST), FRAMES),
        "sizes.mp4": (_with(mp4, sizes + 4, 0x0FFF_FFFF), None),
        "slow.mp4": (_with(mp4, times + 8, MOST), 1),  # its edit list ends before the second
    }


def _mp4(folder: Path) -> bytes:
    clip = Clip(width=WIDTH_PX, height=HEIGHT_PX, ticks=ticks_25(FRAMES))
    return clip.make(folder / "made.mp4").read_bytes()


def _avi(folder: Path) -> bytes:
    clip = Clip(
        width=WIDTH_PX,
        height=HEIGHT_PX,
        ticks=range(FRAMES),
        time_base=Fraction(1, 25),
        codec="mjpeg",
        pix_fmt="yuvj420p",
    )
    return clip.make(folder / "made.avi").read_bytes()


def _table(data: bytes, name: bytes) -> int:
    """Where the content of a box of an MP4 begins, behind its version and flags."""
    return data.index(name) + 8


def _with(data: bytes, place: int, number: int) -> bytes:
    return data[:place] + number.to_bytes(4, "big") + data[place + 4 :]
