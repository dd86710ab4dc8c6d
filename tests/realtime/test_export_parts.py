"""Parts of videos, and videos of every make: exact, or with a clear word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from srfer.errors import ConfigError, SourceError
from srfer.realtime.export import ExportOptions, ExportOutcome, export
from srfer.realtime.footage import Footage
from srfer.realtime.formats import Format
from srfer.realtime.selection import SelectedFrames, Selection
from srfer.realtime.sources import VideoFile
from tests.clips import (
    TICK_25,
    Clip,
    picture,
    sound_packets,
    ticks_25,
    video_images,
    video_times,
)
from tests.moods import Moods, Script, in_turn

HALF = Fraction(1, 2)
FORMATS = frozenset({Format.VIDEO, Format.JSONL, Format.SRT})


def run(clip: Path, script: Script = lambda index: {}, **options: Any) -> ExportOutcome:
    options.setdefault("formats", FORMATS)
    (outcome,) = export(
        [clip],
        clip.parent / "out",
        lambda: [Moods(script)],
        ExportOptions(has_notice=False, **options),
    ).outcomes
    assert outcome.error is None, outcome.error
    return outcome


def lines(outcome: ExportOutcome) -> list[dict[str, Any]]:
    text = (outcome.folder / "frames.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def chapters_of(path: Path) -> list[tuple[Fraction, Fraction, str]]:
    """Beginning and end in seconds, and title."""
    with av.open(str(path)) as container:
        return [
            (c["start"] * c["time_base"], c["end"] * c["time_base"], c["metadata"]["title"])
            for c in container.chapters()
            if c["time_base"] is not None
        ]


def sound(rate: int = 8000, seconds: float = 3.0) -> av.AudioFrame:
    t = np.arange(round(rate * seconds))
    frame = av.AudioFrame.from_ndarray((8000 * np.sin(t / 9)).astype(np.int16)[None], format="s16")
    frame.sample_rate, frame.pts, frame.time_base = rate, 0, Fraction(1, rate)
    return frame


def make(
    path: Path,
    ticks: Sequence[int],
    *,
    videos: int = 1,
    sounds: Sequence[str] = (),
    chapters: Sequence[tuple[int, int, str]] = (),
    options: dict[str, str] | None = None,
    pix_fmt: str = "yuv420p",
    **context: Any,
) -> Path:
    """A clip that `Clip` cannot make: several tracks, chapters (in ms), odd pictures."""
    with av.open(str(path), "w") as output:
        streams = []
        for _ in range(videos):
            stream = output.add_stream("libx264", rate=25, options=options or {"bf": "0"})
            assert isinstance(stream, VideoStream)
            stream.width, stream.height, stream.pix_fmt = 96, 64, pix_fmt
            stream.time_base = stream.codec_context.time_base = TICK_25
            for name, value in context.items():
                setattr(stream.codec_context, name, value)
            streams.append(stream)
        tones: list[Any] = [output.add_stream(codec, rate=8000, layout="mono") for codec in sounds]
        if chapters:
            ms = Fraction(1, 1000)
            output.set_chapters(
                [
                    {"id": i, "start": a, "end": b, "time_base": ms, "metadata": {"title": title}}
                    for i, (a, b, title) in enumerate(chapters)
                ]
            )
        for index, tick in enumerate(ticks):
            for number, stream in enumerate(streams):
                image = picture(index + 40 * number, 96, 64)
                frame = VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pix_fmt)
                frame.pts, frame.time_base = tick, TICK_25
                output.mux(stream.encode(frame))
        for stream in streams:
            output.mux(stream.encode(None))
        for tone in tones:
            output.mux([*tone.encode(sound()), *tone.encode(None)])
    return path


PARTS = [
    (Fraction(0), None, 1),
    (Fraction(1), Fraction(2), 1),
    (Fraction("0.52"), Fraction("0.56"), 1),
    (Fraction("1.5"), None, 3),
    (Fraction(0), Fraction("0.9"), 7),
]


@pytest.mark.parametrize(("start_s", "end_s", "every"), PARTS)
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_a_part_has_the_frames_of_a_full_decode(
    tmp_path: Path, name: str, start_s: Fraction, end_s: Fraction | None, every: int
) -> None:
    clip = Clip(ticks=ticks_25(60), width=64, height=48, b_frames=3).make(tmp_path / name)
    with VideoFile(clip) as source:
        frames = list(source)
    assert frames[0].pts is not None
    first_pts = frames[0].pts
    expected = [
        frame
        for frame in frames
        if frame.pts is not None
        and start_s <= frame.pts - first_pts
        and (end_s is None or frame.pts - first_pts < end_s)
    ][::every]
    with SelectedFrames(Footage(clip), Selection(start_s, end_s, every)) as chosen:
        found = list(chosen)
    assert [frame.pts for frame in found] == [frame.pts for frame in expected]
    assert [frame.index for frame in found] == [every * i for i in range(len(expected))]
    for one, other in zip(found, expected, strict=True):
        assert np.array_equal(one.image, other.image)
    assert abs((chosen.info.frame_count or 0) - len(expected)) <= 1


def test_a_part_of_a_video_of_variable_rate(tmp_path: Path) -> None:
    ms = Fraction(1, 1000)
    clip = Clip(ticks=[0, 33, 40, 90, 1500, 1510, 3000], time_base=ms).make(tmp_path / "a.mkv")
    outcome = run(clip, selection=Selection(40 * ms, 3000 * ms))
    assert [line["pts"] for line in lines(outcome)] == [0.04, 0.09, 1.5, 1.51]
    assert video_times(outcome.folder / "annotated.mp4") == [
        0, 50 * ms, 1460 * ms, 1470 * ms,
    ]  # fmt: skip


def test_what_is_played_begins_with_the_start(tmp_path: Path) -> None:
    clip = make(
        tmp_path / "a.mp4",
        ticks_25(75),
        sounds=["aac"],
        chapters=[(0, 500, "one"), (500, 1500, "two"), (1500, 3000, "three")],
    )
    part = Selection(Fraction(1), Fraction(2))
    outcome = run(clip, in_turn(1, ["fear", "anger"], 10), selection=part)
    annotated = outcome.folder / "annotated.mp4"
    assert video_times(annotated) == [Fraction(i, 25) for i in range(25)]
    assert [line["pts"] for line in lines(outcome)] == [round(1 + i / 25, 2) for i in range(25)]
    before, after = sound_packets(clip), sound_packets(annotated)
    inside = [content for time_s, content in before if 1 <= time_s <= 2]
    assert [content for _, content in after] == inside
    assert after[0][0] < Fraction(1, 5)
    assert chapters_of(annotated) == [(0, HALF, "two"), (HALF, 1, "three")]
    cues = (outcome.folder / "labels.srt").read_text().split("\n\n")
    assert cues[0] == "1\n00:00:00,000 --> 00:00:00,400\n#1 fear"


def test_chapters_and_all_sound_tracks_are_carried_over(tmp_path: Path) -> None:
    clip = make(
        tmp_path / "a.mkv",
        ticks_25(50),
        sounds=["aac", "pcm_s16le"],
        chapters=[(0, 700, "one"), (700, 2000, "two")],
    )
    outcome = run(clip)
    with av.open(str(outcome.folder / "annotated.mp4")) as container:
        assert [stream.codec.canonical_name for stream in container.streams.audio] == ["aac", "aac"]
    annotated = chapters_of(outcome.folder / "annotated.mp4")
    assert annotated == [(0, Fraction("0.7"), "one"), (Fraction("0.7"), 2, "two")]
    manifest = json.loads((outcome.folder / "manifest.json").read_text())
    assert manifest["result"]["sound"] == "copied (aac), converted from pcm_s16le to aac"
    assert video_times(outcome.folder / "annotated.mp4") == video_times(clip)


def test_a_part_in_which_no_frame_begins_fails_with_a_word(tmp_path: Path) -> None:
    clip = Clip().make(tmp_path / "a.mp4")
    options = ExportOptions(selection=Selection(Fraction(60)))
    stages = [Moods(lambda index: {})]
    (outcome,) = export([clip], tmp_path / "out", lambda: stages, options).outcomes
    assert isinstance(outcome.error, SourceError)
    assert str(outcome.error).startswith("a.mp4: no frame begins at 60 s or later; it lasts 1.0")
    assert not (tmp_path / "out/a").exists()


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [((-1, None, 1), "start"), ((2, 2, 1), "after the start"), ((0, None, 0), "1 or more")],
)
def test_impossible_parts_are_refused(numbers: tuple[Any, Any, int], reason: str) -> None:
    start_s, end_s, every = numbers
    with pytest.raises(ConfigError, match=reason):
        Selection(Fraction(start_s), None if end_s is None else Fraction(end_s), every)


def test_of_several_video_tracks_the_first_is_taken_and_that_is_said(tmp_path: Path) -> None:
    clip = make(tmp_path / "a.mkv", ticks_25(10), videos=2)
    outcome = run(clip)
    assert outcome.notes == ("has 2 video tracks: the first one is analysed",)
    assert outcome.frames == 10
    image = video_images(outcome.folder / "annotated.mp4")[0].astype(int)
    assert np.abs(image[:20, 70:] - picture(0, 96, 64)[:20, 70:]).mean() < 20


def test_an_interlaced_video_is_told(tmp_path: Path) -> None:
    options = {"x264-params": "interlaced=1:tff=1"}
    clip = make(tmp_path / "a.mp4", ticks_25(10), options=options)
    outcome = run(clip)
    assert len(outcome.notes) == 1
    assert outcome.notes[0].startswith("is interlaced: ")
    manifest = json.loads((outcome.folder / "manifest.json").read_text())
    assert manifest["result"]["notes"] == list(outcome.notes)


def test_ten_bits_are_read_and_hdr_is_told(tmp_path: Path) -> None:
    plain = run(make(tmp_path / "a.mp4", ticks_25(10), pix_fmt="yuv420p10le"))
    assert plain.notes == ()
    image = video_images(plain.folder / "annotated.mp4")[0].astype(int)
    assert np.abs(image[:20, 70:] - picture(0, 96, 64)[:20, 70:]).mean() < 20
    hdr = run(make(tmp_path / "b.mp4", ticks_25(10), pix_fmt="yuv420p10le", color_trc=16))
    assert len(hdr.notes) == 1
    assert hdr.notes[0].startswith("has HDR colours")


def test_pixels_that_are_not_square_are_told(tmp_path: Path) -> None:
    aspect = Fraction(4, 3)
    clip = make(tmp_path / "a.mp4", ticks_25(5), sample_aspect_ratio=aspect)
    assert run(clip).notes == ("has pixels that are not square: faces are read as they are stored",)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_turned_video_is_upright_everywhere(tmp_path: Path, rotation: int) -> None:
    clip = Clip(width=96, height=64, ticks=ticks_25(5), rotation=rotation).make(tmp_path / "a.mp4")
    outcome = run(clip)
    image = video_images(outcome.folder / "annotated.mp4")[0]
    assert image.shape[:2] == ((96, 64) if rotation % 180 else (64, 96))
    assert outcome.notes == ()
