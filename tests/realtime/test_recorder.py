"""Recording in the middle of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from srfer.errors import ExportError
from srfer.realtime import Frame, Pipeline
from srfer.realtime.overlay import Overlay
from srfer.realtime.sinks import Recorder
from tests.clips import FixedFace, video_images, video_times
from tests.synthetic import Keep, SyntheticSource


def run(orders: dict[int, str], folder: Path, count: int = 30) -> Recorder:
    """Run `count` frames, and begin or end a recording when the frames of `orders` come."""
    source, keep = SyntheticSource(count, width=64, height=48), Keep()
    recorder = Recorder(lambda: source.info, Overlay)

    def obey(index: int) -> None:
        match orders.get(index):
            case "begin":
                recorder.begin(folder, "clip")
            case "end":
                recorder.end()

    keep.before = obey
    Pipeline(source, [FixedFace()], [keep, recorder]).run()
    return recorder


def test_a_recording_has_the_frames_between_begin_and_end_and_starts_at_zero(
    tmp_path: Path,
) -> None:
    recording = run({10: "begin", 20: "end"}, tmp_path / "new").recording
    assert recording is not None
    assert (recording.frames, recording.is_open, recording.error) == (10, False, "")
    times = video_times(recording.videos[0])
    assert len(times) == 10
    assert times[0] == 0
    lines = recording.lines.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["frame"] for line in lines] == list(range(10, 20))


def test_the_end_of_the_run_ends_the_recording_properly(tmp_path: Path) -> None:
    recording = run({5: "begin"}, tmp_path).recording
    assert recording is not None
    assert recording.frames == 25
    assert len(video_times(recording.videos[0])) == 25
    assert not list(tmp_path.glob("*.partial*"))


def test_a_stopped_run_leaves_a_complete_recording(tmp_path: Path) -> None:
    source = SyntheticSource(10_000, width=64, height=48)
    recorder = Recorder(lambda: source.info, Overlay)
    pipeline = Pipeline(source, [FixedFace()], [recorder, keep := Keep()])
    pipeline.start()
    keep.seen.wait_for(3)
    recorder.begin(tmp_path, "clip")
    keep.seen.wait_for(keep.seen.value + 10)
    pipeline.stop()
    assert recorder.recording is not None
    assert len(video_times(recorder.recording.videos[0])) == recorder.recording.frames > 5


def test_nothing_is_written_without_an_order_and_nothing_is_overwritten(tmp_path: Path) -> None:
    assert run({}, tmp_path).recording is None
    assert not list(tmp_path.iterdir())
    (tmp_path / "clip.jsonl").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match="exists already"):
        Recorder(lambda: SyntheticSource().info, Overlay).begin(tmp_path, "clip")
    assert (tmp_path / "clip.jsonl").read_text(encoding="utf-8") == "mine"


class Grows(SyntheticSource):
    """Ten frames, and ten larger ones a minute later; twice."""

    def __iter__(self) -> Iterator[Frame]:
        for part, width in enumerate((64, 80, 64, 80)):
            for frame in SyntheticSource(10, width=width, height=48):
                assert frame.pts is not None
                index = 10 * part + frame.index
                yield replace(frame, index=index, pts=frame.pts + 60 * part)


def test_frames_of_another_size_go_into_another_video(tmp_path: Path) -> None:
    taken = tmp_path / "clip-part3.mp4"
    taken.write_text("mine", encoding="utf-8")
    source = Grows(width=64, height=48)
    recorder = Recorder(lambda: source.info, Overlay)
    recorder.begin(tmp_path, "clip")
    Pipeline(source, [FixedFace()], [recorder]).run()
    recording = recorder.recording
    assert recording is not None
    assert (recording.frames, recording.is_open, recording.error) == (40, False, "")
    names = ["clip.mp4", "clip-part2.mp4", "clip-part4.mp4", "clip-part5.mp4"]
    assert [video.name for video in recording.videos] == names
    for video, width in zip(recording.videos, (64, 80, 64, 80), strict=True):
        assert video_times(video) == [Fraction(i, 25) for i in range(10)]
        assert {image.shape for image in video_images(video)} == {(48, width, 3)}
    assert taken.read_text(encoding="utf-8") == "mine"
    assert not list(tmp_path.glob("*.partial*"))
    records = [json.loads(line) for line in recording.lines.read_text("utf-8").splitlines()]
    frames = [record for record in records if "event" not in record]
    assert [record["frame"] for record in frames] == list(range(40))
    assert frames[10]["pts"] == 60.0, "the lines keep the source's own times"
    assert records[10] == {
        "event": "video",
        "source": "synthetic",
        "frame": 10,
        "pts": 60.0,
        "video": "clip-part2.mp4",
        "width": 80,
        "height": 48,
    }
    assert [record["frame"] for record in records if "event" in record] == [10, 20, 30]


def test_a_recording_that_fails_ends_and_the_run_goes_on(tmp_path: Path) -> None:
    class Breaks(Overlay):
        def draw(self, result):  # type: ignore[no-untyped-def]
            if result.frame.index == 12:
                raise ExportError("the disk is full")
            return super().draw(result)

    source, keep = SyntheticSource(30, width=64, height=48), Keep()
    recorder = Recorder(lambda: source.info, Breaks)
    recorder_begins = {5: lambda: recorder.begin(tmp_path, "clip")}
    keep.before = lambda index: recorder_begins.get(index, lambda: None)()
    Pipeline(source, [FixedFace()], [keep, recorder]).run()
    assert len(keep.results) == 30
    assert recorder.recording is not None
    assert recorder.recording.error == "the disk is full"
    assert not recorder.recording.is_open
