"""Files that end before their end, or lack something in the middle: never without a word.

FFmpeg goes on behind damage, or ends at it, as if nothing were missing. A frame that is missing
has to be an error or a warning; a file that is sound must get neither.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srfer.errors import SourceError, SourceFault
from srfer.realtime.export import ExportOptions, ExportOutcome, export
from srfer.realtime.formats import Format
from srfer.realtime.sources import VideoFile, read_picture
from srfer.realtime.sources.asf import find_layout
from srfer.realtime.sources.damage import Damage
from srfer.realtime.sources.matroska import walk_matroska
from srfer.realtime.sources.ogg import Pages, look_at_pages
from srfer.realtime.sources.program import Program, look_at_program
from srfer.realtime.sources.truncation import Finding, examine
from tests.clips import Clip, FixedFace, cut, picture, ticks_25
from tests.faults.command import export_command

COUNT = 60
SMALL: dict[str, Any] = {"width": 96, "height": 64}
H264: dict[str, Any] = {"ticks": ticks_25(COUNT), "encoding": {"g": "12"}, **SMALL}
STEADY: dict[str, Any] = {"ticks": range(COUNT), "time_base": Fraction(1, 25), **SMALL}
FAST_VP9 = {"g": "12", "deadline": "realtime", "cpu-used": "8"}

KINDS: dict[str, Clip] = {
    "h264.mkv": Clip(sound="libopus", seconds_of_sound=COUNT / 25, **H264),
    "b-frames.mkv": Clip(b_frames=2, **H264),
    "live.mkv": Clip(container={"live": "1", "cluster_time_limit": "500"}, **H264),
    "vp9.webm": Clip(codec="libvpx-vp9", encoding=FAST_VP9, **STEADY),
    "mpeg4.avi": Clip(codec="mpeg4", content="noise", **STEADY),
    "mjpeg.avi": Clip(codec="mjpeg", pix_fmt="yuvj420p", **STEADY),
    "h264.ts": Clip(sound="mp2", seconds_of_sound=COUNT / 25, content="noise", **H264),
    "mpeg2.ts": Clip(codec="mpeg2video", content="noise", **STEADY),
    "index.mp4": Clip(container={"movflags": "faststart"}, sound="aac", **H264),
    "fragments.mp4": Clip(container={"movflags": "frag_keyframe+empty_moov"}, **H264),
    "h264.flv": Clip(**H264),
    "mpeg2.mpg": Clip(codec="mpeg2video", content="noise", **STEADY),
    "vp8.ogv": Clip(codec="libvpx", content="noise", **STEADY),
    "wmv2.wmv": Clip(codec="wmv2", content="noise", **STEADY),
}
PROMISING = sorted(KINDS)
"""Formats that say what is in them, and TS with frames of many packets."""
EXACT = sorted(KINDS.keys() - {"mpeg2.mpg", "wmv2.wmv"})
"""Those in which damage shows wherever it is. The others are packets of which only the heads say
something: damage inside is told where the decoder sees it."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("made")
    return {name: clip.make(folder / name).read_bytes() for name, clip in KINDS.items()}


def put(folder: Path, name: str, data: bytes | bytearray) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def read(path: Path) -> tuple[int, Damage | SourceError]:
    """How many frames there are, and what is said of the rest."""
    count = 0
    try:
        with VideoFile(path) as source:
            for _ in source:
                count += 1
            return count, source.damage
    except SourceError as error:
        return count, error


def exported(path: Path) -> ExportOutcome:
    options = ExportOptions(formats=frozenset({Format.JSONL}))
    (outcome,) = export([path], path.parent / "out", lambda: [FixedFace()], options).outcomes
    return outcome


@pytest.mark.parametrize("name", KINDS)
def test_nothing_is_said_of_a_sound_file(tmp_path: Path, made: dict[str, bytes], name: str) -> None:
    assert read(put(tmp_path, name, made[name])) == (COUNT, Damage())


@pytest.mark.parametrize("name", PROMISING)
def test_half_a_file_is_an_error_that_counts(
    tmp_path: Path, made: dict[str, bytes], name: str
) -> None:
    half = len(made[name]) // 2
    # A transport stream that ends with a whole packet is a whole transport stream.
    count, said = read(put(tmp_path, name, made[name][: half + (half % 188 == 0)]))
    assert isinstance(said, SourceError)
    assert said.fault is SourceFault.CORRUPT
    assert f"breaks off after {count} frames" in str(said)
    assert 0 < count < COUNT


