"""The batch job: complete folders, nothing overwritten by chance, one bad file stops no other."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srfer.errors import ConfigError, ExportError, SourceError
from srfer.realtime.export import ExportOptions, ExportProgress, ExportSummary, export
from srfer.realtime.formats import Format
from srfer.realtime.manifest import write_manifest
from srfer.realtime.progress import LINE_EVERY_S, shown_progress
from tests.clips import Clip, FixedFace, cut, sound_packets, ticks_25, video_images, video_times

CLIP = Clip(ticks=ticks_25(8), width=96, height=64)
NUMBERS = frozenset({Format.JSONL, Format.CSV})
COMPLETE = {"annotated.mp4", "frames.csv", "frames.jsonl", "manifest.json"}


def run(out: Path, *inputs: Path, **options: Any) -> ExportSummary:
    return export(inputs, out, lambda: [FixedFace()], ExportOptions(**options))


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_every_input_gets_a_folder_with_complete_outputs(tmp_path: Path) -> None:
    one = Clip(ticks=ticks_25(30), sound="aac").make(tmp_path / "one.mp4")
    two = CLIP.make(tmp_path / "two.mkv")
    summary = run(tmp_path / "out", one, two, settings={"model": "none"})
    assert summary.exit_code == 0
    assert [outcome.frames for outcome in summary.outcomes] == [30, 8]
    assert [outcome.face_rows for outcome in summary.outcomes] == [30, 8]
    assert [outcome.tracks for outcome in summary.outcomes] == [1, 1]
    assert names(tmp_path / "out") == {"one", "two"}
    for clip, folder in ((one, tmp_path / "out/one"), (two, tmp_path / "out/two")):
        assert names(folder) == COMPLETE
        times = video_times(clip)
        assert video_times(folder / "annotated.mp4") == times
        lines = [json.loads(line) for line in (folder / "frames.jsonl").read_text().splitlines()]
        assert [line["frame"] for line in lines] == list(range(len(times)))
        assert [line["pts"] for line in lines] == [round(float(pts), 6) for pts in times]
        assert len((folder / "frames.csv").read_text().splitlines()) == len(times) + 1
    packets = [content for _, content in sound_packets(tmp_path / "out/one/annotated.mp4")]
    assert packets == [content for _, content in sound_packets(one)]


def test_the_manifest_says_where_results_come_from(tmp_path: Path) -> None:
    clip = CLIP.make(tmp_path / "one.mp4")
    (tmp_path / "out/one").mkdir(parents=True)
    (tmp_path / "out/one/notes.txt").write_text("mine")
    run(tmp_path / "out", clip, settings={"model": "none"}, has_notice=False)
    manifest = json.loads((tmp_path / "out/one/manifest.json").read_text())
    assert manifest["input"]["name"] == "one.mp4"
    assert manifest["input"]["bytes"] == clip.stat().st_size
    assert manifest["input"]["sha256"] == hashlib.sha256(clip.read_bytes()).hexdigest()
    assert manifest["settings"]["model"] == "none"
    assert manifest["settings"]["notice"] is False
    assert manifest["settings"]["formats"] == ["csv", "jsonl", "video"]
    assert manifest["result"]["frames"] == manifest["result"]["face_rows"] == 8
    for name, size in manifest["outputs_bytes"].items():
        assert (tmp_path / "out/one" / name).stat().st_size == size
    assert set(manifest["outputs_bytes"]) == COMPLETE - {"manifest.json"}
    assert (tmp_path / "out/one/notes.txt").read_text() == "mine"


def test_a_manifest_whose_folder_is_gone_is_an_export_error(tmp_path: Path) -> None:
    facts: dict[str, Any] = {"version": "1", "input_facts": {}, "settings": {}, "result": {}}
    with pytest.raises(ExportError, match=r"^one/manifest\.json: "):
        write_manifest(tmp_path / "one/manifest.json", **facts)


def test_without_video_there_is_none(tmp_path: Path) -> None:
    run(tmp_path / "out", CLIP.make(tmp_path / "one.mp4"), formats=NUMBERS)
    assert names(tmp_path / "out/one") == COMPLETE - {"annotated.mp4"}


def test_the_notice_is_in_the_video_unless_it_is_switched_off(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(3), width=320, height=240).make(tmp_path / "one.mp4")
    run(tmp_path / "with", clip)
    run(tmp_path / "without", clip, has_notice=False)
    shown, hidden = (
        video_images(tmp_path / name / "one" / "annotated.mp4")[1][-8:, :8].astype(int)
        for name in ("with", "without")
    )
    assert shown[..., 1].min() < 50 < hidden[..., 1].min()
    assert np.abs(hidden - video_images(clip)[1][-8:, :8]).mean() < 12


def test_folders_stand_for_the_videos_in_them(tmp_path: Path) -> None:
    (tmp_path / "in/deep").mkdir(parents=True)
    for name in ("b.mp4", "a.mkv", ".hidden.mp4", "deep/c.mp4"):
        CLIP.make(tmp_path / "in" / name)
    (tmp_path / "in/notes.txt").write_text("not a video")
    flat = run(tmp_path / "flat", tmp_path / "in", formats=NUMBERS)
    assert [outcome.input.name for outcome in flat.outcomes] == ["a.mkv", "b.mp4"]
    deep = run(tmp_path / "deep", tmp_path / "in", formats=NUMBERS, is_recursive=True)
    assert [outcome.input.name for outcome in deep.outcomes] == ["a.mkv", "b.mp4", "c.mp4"]


def test_earlier_results_inside_a_folder_are_not_taken_for_inputs(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    CLIP.make(tmp_path / "in/a.mp4")
    for _ in range(2):
        summary = run(tmp_path / "in/out", tmp_path / "in", is_recursive=True, is_forced=True)
        assert [outcome.input.name for outcome in summary.outcomes] == ["a.mp4"]


def test_equal_names_get_folders_of_their_own(tmp_path: Path) -> None:
    clips = []
    for name in ("a/clip.mp4", "b/clip.mkv", "c/CLIP.mp4"):
        (tmp_path / name).parent.mkdir()
        clips.append(CLIP.make(tmp_path / name))
    run(tmp_path / "out", *clips, formats=NUMBERS)
    assert names(tmp_path / "out") == {"clip", "clip-2", "CLIP-3"}


def test_a_file_named_twice_is_done_once(tmp_path: Path) -> None:
    clip = CLIP.make(tmp_path / "a.mp4")
    (tmp_path / "link.mp4").symlink_to(clip)
    summary = run(tmp_path / "out", clip, clip, tmp_path / "link.mp4", formats=NUMBERS)
    assert len(summary.outcomes) == 1


def test_a_bad_input_does_not_stop_the_others(tmp_path: Path) -> None:
    good, other = CLIP.make(tmp_path / "a.mp4"), CLIP.make(tmp_path / "z.mp4")
    (tmp_path / "m.mp4").write_text("this is text")
    summary = run(tmp_path / "out", good, tmp_path / "m.mp4", tmp_path / "nope.mp4", other)
    assert [outcome.error is None for outcome in summary.outcomes] == [True, False, False, True]
    assert summary.exit_code == 3
    assert names(tmp_path / "out") == {"a", "z"}, "no folders for what could not be opened"


def test_if_nothing_can_be_read_the_whole_job_has_failed(tmp_path: Path) -> None:
    assert run(tmp_path / "out", tmp_path / "nope.mp4").exit_code == 1


def test_a_truncated_video_keeps_what_it_had_under_partial_names(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(50), container={"movflags": "faststart"})
    path = cut(clip.make(tmp_path / "a.mp4"), 0.6)
    summary = run(tmp_path / "out", path)
    (outcome,) = summary.outcomes
    assert isinstance(outcome.error, SourceError)
    assert f"breaks off after {outcome.frames} frames" in str(outcome.error)
    assert summary.exit_code == 3
    folder = tmp_path / "out/a"
    assert names(folder) == {"annotated.partial.mp4", "frames.partial.csv", "frames.partial.jsonl"}
    assert 10 < outcome.frames < 50
    assert video_times(folder / "annotated.partial.mp4") == video_times_until(path, outcome.frames)
    assert len((folder / "frames.partial.jsonl").read_text().splitlines()) == outcome.frames


def video_times_until(path: Path, frames: int) -> list[object]:
    from srfer.realtime.sources import VideoFile

    times: list[object] = []
    with VideoFile(path) as source:
        for frame in source:
            times.append(frame.pts)
            if len(times) == frames:
                break
    return times


def test_a_stage_that_fails_fails_one_input_only(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clips = [CLIP.make(tmp_path / "a.mp4"), CLIP.make(tmp_path / "b.mp4")]
    stages = iter([FixedFace(fails_at=5), FixedFace()])
    summary = export(clips, tmp_path / "out", lambda: [next(stages)])
    first, second = summary.outcomes
    assert isinstance(first.error, RuntimeError)
    assert (first.frames, second.frames) == (5, 8)
    assert capsys.readouterr() == ("", ""), "how to show an error is the caller's business"
    assert len(video_times(tmp_path / "out/a/annotated.partial.mp4")) == 5
    assert names(tmp_path / "out/b") == COMPLETE


def test_a_wrong_option_is_refused_before_any_work(tmp_path: Path) -> None:
    def refuse() -> list[FixedFace]:
        raise ConfigError("detect_px must be 32 or more, not 1")

    with pytest.raises(ConfigError, match="detect_px"):
        export([CLIP.make(tmp_path / "a.mp4")], tmp_path / "out", refuse)


def test_progress_is_told_after_every_frame(tmp_path: Path) -> None:
    told: list[ExportProgress] = []
    clips = [CLIP.make(tmp_path / "a.mp4"), CLIP.make(tmp_path / "b.mp4")]
    options = ExportOptions(formats=NUMBERS)
    export(clips, tmp_path / "out", lambda: [FixedFace()], options, on_progress=told.append)
    assert [one.frames for one in told] == [*range(1, 9), *range(1, 9)]
    assert told[0] == ExportProgress("a.mp4", 1, 2, 1, 8)
    assert told[-1] == ExportProgress("b.mp4", 2, 2, 8, 8)


def test_lines_are_written_now_and_then_where_there_is_no_terminal() -> None:
    now = [100.0]
    stream = io.StringIO()
    with shown_progress(stream, clock=lambda: now[0]) as show:
        assert show is not None
        now[0] += 60  # what comes before the first frame is no part of the work
        for frames in range(1, 101):
            show(ExportProgress("a.mp4", 1, 2, frames, 200))
            now[0] += LINE_EVERY_S / 40
    assert stream.getvalue().splitlines() == [
        "a.mp4 (1 of 2): frame 41 of 200, 8/s, 20 s left",
        "a.mp4 (1 of 2): frame 81 of 200, 8/s, 15 s left",
    ]


def test_a_line_tells_that_frames_are_counted_in_every_pass() -> None:
    now = [0.0]
    stream = io.StringIO()
    with shown_progress(stream, clock=lambda: now[0]) as show:
        assert show is not None
        for frames in (1, 101):
            show(ExportProgress("a.mp4", 1, 1, frames, 300, passes=3))
            now[0] += LINE_EVERY_S
    assert stream.getvalue() == "a.mp4: frame 101 of 300 in 3 passes, 20/s, 10 s left\n"


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_log_that_is_full_does_not_stop_the_work() -> None:
    now = [0.0]
    with shown_progress(FullDisk(), clock=lambda: now[0]) as show:
        assert show is not None
        for frames in range(1, 4):
            show(ExportProgress("a.mp4", 1, 1, frames, 3))
            now[0] += LINE_EVERY_S


def test_without_a_stream_nothing_is_shown() -> None:
    with shown_progress(None) as show:
        assert show is None


def test_quiet_shows_nothing() -> None:
    with shown_progress(io.StringIO(), is_quiet=True) as show:
        assert show is None


def shown_on_terminal(*told: ExportProgress) -> str:
    master, slave = os.openpty()
    with os.fdopen(slave, "w") as terminal, shown_progress(terminal) as show:
        assert show is not None
        for progress in told:
            show(progress)
    text = ""
    with os.fdopen(master, "rb", buffering=0) as screen, suppress(OSError):
        while chunk := screen.read(65536):
            text += chunk.decode(errors="replace")
    return text


def test_a_terminal_gets_a_bar() -> None:
    text = shown_on_terminal(ExportProgress("[bold]a.mp4", 1, 1, 5, 10))
    assert "[bold]a.mp4" in text
    assert "5 frames" in text


def test_on_a_narrow_terminal_the_name_is_cut_and_not_the_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    text = shown_on_terminal(ExportProgress("x" * 60 + ".mp4", 2, 15, 5, 10))
    assert "xxx… (2 of 15)" in text
    assert "5 frames, 0/s" in text
    assert "-:--:--" in text


def test_the_time_left_is_not_that_of_the_input_before() -> None:
    first, second = ExportProgress("a.mp4", 1, 2, 10, 10), ExportProgress("b.mp4", 2, 2, 1, 10)
    last = shown_on_terminal(first, second).rpartition("b.mp4")[2]
    assert "1 frames" in last
    assert "-:--:--" in last
