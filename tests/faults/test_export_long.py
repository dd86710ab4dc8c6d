"""Hours of video, and the moment at which the power goes.

SRFER_LONG_FRAMES=7200 exports two hours at one frame a second.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import pytest

from srfer.realtime.export import ExportOptions, export
from srfer.realtime.formats import Format
from tests.clips import Clip, ticks_25, video_times
from tests.faults.damage import boxes
from tests.faults.limits import ROOT
from tests.moods import Moods, in_turn

FRAMES = int(os.environ.get("SRFER_LONG_FRAMES", "900"))
MOST_GROWTH_MB = 12
"""From a quarter of a video to its end: the index of the MP4, what was shown in each second."""

MOST_INDEX_BYTES = 64
"""A frame's share in the index of the finished video."""

LOST_FRAMES = 1 + 20
"""Of what can be played at any moment: the open fragment, and what the encoder looks ahead."""

CHILD = """
import json, shutil, sys
from pathlib import Path
from srfer.realtime.export import ExportOptions, export
from srfer.realtime.formats import Format
from tests.moods import Moods, in_turn

clip, out, frames = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
resident = {}

def tell(progress):
    if progress.frames in (frames // 4, frames // 2, frames):
        status = Path("/proc/self/status").read_text()
        resident[progress.frames] = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    if progress.frames == frames // 2:
        shutil.copy(out / clip.stem / "annotated.partial.mp4", out / "half.mp4")

moods = Moods(in_turn(1, ["fear", "anger", "neutral"], 7))
options = ExportOptions(formats=frozenset(Format) - {Format.CROPS})
(outcome,) = export([clip], out, lambda: [moods], options, on_progress=tell).outcomes
print(json.dumps({"frames": outcome.frames, "error": str(outcome.error), "mb": resident}))
"""


@pytest.mark.timeout(300 + FRAMES)
def test_hours_of_video_take_no_more_memory_than_minutes(tmp_path: Path) -> None:
    """At one frame a second every frame is a fragment: two hours make 7,200 of them."""
    clip = Clip(width=64, height=48, ticks=range(FRAMES), time_base=Fraction(1)).make(
        tmp_path / "a.mkv"
    )
    times = video_times(clip)
    assert times[-1] == FRAMES - 1
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(clip), str(tmp_path / "out"), str(FRAMES)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    told = json.loads(child.stdout)
    assert (told["frames"], told["error"]) == (FRAMES, "None")
    assert told["mb"][str(FRAMES)] - told["mb"][str(FRAMES // 4)] < MOST_GROWTH_MB
    annotated = tmp_path / "out/a/annotated.mp4"
    assert video_times(annotated) == times
    data = annotated.read_bytes()
    (index,) = [box for box in boxes(data) if data[box.start + 4 : box.start + 8] == b"moov"]
    assert index.end - index.start < 2000 + MOST_INDEX_BYTES * FRAMES
    with av.open(str(annotated)) as container:
        container.seek(int(times[-1] * 3 / 4) * av.time_base)
        assert next(container.decode(video=0)).time == pytest.approx(FRAMES * 3 // 4, abs=2)
    half = video_times(tmp_path / "out/half.mp4")
    assert len(half) >= FRAMES // 2 - LOST_FRAMES
    assert half == times[: len(half)]


def test_a_power_cut_leaves_nothing_unfinished_under_a_final_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on the disk for sure is what was synced: that is looked at whenever it grows."""
    out = tmp_path / "out"
    synced: dict[Path, bytes] = {}
    folders: list[Path] = []
    videos: list[bytes] = []
    fsync = os.fsync

    def fsync_and_look(handle: int) -> None:
        fsync(handle)
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if path.is_dir():
            folders.append(path)
        else:
            synced[path] = path.read_bytes()
            if path.suffix == ".mp4":
                videos.append(synced[path])
        for final in named_finally(out):
            assert final.read_bytes() in synced.values(), f"{final} has its name too early"

    monkeypatch.setattr(os, "fsync", fsync_and_look)
    clips = [
        Clip(width=64, height=48, ticks=ticks_25(30), sound="aac").make(tmp_path / f"{i}.mp4")
        for i in range(2)
    ]
    moods = Moods(in_turn(1, ["fear", "anger"], 7))
    options = ExportOptions(formats=frozenset(Format) - {Format.HTML})
    assert export(clips, out, lambda: [moods], options).exit_code == 0
    assert len(videos) == 2
    for number, data in enumerate(videos):
        (tmp_path / "copy.mp4").write_bytes(data)
        assert video_times(tmp_path / "copy.mp4") == video_times(clips[number])
    for folder in (out, *out.glob("*/"), *out.glob("*/crops/")):
        assert folder in folders or folder.with_name("crops.partial") in folders, folder
    assert len(named_finally(out)) > 2 * len(options.formats)


def named_finally(out: Path) -> list[Path]:
    """All files that have the names of finished ones."""
    found = out.rglob("*")
    return [path for path in found if path.is_file() and ".partial" not in str(path)]
