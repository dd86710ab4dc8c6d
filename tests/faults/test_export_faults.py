"""Full disks, kills and unusable folders: what was done stays, and nothing else is touched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from srfer.errors import ConfigError, ExportError, SourceError
from srfer.realtime.export import ExportOptions, ExportProgress, ExportSummary, export
from srfer.realtime.formats import Format
from srfer.realtime.sources import VideoFile
from tests.clips import Clip, FixedFace, ticks_25, video_times

NUMBERS = frozenset({Format.JSONL, Format.CSV})
ROOT = Path(__file__).resolve().parents[2]
LOST_FRAMES = 25 + 20
"""What a kill may cost at 25 frames a second: one fragment, and what the encoder looks ahead."""

CHILD = """
import resource, sys
from pathlib import Path
from srfer.realtime.export import export
from tests.clips import FixedFace

out, limit, *inputs = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
summary = export(
    [Path(text) for text in inputs], Path(out), lambda: [FixedFace()],
    on_progress=lambda progress: print(progress.frames, flush=True),
)
for outcome in summary.outcomes:
    print("outcome", outcome.frames, outcome.error, flush=True)
sys.exit(summary.exit_code)
"""

TALKATIVE = """
from srfer.cli import main
from srfer.realtime import progress

progress.LINE_EVERY_S = 0.0
main()
"""
"""The command, but with a line for every frame."""


def run(out: Path, *inputs: Path, **options: Any) -> ExportSummary:
    return export(inputs, out, lambda: [FixedFace()], ExportOptions(**options))


def child(out: Path, *inputs: Path, limit: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, str(out), str(limit), *map(str, inputs)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )


def readable_times(path: Path) -> list[Fraction | None]:
    """Times of all frames that can be read, also where the file ends in the middle of one."""
    times: list[Fraction | None] = []
    with suppress(SourceError), VideoFile(path) as source:
        times.extend(frame.pts for frame in source)
    return times


@pytest.mark.parametrize("content", ["noise", "still"])
def test_a_kill_costs_no_more_than_the_last_second(tmp_path: Path, content: str) -> None:
    clip = Clip(ticks=ticks_25(400), content=content).make(tmp_path / "a.mkv")
    times = video_times(clip)
    written = 0
    with child(tmp_path / "out", clip) as process:
        assert process.stdout is not None
        for line in process.stdout:
            written = int(line)
            if written == 150:
                process.kill()
    assert process.returncode == -signal.SIGKILL
    folder = tmp_path / "out/a"
    assert {path.name for path in folder.iterdir()} == {
        "annotated.partial.mp4",
        "frames.partial.csv",
        "frames.partial.jsonl",
    }
    *lines, torn = (folder / "frames.partial.jsonl").read_text().split("\n")
    assert [json.loads(line)["frame"] for line in lines] == list(range(len(lines)))
    assert written - len(lines) <= 25, torn
    playable = video_times(folder / "annotated.partial.mp4")
    assert written - LOST_FRAMES <= len(playable) <= written + 1
    assert playable == times[: len(playable)]

    (again,) = run(tmp_path / "out", clip).outcomes
    assert again.error is None, "the partial files of a kill are no obstacle"
    assert not list(folder.glob("*.partial.*"))
    assert video_times(folder / "annotated.mp4") == times


@pytest.mark.parametrize("seconds_of_sound", [0.2, 1.0, 9.0])
def test_sound_does_not_hold_back_what_can_be_played(
    tmp_path: Path, seconds_of_sound: float
) -> None:
    """Where it had ended, up to three seconds of video waited for more. Found by random kills."""
    clip = Clip(ticks=ticks_25(130), sound="aac", seconds_of_sound=seconds_of_sound)
    path = clip.make(tmp_path / "a.mkv")
    playable: dict[int, int] = {}

    def look(progress: ExportProgress) -> None:
        if progress.frames in (60, 120):
            shutil.copy(tmp_path / "out/a/annotated.partial.mp4", tmp_path / "copy.mp4")
            playable[progress.frames] = len(video_times(tmp_path / "copy.mp4"))

    export([path], tmp_path / "out", lambda: [FixedFace()], on_progress=look)
    assert all(count >= frames - LOST_FRAMES for frames, count in playable.items()), playable
    assert len(playable) == 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk needs root and mount")
    yield folder
    # Lazily: PyAV keeps a file open whose very first write failed.
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.parametrize("full_at", [5, 30, 55])
def test_a_disk_that_fills_up_leaves_what_was_written(
    tmp_path: Path, small_disk: Path, full_at: int
) -> None:
    clip = Clip(ticks=ticks_25(60), content="noise").make(tmp_path / "a.mkv")
    before = clip.read_bytes()
    done = Clip(ticks=ticks_25(5)).make(tmp_path / "0.mkv")

    def fill(progress: ExportProgress) -> None:
        if progress.input == "a.mkv" and progress.frames == full_at:
            free = os.statvfs(small_disk).f_bavail * 4096
            (small_disk / "filler").write_bytes(bytes(free))

    outs = [done, clip]
    summary = export(outs, small_disk / "out", lambda: [FixedFace()], on_progress=fill)
    first, second = summary.outcomes
    assert first.error is None
    assert video_times(small_disk / "out/0/annotated.mp4") == video_times(done)
    assert isinstance(second.error, ExportError)
    assert "no space left" in str(second.error)
    assert summary.exit_code == 3
    assert clip.read_bytes() == before
    left = {path.name for path in (small_disk / "out/a").iterdir()}
    assert all(".partial." in name for name in left)
    if full_at == 55:
        playable = readable_times(small_disk / "out/a/annotated.partial.mp4")
        assert playable == video_times(clip)[: len(playable)]
        assert len(playable) >= full_at - LOST_FRAMES


def test_too_little_room_is_refused_before_any_work(tmp_path: Path, small_disk: Path) -> None:
    clip = Clip(ticks=ticks_25(120), content="noise", codec="ffv1").make(tmp_path / "a.mkv")
    assert clip.stat().st_size > 2_500_000
    with pytest.raises(ConfigError, match=r"about \d\.\d MB are needed and 2\.1 MB are free"):
        run(small_disk / "out", clip)
    assert not list((small_disk / "out").iterdir())
    assert run(small_disk / "out", clip, formats=NUMBERS).exit_code == 0


def test_a_limit_on_file_size_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    noise = Clip(ticks=ticks_25(120), content="noise").make(tmp_path / "a.mkv")
    still = Clip(ticks=ticks_25(20), content="still").make(tmp_path / "b.mkv")
    process = child(tmp_path / "out", noise, still, limit=600_000)
    output, _ = process.communicate(timeout=60)
    first, second = [line for line in output.splitlines() if line.startswith("outcome")]
    done = int(first.split()[1])
    assert f"a/annotated.mp4: file too large after {done} frames" in first
    assert second == "outcome 20 None"
    assert process.returncode == 3
    playable = readable_times(tmp_path / "out/a/annotated.partial.mp4")
    assert len(playable) > 20
    assert playable == video_times(noise)[: len(playable)]
    assert video_times(tmp_path / "out/b/annotated.mp4") == video_times(still)


def test_outputs_that_cannot_be_used_are_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    clip = Clip(ticks=ticks_25(3)).make(tmp_path / "in/a.mp4")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    before = clip.read_bytes()
    for out, reason in (
        ("file", "is a file"),
        ("file/deeper", "cannot be written"),
        ("in/a.mp4", "is a file"),
        ("loop", "cannot be written"),
        ("x" * 300, "cannot be written"),
    ):
        with pytest.raises(ConfigError, match=reason) as caught:
            run(tmp_path / out, clip)
        assert str(caught.value).isprintable()
    assert clip.read_bytes() == before
    assert (tmp_path / "file").read_text() == "mine"
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"a.mp4"}


def test_results_are_not_mixed_with_originals(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(3)).make(tmp_path / "a.mp4")
    folder = tmp_path / "in"
    (folder / "a").mkdir(parents=True)
    inner = Clip(ticks=ticks_25(3)).make(folder / "a/b.mp4")
    (tmp_path / "link").symlink_to(folder)
    (tmp_path / "results").mkdir()
    (tmp_path / "results/a").symlink_to(tmp_path)
    (tmp_path / "link.mp4").symlink_to(inner)
    for out, inputs, reason in (
        (folder, [folder], "in: is an input as well"),
        (tmp_path / "link", [folder], "link: is an input as well"),
        (folder, [tmp_path / "link"], "in: is an input as well"),
        (folder, [clip, inner], "a: holds the input b.mp4"),
        (folder, [clip, tmp_path / "link.mp4"], "a: holds the input link.mp4"),
        (folder, [clip, folder / "a"], "a: holds the input a"),
        (tmp_path / "results", [clip], "a: holds the input a.mp4"),
    ):
        with pytest.raises(ConfigError, match=reason):
            run(out, *inputs, is_forced=True, is_recursive=True)
    assert {path.name for path in (folder / "a").iterdir()} == {"b.mp4"}


def test_results_may_lie_beside_the_originals_and_are_not_taken_for_them(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    clip = Clip(ticks=ticks_25(3)).make(tmp_path / "in/a.mp4")
    before = clip.read_bytes()
    assert run(tmp_path / "in", clip).exit_code == 0
    assert run(tmp_path / "in", clip, is_forced=True).exit_code == 0
    assert clip.read_bytes() == before
    (tmp_path / "in/a/annotated.mp4").rename(tmp_path / "in/a/annotated.partial.mp4")
    for name in ("a/annotated.mp4", "a/c.mp4", "annotated.mp4"):
        shutil.copy(clip, tmp_path / "in" / name)
    summary = run(tmp_path / "out", tmp_path / "in", is_recursive=True)
    found = {str(outcome.input.relative_to(tmp_path / "in")) for outcome in summary.outcomes}
    assert found == {"a.mp4", "a/c.mp4", "annotated.mp4"}


@pytest.mark.parametrize(
    ("name", "folder"),
    [("..mp4", "_."), ("...mp4", "_.."), (".mp4", ".mp4"), ("a", "a-2"), (" .mp4", "_ ")],
)
def test_no_name_leads_out_of_the_results_folder(tmp_path: Path, name: str, folder: str) -> None:
    clip = Clip(ticks=ticks_25(2)).make(tmp_path / "in.mp4").rename(tmp_path / name)
    (tmp_path / "out").mkdir()
    (tmp_path / "out/a").write_text("mine")
    (outcome,) = run(tmp_path / "out", clip, formats=NUMBERS).outcomes
    assert outcome.error is None
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a", folder}
    assert (tmp_path / "out" / folder / "manifest.json").exists()
    assert (tmp_path / "out/a").read_text() == "mine"


def test_an_input_that_is_deleted_meanwhile_leaves_its_results(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(5)).make(tmp_path / "a.mp4")

    def delete(progress: ExportProgress) -> None:
        clip.unlink(missing_ok=True)

    summary = export([clip], tmp_path / "out", lambda: [FixedFace()], on_progress=delete)
    (outcome,) = summary.outcomes
    assert "a.mp4: was deleted or renamed during the export" in str(outcome.error)
    assert summary.exit_code == 3
    left = {path.name for path in (tmp_path / "out/a").iterdir()}
    assert left == {"annotated.mp4", "frames.csv", "frames.jsonl"}


def test_a_read_only_folder_is_refused(tmp_path: Path, small_disk: Path) -> None:
    clip = Clip(ticks=ticks_25(3)).make(tmp_path / "a.mp4")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(ConfigError, match="read-only"):
        run(small_disk, clip)


def test_earlier_results_are_replaced_only_by_force(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(3)).make(tmp_path / "a.mp4")
    run(tmp_path / "out", clip)
    table = tmp_path / "out/a/frames.csv"
    table.write_text("precious")
    with pytest.raises(ConfigError, match="--force"):
        run(tmp_path / "out", clip)
    assert table.read_text() == "precious"
    run(tmp_path / "out", clip, is_forced=True)
    assert table.read_text().startswith("source,")


def test_a_failed_replacement_leaves_no_old_results_beside_new_ones(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(30), container={"movflags": "faststart"}).make(tmp_path / "a.mp4")
    run(tmp_path / "out", clip)
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 7 // 10])
    summary = run(tmp_path / "out", clip, is_forced=True)
    assert summary.exit_code == 3
    assert all(".partial." in path.name for path in (tmp_path / "out/a").iterdir())


def test_links_in_the_results_folder_do_not_lead_to_originals(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(3)).make(tmp_path / "a.mp4")
    before = clip.read_bytes()
    folder = tmp_path / "out/a"
    folder.mkdir(parents=True)
    (folder / "annotated.partial.mp4").symlink_to(clip)
    (folder / "annotated.mp4").symlink_to(clip)
    (outcome,) = run(tmp_path / "out", clip, is_forced=True).outcomes
    assert outcome.error is None
    assert clip.read_bytes() == before
    assert not (folder / "annotated.mp4").is_symlink()


def test_nothing_to_do_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty/deep").mkdir(parents=True)
    Clip(ticks=[0]).make(tmp_path / "empty/deep/a.mp4")
    with pytest.raises(ConfigError, match="nothing to export"):
        run(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    (outcome,) = run(tmp_path / "out", tmp_path / "empty").outcomes
    assert str(outcome.error).startswith("empty: no video in this folder; --recursive")
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_soon_and_leaves_playable_files(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    clip = Clip(ticks=ticks_25(3000), content="still").make(tmp_path / "a.mkv")
    partial = tmp_path / "out/a/frames.partial.jsonl"
    # Where SIGINT is ignored, as under nohup, the child would ignore it too.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        [sys.executable, "-c", TALKATIVE, "export", str(clip), "--out", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        pipesize=4096,  # it is full after some frames, and the command waits until it is read
    )
    signal.signal(signal.SIGINT, before)
    with process:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("a.mkv: frame 1")
        process.send_signal(number)
        time.sleep(1)  # on a busy machine, it might otherwise do the rest before it hears of that
        talk = process.stderr.read()
    assert process.returncode == code
    assert "Traceback" not in talk
    assert "interrupted" in talk
    lines = partial.read_text().splitlines()
    assert 0 < len(lines) < 3000
    playable = video_times(tmp_path / "out/a/annotated.partial.mp4")
    assert playable == video_times(clip)[: len(lines)]
    assert not (tmp_path / "out/a/manifest.json").exists()
