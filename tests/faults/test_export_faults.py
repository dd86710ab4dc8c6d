"""Full disks, kills and unusable folders: what was done stays, and nothing else is touched."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest

from srfer.errors import ConfigError, ExportError, SourceError
from srfer.realtime.export import ExportOptions, ExportProgress, ExportSummary, export
from srfer.realtime.sources import VideoFile
from tests.clips import Clip, FixedFace, ticks_25, video_times

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


def run(out: Path, *inputs: Path, **options: bool) -> ExportSummary:
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
    playable = video_times(folder / "annotated.partial.mp4")
    assert written - LOST_FRAMES <= len(playable) <= written + 1
    assert playable == times[: len(playable)]

    (again,) = run(tmp_path / "out", clip).outcomes
    assert again.error is None, "the partial files of a kill are no obstacle"
    assert not list(folder.glob("*.partial.*"))
    assert video_times(folder / "annotated.mp4") == times


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
    with pytest.raises(ConfigError, match=r"about \d MB are needed and 2 MB are free"):
        run(small_disk / "out", clip)
    assert not list((small_disk / "out").iterdir())


def test_a_limit_on_file_size_is_reported_and_the_rest_goes_on(tmp_path: Path) -> None:
    noise = Clip(ticks=ticks_25(120), content="noise").make(tmp_path / "a.mkv")
    still = Clip(ticks=ticks_25(20), content="still").make(tmp_path / "b.mkv")
    process = child(tmp_path / "out", noise, still, limit=600_000)
    output, _ = process.communicate(timeout=60)
    first, second = [line for line in output.splitlines() if line.startswith("outcome")]
    assert "annotated.mp4: file too large after" in first
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
    (tmp_path / "link").symlink_to(tmp_path / "in")
    (tmp_path / "results").mkdir()
    (tmp_path / "results/a").symlink_to(tmp_path / "in")
    before = clip.read_bytes()
    for out, reason in (
        ("file", "is a file"),
        ("file/deeper", "cannot be written"),
        ("in", "holds the input"),
        ("link", "holds the input"),
        ("in/a.mp4", "is a file"),
        ("results", "holds the input"),
    ):
        with pytest.raises(ConfigError, match=reason) as caught:
            run(tmp_path / out, clip)
        assert str(caught.value).isprintable()
    assert clip.read_bytes() == before
    assert (tmp_path / "file").read_text() == "mine"
    assert {path.name for path in (tmp_path / "in").iterdir()} == {"a.mp4"}


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
    with pytest.raises(ConfigError, match="empty: no video in this folder; --recursive"):
        run(tmp_path / "out", tmp_path / "empty")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_ends_soon_and_leaves_playable_files(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    clip = Clip(ticks=ticks_25(3000), content="still").make(tmp_path / "a.mkv")
    partial = tmp_path / "out/a/frames.partial.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "srfer", "export", str(clip), "--out", str(tmp_path / "out")],
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline_s = time.monotonic() + 60
    while not (partial.exists() and partial.stat().st_size):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    process.send_signal(number)
    _, talk = process.communicate(timeout=30)
    assert process.returncode == code
    assert "Traceback" not in talk
    assert "interrupted" in talk
    lines = partial.read_text().splitlines()
    assert 0 < len(lines) < 3000
    playable = video_times(tmp_path / "out/a/annotated.partial.mp4")
    assert playable == video_times(clip)[: len(lines)]
    assert not (tmp_path / "out/a/manifest.json").exists()