@pytest.mark.parametrize("name", PROMISING)
def test_a_file_whose_rest_was_never_written_is_an_error(
    tmp_path: Path, made: dict[str, bytes], name: str
) -> None:
    """The length is right, as where room was taken beforehand, but behind 60 % all is zero."""
    data = made[name]
    kept = len(data) * 6 // 10
    count, said = read(put(tmp_path, name, data[:kept] + bytes(len(data) - kept)))
    assert isinstance(said, SourceError)
    assert f"breaks off after {count} frames" in str(said)
    assert count < COUNT


@pytest.mark.parametrize("name", EXACT)
def test_no_frame_is_lost_in_silence(tmp_path: Path, made: dict[str, bytes], name: str) -> None:
    data, missing = made[name], 0
    for seed in range(12):
        count, said = read(put(tmp_path, name, damaged(data, seed)))
        missing += count < COUNT
        is_told = isinstance(said, SourceError) or said.packets or said.place is not None
        assert count >= COUNT or is_told, f"seed {seed}: {count} frames"
    assert missing > 2, "the damage is real"


def damaged(data: bytes, seed: int) -> bytes:
    """A piece of the middle is zero, is noise, or is gone; or some bytes are others."""
    random = np.random.default_rng(seed)
    place = int(random.uniform(0.3, 0.7) * len(data))
    length = int(random.integers(200, max(400, len(data) // 20)))
    noise = random.integers(0, 256, length, np.uint8).tobytes()
    match seed % 4:
        case 0:
            piece = bytes(length)
        case 1:
            piece = noise
        case 2:
            return data[:place] + data[place + length :]
        case _:
            spoiled = bytearray(data)
            for spot in random.integers(len(data) // 4, len(data) * 3 // 4, 12):
                spoiled[spot] ^= 0x5A
            return bytes(spoiled)
    return data[:place] + piece + data[place + length :]


@pytest.mark.parametrize("name", ["h264.mkv", "vp9.webm", "mpeg4.avi", "h264.ts", "h264.flv"])
def test_damage_in_the_middle_is_in_the_warnings_and_the_manifest(
    tmp_path: Path, made: dict[str, bytes], name: str
) -> None:
    data = made[name]
    place, length = len(data) // 2, 600
    noise = np.random.default_rng(3).integers(0, 256, length, np.uint8).tobytes()
    outcome = exported(put(tmp_path, name, data[:place] + noise + data[place + length :]))
    assert outcome.error is None
    assert COUNT // 2 < outcome.frames <= COUNT
    (note,) = outcome.notes
    assert note.startswith("is damaged: ")
    assert "makes no sense, so frames may be missing" in note
    result = json.loads((outcome.folder / "manifest.json").read_text())["result"]
    assert result["notes"] == [note]
    assert abs(place - result["damaged_at_byte"]) < len(data) // 10


def test_a_file_that_ends_early_is_partial_and_exits_with_3(
    tmp_path: Path, made: dict[str, bytes]
) -> None:
    path = cut(put(tmp_path, "live.mkv", made["live.mkv"]), 0.5)
    done = export_command(path, "--out", tmp_path / "out", "--formats", "jsonl")
    assert done.returncode == 3
    told = json.loads(done.stdout)
    count = told["frames"]
    assert told["error"].startswith(f"live.mkv: breaks off after {count} frames")
    assert [one.name for one in (tmp_path / "out/live").iterdir()] == ["frames.partial.jsonl"]
    lines = (tmp_path / "out/live/frames.partial.jsonl").read_text().splitlines()
    assert len(lines) == count > 10


def test_reports_say_what_is_missing(tmp_path: Path, made: dict[str, bytes]) -> None:
    data = made["h264.mkv"]
    noise = np.random.default_rng(3).integers(0, 256, 600, np.uint8).tobytes()
    half = len(data) // 2
    damaged = put(tmp_path, "damaged.mkv", data[:half] + noise + data[half + 600 :])
    short = put(tmp_path, "short.mkv", data[:half])
    options = ExportOptions(formats=frozenset({Format.HTML}))
    export([damaged, short], tmp_path / "out", lambda: [FixedFace()], options)
    note, error = "<li>is damaged: ", "short.mkv: breaks off after "
    assert note in (tmp_path / "out/damaged/report.html").read_text()
    assert error in (tmp_path / "out/short/report.partial.html").read_text()
    page = (tmp_path / "out/index.html").read_text()
    assert "is damaged: " in page
    assert error in page


def test_frames_with_made_up_parts_are_counted(tmp_path: Path) -> None:
    # FFmpeg decodes MPEG-2 in one thread for a picture; with more, it may notice too late.
    path = Clip(codec="mpeg2video", **STEADY).make(tmp_path / "a.mkv")
    data = bytearray(path.read_bytes())
    place = block_places(path)[30]
    data[place + 40 : place + 60] = b"\xff" * 20
    outcome = exported(put(tmp_path, "a.mkv", data))
    assert (outcome.error, outcome.frames) == (None, COUNT)
    (note,) = outcome.notes
    assert "1 frame or more shows what the decoder made up" in note
    result = json.loads((outcome.folder / "manifest.json").read_text())["result"]
    assert result["damaged_frames"] == 1


def test_blocks_that_ffmpeg_passes_over_are_counted(tmp_path: Path, made: dict[str, bytes]) -> None:
    data = bytearray(made["b-frames.mkv"])
    path = put(tmp_path, "a.mkv", data)
    places = block_places(path)
    data[places[30] + 3] |= 0x06  # it says that it holds several frames, and does not
    put(tmp_path, "a.mkv", data)
    count, said = read(path)
    assert count < COUNT
    assert isinstance(said, Damage)
    assert said.packets == COUNT - count


def block_places(path: Path) -> list[int]:
    import av

    with av.open(str(path)) as container:
        return [packet.pos for packet in container.demux(video=0) if packet.pos is not None]


def test_streams_that_follow_each_other_in_one_file_are_sound(
    tmp_path: Path, made: dict[str, bytes]
) -> None:
    """As recorders and downloaders join them: counters and times begin anew."""
    for name in ("h264.ts", "mpeg2.ts", "mpeg2.mpg"):
        path = put(tmp_path, f"joined.{name[-3:]}", 2 * made[name])
        assert read(path) == (2 * COUNT, Damage())
    data = 2 * made["vp8.ogv"]  # FFmpeg has its own difficulties with it
    with put(tmp_path, "joined.ogv", data).open("rb") as file:
        assert look_at_pages(file, len(data)) == Pages()


def test_a_program_stream_may_have_zeros_between_packets(
    tmp_path: Path, made: dict[str, bytes]
) -> None:
    data = made["mpeg2.mpg"]
    second = 2048  # as on discs, a packet or pack begins there
    assert data[second : second + 3] == b"\0\0\1"
    padded = data[:second] + bytes(500) + data[second:]
    assert read(put(tmp_path, "a.mpg", padded)) == (COUNT, Damage())
    with put(tmp_path, "b.dat", b"RIFF" + data).open("rb") as file:
        assert look_at_program(file, 4 + len(data)) == Program()


def test_a_wmv_file_that_was_never_finished_is_an_error(
    tmp_path: Path, made: dict[str, bytes]
) -> None:
    """Its head is written anew at the end, with the count of its packets."""
    data = bytearray(made["wmv2.wmv"])
    place = data.index(bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")) + 56
    data[place : place + 8] = bytes(8)
    assert isinstance(read(put(tmp_path, "a.wmv", data))[1], SourceError)
    data[place + 32] |= 1  # a live recording cannot know
    assert read(put(tmp_path, "b.wmv", data)) == (COUNT, Damage())
    data[16:24] = b"\xff" * 8  # a head that is longer than any file
    with put(tmp_path, "c.wmv", data).open("rb") as file:
        assert find_layout(file, len(data)) is None


def test_a_transport_stream_of_a_disc_is_read_alike(tmp_path: Path, made: dict[str, bytes]) -> None:
    data = made["h264.ts"]
    packets = [data[place : place + 188] for place in range(0, len(data), 188)]
    disc = b"".join(number.to_bytes(4, "big") + one for number, one in enumerate(packets))
    assert read(put(tmp_path, "a.m2ts", disc)) == (COUNT, Damage())
    _, said = read(put(tmp_path, "b.m2ts", disc[: len(disc) // 2 // 192 * 192 + 50]))
    assert "breaks off after" in str(said)
    _, said = read(put(tmp_path, "c.m2ts", disc[:50_000] + bytes(1000) + disc[51_000:]))
    assert isinstance(said, Damage)
    assert said.place is not None
    assert 50_000 - 192 <= said.place < 50_200


def test_a_transport_stream_that_ends_in_a_picture_is_told(
    tmp_path: Path, made: dict[str, bytes]
) -> None:
    data = made["mpeg2.ts"]
    packets = [data[place : place + 188] for place in range(0, len(data) // 2, 188)]
    while packets[-1][3] & 0x30 != 0x10:  # the last of a picture is not full
        packets.pop()
    outcome = exported(put(tmp_path, "a.ts", b"".join(packets)))
    assert outcome.error is None
    assert outcome.notes[-1].startswith("probably ends in the middle of a picture")


def test_what_follows_a_whole_file_is_no_matter(tmp_path: Path, made: dict[str, bytes]) -> None:
    for name in ("h264.mkv", "mpeg4.avi"):
        path = put(tmp_path, name, made[name] + b"something else" * 9)
        assert read(path) == (COUNT, Damage())


def test_two_live_recordings_in_one_file_are_sound(tmp_path: Path, made: dict[str, bytes]) -> None:
    data = 2 * made["live.mkv"]
    path = put(tmp_path, "a.mkv", data)
    with path.open("rb") as file:
        assert walk_matroska(file, len(data)).damaged_at is None
    assert isinstance(read(path)[1], Damage)


def test_an_avi_without_bytes_that_make_chunks_even_is_sound(tmp_path: Path) -> None:
    import av

    path = Clip(codec="mjpeg", pix_fmt="yuvj420p", **STEADY).make(tmp_path / "a.avi")
    with av.open(str(path)) as container:
        ends = [p.pos + p.size for p in container.demux(video=0) if p.pos is not None]
    data = path.read_bytes()
    odd = [end + 8 for end in ends if end % 2]  # `pos` is where the chunk's head begins
    assert odd
    assert data[odd[0]] == 0, "a byte that only fills"
    shorter = data[: odd[0]] + data[odd[0] + 1 :]
    count, said = read(put(tmp_path, "b.avi", shorter))
    assert count == COUNT or said != Damage()


@pytest.mark.parametrize(("share", "is_cut"), [(1.0, False), (0.5, True)])
def test_looking_through_a_file_ends_in_time(
    tmp_path: Path, made: dict[str, bytes], share: float, is_cut: bool
) -> None:
    """As it has to where somebody has made a file of nothing but tiny elements."""
    import av

    path = cut(put(tmp_path, "a.mkv", made["h264.mkv"]), share)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        moments = iter([False] * 9 + [True])
        found = examine(path, container.format.name, stream, lambda: next(moments))
        assert next(moments, None) is None, "it has ended there"
    assert found == Finding(is_cut)


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_half_a_jpeg_is_no_picture(tmp_path: Path, share: float) -> None:
    import cv2

    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), picture(0, 160, 120, "noise"))
    whole = path.read_bytes()
    assert read_picture(path).image.shape == (120, 160, 3)
    path.write_bytes(whole + b"a trailer, as phones write it")
    assert read_picture(path).image.shape == (120, 160, 3)
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(SourceError, match=r"a\.jpg: breaks off"):
        read_picture(path)


def test_a_thumbnail_does_not_make_half_a_jpeg_whole(tmp_path: Path) -> None:
    import cv2

    whole, small = (
        cv2.imencode(".jpg", picture(0, *size, "noise"))[1].tobytes()
        for size in ((160, 120), (16, 12))
    )
    segment = b"\xff\xe1" + (len(small) + 2).to_bytes(2, "big") + small
    with_thumbnail = whole[:2] + segment + whole[2:]
    path = put(tmp_path, "a.jpg", with_thumbnail)
    read_picture(path)
    with pytest.raises(SourceError, match="breaks off"):
        read_picture(put(tmp_path, "b.jpg", with_thumbnail[: len(with_thumbnail) // 2]))
