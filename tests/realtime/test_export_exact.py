"""Every kind of video comes out with the frames, times, sound and chapters that it came with.

What is expected is what PyAV alone reads from the source.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from srfer.realtime.export import ExportOptions, ExportOutcome, export
from srfer.realtime.formats import Format
from tests.clips import Clip, FixedFace, ticks_25, video_images, video_times
from tests.realtime.test_export_parts import chapters_of, make

MS = Fraction(1, 1000)
SOUND_TICK_S = Fraction(1, 48_000)
CHAPTERS = [(0, 700, "one"), (700, 1000, "two")]
UNEVEN = [0, 33, 40, 41, 90, 95, 1500, 1533, 4000]
INTERLACED = {"x264-params": "interlaced=1:tff=1"}

Maker = Callable[[Path], Path]

MADE: dict[str, Maker] = {
    "steady": lambda folder: Clip(sound="aac").make(folder / "a.mp4"),
    "b-frames": lambda folder: Clip(ticks=ticks_25(30), b_frames=3).make(folder / "a.mp4"),
    "variable rate": lambda folder: Clip(ticks=UNEVEN, time_base=MS).make(folder / "a.mkv"),
    "variable rate, b-frames": lambda folder: Clip(
        ticks=[tick * 13 for tick in UNEVEN], b_frames=2
    ).make(folder / "a.mp4"),
    "interlaced": lambda folder: make(folder / "a.mp4", ticks_25(10), options=INTERLACED),
    "interlaced mpeg-2": lambda folder: Clip(
        ticks=range(10),
        time_base=Fraction(1, 25),
        codec="mpeg2video",
        encoding={"flags": "+ildct+ilme"},
    ).make(folder / "a.ts"),
    "10 bits": lambda folder: make(folder / "a.mp4", ticks_25(10), pix_fmt="yuv420p10le"),
    "10 bits, hevc": lambda folder: Clip(
        ticks=ticks_25(10),
        codec="libx265",
        pix_fmt="yuv420p10le",
        encoding={"x265-params": "log-level=none"},
    ).make(folder / "a.mkv"),
    "several video tracks": lambda folder: make(folder / "a.mp4", ticks_25(10), videos=3),
    "no sound": lambda folder: Clip(ticks=ticks_25(10)).make(folder / "a.mkv"),
    "several sound tracks": lambda folder: make(
        folder / "a.mkv", ticks_25(75), sounds=["aac", "aac", "flac"]
    ),
    "chapters": lambda folder: make(folder / "a.mkv", ticks_25(25), chapters=CHAPTERS),
    "all of it": lambda folder: make(
        folder / "a.mp4",
        [tick * 13 for tick in UNEVEN],
        videos=2,
        sounds=["aac", "aac"],
        chapters=CHAPTERS,
        options={"bf": "2"},
        pix_fmt="yuv420p10le",
    ),
    "one frame": lambda folder: Clip(ticks=[0], sound="aac").make(folder / "a.mp4"),
    "begins late": lambda folder: Clip(
        ticks=[700 + 40 * i for i in range(12)], time_base=MS, sound="aac"
    ).make(folder / "a.mkv"),
    "ticks over 32 bits": lambda folder: Clip(
        ticks=[2**32 + 3600 * i for i in range(9)], time_base=Fraction(1, 90_000), b_frames=2
    ).make(folder / "a.ts"),
    "fragments": lambda folder: Clip(
        ticks=ticks_25(60), container={"movflags": "frag_keyframe+empty_moov"}, sound="aac"
    ).make(folder / "a.mp4"),
    "23.976": lambda folder: Clip(
        ticks=range(0, 20 * 1001, 1001), time_base=Fraction(1, 24_000), b_frames=2
    ).make(folder / "a.mov"),
    "animation": lambda folder: Clip(
        ticks=[0, 3, 20, 150, 151], time_base=Fraction(1, 100), codec="gif", pix_fmt="rgb8"
    ).make(folder / "a.gif"),
    "vp9": lambda folder: Clip(
        ticks=[0, 40, 41, 200], time_base=MS, codec="libvpx-vp9", sound="libopus"
    ).make(folder / "a.webm"),
}


def exported(clip: Path, out: Path) -> ExportOutcome:
    formats = frozenset({Format.VIDEO, Format.JSONL, Format.CSV})
    options = ExportOptions(formats=formats, has_notice=False)
    (outcome,) = export([clip], out, lambda: [FixedFace()], options).outcomes
    assert outcome.error is None, outcome.error
    return outcome


def sounds(path: Path) -> list[list[tuple[Fraction, bytes]]]:
    """Time and content of the packets of every sound track."""
    with av.open(str(path)) as container:
        found: dict[int, list[tuple[Fraction, bytes]]]
        found = {stream.index: [] for stream in container.streams.audio}
        for packet in container.demux():
            if packet.stream.index in found and packet.pts is not None:
                time_s = packet.pts * packet.time_base
                found[packet.stream.index].append((time_s, bytes(packet)))
    return list(found.values())


def check_sounds(before: Path, after: Path) -> None:
    """The same packets in the same tracks, not a sample earlier or later than times are stored."""
    with av.open(str(before)) as container:
        tick_s = max(
            [SOUND_TICK_S, *(one.time_base or SOUND_TICK_S for one in container.streams.audio)]
        )
    for one, other in zip(sounds(before), sounds(after), strict=True):
        assert [content for _, content in other] == [content for _, content in one]
        assert all(abs(a - b) <= tick_s for (a, _), (b, _) in zip(one, other, strict=True))


def check_exact(clip: Path, outcome: ExportOutcome) -> None:
    """The annotated video and the numbers have the frames of the source, to the tick."""
    times = video_times(clip)
    annotated = outcome.folder / "annotated.mp4"
    assert times
    assert outcome.frames == len(times)
    assert video_times(annotated) == times
    lines = (outcome.folder / "frames.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["frame"] for record in records] == list(range(len(times)))
    assert [record["pts"] for record in records] == [round(float(pts), 6) for pts in times]
    with (outcome.folder / "frames.csv").open(newline="") as file:
        assert [int(row["frame"]) for row in csv.DictReader(file)] == list(range(len(times)))
    assert chapters_of(annotated) == chapters_of(clip)
    alarms = ("is damaged", "probably ends")
    assert not [note for note in outcome.notes if note.startswith(alarms)], "it is sound"


@pytest.mark.parametrize("kind", MADE)
def test_frames_times_sound_and_chapters_are_those_of_the_source(tmp_path: Path, kind: str) -> None:
    clip = MADE[kind](tmp_path)
    outcome = exported(clip, tmp_path / "out")
    check_exact(clip, outcome)
    check_sounds(clip, outcome.folder / "annotated.mp4")


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_video_is_upright_and_as_exact(tmp_path: Path, rotation: int) -> None:
    clip = Clip(ticks=ticks_25(12), b_frames=2, rotation=rotation, sound="aac")
    path = clip.make(tmp_path / "a.mp4")
    outcome = exported(path, tmp_path / "out")
    check_exact(path, outcome)
    check_sounds(path, outcome.folder / "annotated.mp4")
    stored, shown = video_images(path)[5], video_images(outcome.folder / "annotated.mp4")[5]
    upright = np.rot90(stored, rotation // 90)
    assert shown.shape == upright.shape
    away_from_the_face = np.abs(shown.astype(int) - upright)[90:, 90:]
    assert np.median(away_from_the_face) < 6


def test_what_begins_before_zero_is_shifted_with_its_sound(tmp_path: Path) -> None:
    """The clock of MPEG-TS wraps at 2**33: what lies before comes out as below zero."""
    ticks = [2**33 - 5 * 3600 + 3600 * i for i in range(12)]
    clip = Clip(ticks=ticks, time_base=Fraction(1, 90_000)).make(tmp_path / "a.ts")
    times = video_times(clip)
    assert times[0] < 0 < times[-1]
    outcome = exported(clip, tmp_path / "out")
    assert video_times(outcome.folder / "annotated.mp4") == [time - times[0] for time in times]


@pytest.mark.shared_data
def test_real_clips_are_exact(tmp_path: Path, shared_dir: Path) -> None:
    clips = sorted((shared_dir / "data/videos").iterdir())
    assert len(clips) > 10
    for clip in clips:
        outcome = exported(clip, tmp_path / "out")
        check_exact(clip, outcome)
        check_sounds(clip, outcome.folder / "annotated.mp4")
