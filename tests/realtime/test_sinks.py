"""What is written: exact times, the same sound, plain records, and names only when complete."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from srfer.engines import LABELS
from srfer.errors import ExportError, SourceError, SourceFault
from srfer.realtime import FaceResult, Frame, FrameResult, SourceInfo, TrackState
from srfer.realtime.details import BLENDSHAPES, MESH_POINTS, FaceDetails
from srfer.realtime.overlay import Overlay
from srfer.realtime.sinks import CsvSink, FaceFields, JsonlSink, Records, VideoSink, to_record
from srfer.realtime.sinks.atomic import TextFile
from srfer.realtime.sources import VideoFile, probe
from srfer.realtime.stage import Sink
from tests.clips import (
    Clip,
    expression,
    face,
    picture,
    sound_packets,
    ticks_25,
    video_images,
    video_times,
)

PLAIN = Overlay(has_notice=False)


def result(index: int = 0, pts: Fraction | None = None, *faces: FaceResult) -> FrameResult:
    return FrameResult(Frame("clip.mp4", index, 0.0, pts, picture(index, 64, 48)), faces)


def info(width: int = 64, height: int = 48, time_base: Fraction = Fraction(1, 1000)) -> SourceInfo:
    return SourceInfo("clip.mp4", width, height, Fraction(25), time_base, None, False)


def write_frames(sink: VideoSink, times: Iterable[Fraction | None]) -> None:
    with sink:
        for index, pts in enumerate(times):
            sink.write(result(index, pts))


def write_and_fail(sink: Sink, results: Iterable[FrameResult]) -> None:
    with sink:
        for one in results:
            sink.write(one)
        raise ZeroDivisionError


def copy(source_path: Path, target: Path) -> VideoSink:
    """Read a clip and write it again, as an export without stages does."""
    sink = VideoSink(target, probe(source_path), PLAIN, sound_from=source_path)
    with VideoFile(source_path) as source, sink:
        for frame in source:
            sink.write(FrameResult(frame, ()))
    return sink


@pytest.mark.parametrize(
    ("name", "clip"),
    [
        ("steady.mp4", Clip()),
        ("variable.mkv", Clip(ticks=[33, 40, 41, 90, 1500], time_base=Fraction(1, 1000))),
        ("b-frames.mp4", Clip(b_frames=3, ticks=ticks_25(40))),
        (
            "late.ts",
            Clip(ticks=[2**31 + 3600 * i for i in range(9)], time_base=Fraction(1, 90_000)),
        ),
        ("one.mp4", Clip(ticks=[0])),
        ("animation.gif", Clip(codec="gif", pix_fmt="rgb8", time_base=Fraction(1, 100))),
        ("rotated.mp4", Clip(rotation=90)),
        ("odd.mkv", Clip(width=853, height=479, pix_fmt="yuv444p", ticks=ticks_25(3))),
        ("tiny.mp4", Clip(width=16, height=16)),
        ("slow.mkv", Clip(ticks=range(0, 90_000, 9000), time_base=Fraction(1, 1000))),
    ],
)
def test_every_frame_keeps_its_exact_time(tmp_path: Path, name: str, clip: Clip) -> None:
    path = clip.make(tmp_path / name)
    copy(path, tmp_path / "copy.mp4")
    assert video_times(tmp_path / "copy.mp4") == video_times(path)


def test_time_units_that_mp4_does_not_know_are_kept(tmp_path: Path) -> None:
    for time_base in (Fraction(1001, 30_000), Fraction(1, 1_000_000), Fraction(1, 24)):
        times = [tick * time_base for tick in (5, 6, 8, 12, 500)]
        write_frames(VideoSink(tmp_path / "a.mp4", info(time_base=time_base), PLAIN), times)
        assert video_times(tmp_path / "a.mp4") == times


def test_times_that_stand_still_or_jump_back_are_made_to_rise(tmp_path: Path) -> None:
    ms = Fraction(1, 1000)
    times = [0 * ms, 40 * ms, 40 * ms, 10 * ms, 80 * ms]
    write_frames(VideoSink(tmp_path / "a.mp4", info(), PLAIN), times)
    assert video_times(tmp_path / "a.mp4") == [0, 40 * ms, 41 * ms, 42 * ms, 80 * ms]


def test_what_begins_before_zero_is_shifted_as_a_whole(tmp_path: Path) -> None:
    ms = Fraction(1, 1000)
    write_frames(VideoSink(tmp_path / "a.mp4", info(), PLAIN), [-80 * ms, -40 * ms, 0 * ms])
    assert video_times(tmp_path / "a.mp4") == [0, 40 * ms, 80 * ms]


def test_a_still_picture_becomes_a_video_of_one_frame(tmp_path: Path) -> None:
    write_frames(VideoSink(tmp_path / "a.mp4", info(), PLAIN), [None])
    assert video_times(tmp_path / "a.mp4") == [0]


def test_pixels_survive_and_odd_sides_are_padded(tmp_path: Path) -> None:
    clip = Clip(width=65, height=33, pix_fmt="yuv444p", ticks=ticks_25(5))
    path = clip.make(tmp_path / "odd.mkv")
    copy(path, tmp_path / "copy.mp4")
    for index, image in enumerate(video_images(tmp_path / "copy.mp4")):
        assert image.shape == (34, 66, 3)
        put_in = picture(index, 65, 33).astype(int)
        assert np.median(np.abs(image[:33, :65].astype(int) - put_in)) < 8


def test_a_frame_of_another_size_is_fitted_in(tmp_path: Path) -> None:
    with VideoSink(tmp_path / "a.mp4", info(64, 48), PLAIN) as sink:
        for index, size in enumerate([(64, 48), (200, 20), (10, 90)]):
            frame = Frame("clip", index, 0.0, Fraction(index, 25), picture(0, *size))
            sink.write(FrameResult(frame, ()))
    assert [image.shape for image in video_images(tmp_path / "a.mp4")] == [(48, 64, 3)] * 3


@pytest.mark.parametrize(
    ("name", "sound"),
    [("a.mp4", "aac"), ("a.mkv", "libmp3lame"), ("a.mkv", "libopus"), ("a.mkv", "flac")],
)
def test_sound_packets_are_copied_as_they_are(tmp_path: Path, name: str, sound: str) -> None:
    path = Clip(sound=sound).make(tmp_path / name)
    sink = copy(path, tmp_path / "copy.mp4")
    assert sink.sound_status.startswith("copied")
    before, after = sound_packets(path), sound_packets(tmp_path / "copy.mp4")
    assert len(before) > 5
    assert [content for _, content in after] == [content for _, content in before]
    for (time_before, _), (time_after, _) in zip(before, after, strict=True):
        assert abs(time_after - time_before) <= Fraction(1, 48_000)
    assert video_times(tmp_path / "copy.mp4") == video_times(path)


def test_sound_that_mp4_cannot_hold_becomes_aac(tmp_path: Path) -> None:
    path = Clip(sound="pcm_s16le").make(tmp_path / "a.avi")
    sink = copy(path, tmp_path / "copy.mp4")
    assert sink.sound_status == "converted from pcm_s16le to aac"
    with av.open(str(tmp_path / "copy.mp4")) as container:
        wave = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
        assert container.streams.audio[0].codec.canonical_name == "aac"
    assert abs(len(wave) - 48_000) <= 2048
    assert 0.1 < np.abs(wave).max() < 0.5


@pytest.mark.parametrize("rate", [8000, 11_127, 192_000])
def test_sound_of_any_rate_keeps_its_length(tmp_path: Path, rate: int) -> None:
    path = Clip(sound="pcm_s16le", sound_rate=rate).make(tmp_path / "a.mkv")
    copy(path, tmp_path / "copy.mp4")
    with av.open(str(tmp_path / "copy.mp4")) as container:
        seconds = [f.samples / f.sample_rate for f in container.decode(audio=0)]
    assert sum(seconds) == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("layout", ["stereo", "5.1", "quad", "7.1"])
def test_sound_of_many_channels_is_mixed_down(tmp_path: Path, layout: str) -> None:
    path = Clip(sound="pcm_s16le", layout=layout).make(tmp_path / "a.mkv")
    sink = copy(path, tmp_path / "copy.mp4")
    assert sink.sound_status == "converted from pcm_s16le to aac"
    with av.open(str(tmp_path / "copy.mp4")) as container:
        waves = [f.to_ndarray() for f in container.decode(audio=0)]
    assert waves[0].shape[0] == 2
    assert max(np.abs(wave).max() for wave in waves) > 0.1
    assert video_times(tmp_path / "copy.mp4") == video_times(path)


def test_sound_longer_and_shorter_than_the_video_is_kept(tmp_path: Path) -> None:
    for seconds in (0.2, 4.0):
        path = Clip(sound="aac", seconds_of_sound=seconds).make(tmp_path / "a.mp4")
        copy(path, tmp_path / "copy.mp4")
        assert len(sound_packets(tmp_path / "copy.mp4")) == len(sound_packets(path))


def test_no_sound_is_no_trouble(tmp_path: Path) -> None:
    path = Clip().make(tmp_path / "a.mp4")
    assert copy(path, tmp_path / "copy.mp4").sound_status == "none"
    assert sound_packets(tmp_path / "copy.mp4") == []


def test_the_finished_video_is_an_ordinary_mp4(tmp_path: Path) -> None:
    copy(Clip(ticks=ticks_25(80)).make(tmp_path / "a.mp4"), tmp_path / "copy.mp4")
    data, boxes, place = (tmp_path / "copy.mp4").read_bytes(), [], 0
    while place < len(data):
        boxes.append(data[place + 4 : place + 8])
        place += int.from_bytes(data[place : place + 4], "big")
    assert b"moov" in boxes
    assert b"moof" not in boxes


def test_record_of_a_face_that_was_read() -> None:
    reading = expression("anger", 0.75, 31.234)
    smoothed = np.full(8, 0.125, np.float32)
    record = to_record(result(3, Fraction(1, 3), face(7, reading=reading, smoothed=smoothed)))
    assert record == json.loads(json.dumps(record, allow_nan=False))
    assert (record["source"], record["frame"], record["pts"]) == ("clip.mp4", 3, 0.333333)
    (one,) = record["faces"]
    assert one["track"] == 7
    assert one["box"] == [20.0, 30.0, 60.0, 70.0]
    assert (one["label"], one["confidence"], one["native_px"]) == ("anger", 0.75, 31.23)
    assert list(one["probabilities"]) == list(LABELS)
    assert sum(one["probabilities"].values()) == pytest.approx(1, abs=1e-3)
    assert one["smoothed"]["fear"] == 0.125


def test_record_of_a_face_that_was_not_read_has_no_numbers() -> None:
    record = to_record(result(0, None, face(state=TrackState.LOST)))
    assert record["pts"] is None
    (one,) = record["faces"]
    assert one["state"] == "lost"
    for key in ("label", "confidence", "native_px", "expected_accuracy", "probabilities"):
        assert one[key] is None


def test_json_lines_and_table_say_the_same(tmp_path: Path) -> None:
    results = [
        result(0, Fraction(0)),
        result(1, Fraction(1, 25), face(1, reading=expression()), face(2)),
        result(2, Fraction(2, 25), face(1, reading=expression("fear", 0.6))),
    ]
    with JsonlSink(tmp_path / "f.jsonl") as lines, CsvSink(tmp_path / "f.csv") as table:
        for one in results:
            lines.write(one)
            table.write(one)
    records = [json.loads(line) for line in (tmp_path / "f.jsonl").read_text().splitlines()]
    assert records == [to_record(one) for one in results]
    with (tmp_path / "f.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    faces = [(record, one) for record in records for one in record["faces"]]
    assert len(rows) == len(faces) == 3
    for row, (record, one) in zip(rows, faces, strict=True):
        assert int(row["frame"]) == record["frame"]
        assert float(row["pts"]) == record["pts"]
        assert int(row["track"]) == one["track"]
        assert [float(row[edge]) for edge in ("left", "top", "right", "bottom")] == one["box"]
        assert row["label"] == (one["label"] or "")
        for label, p in (one["probabilities"] or dict.fromkeys(LABELS)).items():
            assert row[label] == ("" if p is None else str(p))


def detailed(number: int = 1) -> FaceResult:
    """A face of which all is known, with numbers that differ everywhere."""
    one = face(number, reading=expression())
    mesh = (np.arange(MESH_POINTS * 3).reshape(-1, 3) / 7).astype(np.float32)
    shapes = (np.arange(len(BLENDSHAPES)) / 52).astype(np.float32)
    found = replace(
        one.track.face, landmarks=mesh[:5, :2].copy(), details=FaceDetails(mesh, shapes)
    )
    return replace(one, track=replace(one.track, face=found))


def test_sinks_may_share_records_and_each_gets_those_of_its_frame() -> None:
    records = Records(FaceFields(pass_one_track=True))
    first, second = (result(i, Fraction(i), face(i + 1)) for i in range(2))
    made = records.of(first)
    assert records.of(first) is made
    assert made == to_record(first, records.fields)
    assert records.of(second) == to_record(second, records.fields) != made
    assert records.of(first) == made


def test_landmarks_mesh_and_blendshapes_are_written_only_if_asked_for(tmp_path: Path) -> None:
    one = result(0, Fraction(0), detailed(1), face(2))
    (usual, _) = to_record(one)["faces"]
    assert not {"landmarks", "mesh", "blendshapes"} & set(usual)
    records = Records(FaceFields(landmarks=True, mesh=True, blendshapes=True))
    lines, table = JsonlSink(tmp_path / "f.jsonl", records), CsvSink(tmp_path / "f.csv", records)
    with lines, table:
        lines.write(one)
        table.write(one)
    full, bare = json.loads((tmp_path / "f.jsonl").read_text())["faces"]
    assert full["landmarks"]["left_eye"] == [0.43, 0.57]
    assert full["mesh"][477] == [204.43, 204.57, 204.71]
    assert full["blendshapes"]["mouthSmileLeft"] == round(44 / 52, 4)
    assert [bare[key] for key in ("landmarks", "mesh", "blendshapes")] == [None] * 3
    with (tmp_path / "f.csv").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert (first["left_eye_x"], first["left_eye_y"]) == ("0.43", "0.57")
    assert first["mesh_477_z"] == "204.71"
    assert float(first["blendshape_mouthSmileLeft"]) == full["blendshapes"]["mouthSmileLeft"]
    for name in ("left_eye_x", "mesh_0_x", "blendshape__neutral"):
        assert second[name] == ""
    assert len(first) == len(second) == len(csv_heading(tmp_path)) + 10 + 478 * 3 + 52


def csv_heading(folder: Path) -> list[str]:
    with CsvSink(folder / "usual.csv"):
        pass
    return (folder / "usual.csv").read_text().strip().split(",")


def test_a_video_without_faces_has_a_table_with_a_heading_only(tmp_path: Path) -> None:
    with CsvSink(tmp_path / "f.csv") as table:
        table.write(result(0, Fraction(0)))
    assert (tmp_path / "f.csv").read_text().startswith("source,frame,pts,track,")
    assert len((tmp_path / "f.csv").read_text().splitlines()) == 1


def test_odd_names_stay_on_one_line(tmp_path: Path) -> None:
    one = result(0, Fraction(0), face(reading=expression()))
    named = replace(one, frame=replace(one.frame, source_id='a "b",c — d.mp4'))
    with JsonlSink(tmp_path / "f.jsonl") as lines, CsvSink(tmp_path / "f.csv") as table:
        lines.write(named)
        table.write(named)
    assert json.loads((tmp_path / "f.jsonl").read_text())["source"] == 'a "b",c — d.mp4'
    with (tmp_path / "f.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.DictReader(file))["source"] == 'a "b",c — d.mp4'


@pytest.mark.parametrize("suffix", ["mp4", "jsonl", "csv"])
def test_a_name_appears_only_when_the_file_is_complete(tmp_path: Path, suffix: str) -> None:
    sinks: dict[str, Callable[[Path], Sink]] = {
        "mp4": lambda path: VideoSink(path, info(), PLAIN),
        "jsonl": JsonlSink,
        "csv": CsvSink,
    }
    path, partial = tmp_path / f"a.{suffix}", tmp_path / f"a.partial.{suffix}"
    with pytest.raises(ZeroDivisionError):
        write_and_fail(sinks[suffix](path), [result(0, Fraction(0), face())])
    assert not path.exists()
    assert partial.stat().st_size > 0
    with sinks[suffix](path) as sink:
        sink.write(result(0, Fraction(0), face()))
        assert not path.exists()
    assert path.stat().st_size > 0
    assert not partial.exists()


def test_what_was_written_before_an_error_can_be_played(tmp_path: Path) -> None:
    times = [Fraction(i, 25) for i in range(40)]
    sink = VideoSink(tmp_path / "a.mp4", info(), PLAIN)
    with pytest.raises(ZeroDivisionError):
        write_and_fail(sink, [result(index, pts) for index, pts in enumerate(times)])
    assert video_times(tmp_path / "a.partial.mp4") == times


def test_an_input_that_is_gone_is_named_as_such(tmp_path: Path) -> None:
    sink = VideoSink(tmp_path / "a.mp4", info(), PLAIN, sound_from=tmp_path / "gone.mp4")
    with pytest.raises(SourceError, match=r"^gone\.mp4: no such file") as caught:
        write_frames(sink, [Fraction(0)])
    assert caught.value.fault is SourceFault.MISSING


def test_a_text_file_that_cannot_be_begun_is_closed(tmp_path: Path) -> None:
    (tmp_path / "a.partial.csv").symlink_to("/dev/full")
    with pytest.raises(ExportError, match="no space left"):
        TextFile(tmp_path / "a.csv", header="x" * 100_000)
    links = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
    assert "/dev/full" not in links
