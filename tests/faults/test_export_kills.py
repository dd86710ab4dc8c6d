"""kill -9 at any moment, then `--resume`: nothing is lost, nothing is done twice.

Moments are counted, not timed: every frame, and every file that is opened, made, renamed or
removed in the results. So a seed always means about the same moment, whatever the machine does.
SRFER_KILLS=20 tries so many of them.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import pytest

from tests.clips import Clip, picture, ticks_25, video_times
from tests.faults.limits import ROOT
from tests.faults.test_export_resume import contents, state

KILLS = int(os.environ.get("SRFER_KILLS", "4"))
"""How often an export is killed."""

LOST_FRAMES = 25 + 20
"""Frames that a kill may cost: one second, and what the encoder looks ahead."""

CHILD = """
import os, signal, sys
from pathlib import Path
from tests.faults.test_export_resume import run

out, moment, jobs = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
passed = 0

def tick(*_):
    global passed
    passed += 1
    if passed == moment:
        os.kill(os.getpid(), signal.SIGKILL)

def watch(event, args):
    if event in {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"}:
        name = os.fsdecode(args[0]) if isinstance(args[0], (str, bytes, Path)) else ""
        if name.startswith(out) and not name.endswith(".png"):
            tick()

def tell(progress):
    print("frame", progress.input, flush=True)
    tick()

sys.addaudithook(watch)
summary = run(
    Path(out), [Path(name) for name in sys.argv[4:]], on_progress=tell, is_resumed=True, jobs=jobs
)
for outcome in summary.outcomes:
    print("resumed" if outcome.is_resumed else "done", outcome.input.name, outcome.frames)
print("moments", passed)
sys.exit(summary.exit_code)
"""


def run_child(out: Path, moment: int, jobs: int, inputs: list[Path]) -> tuple[int, list[str]]:
    """Export, and be killed at a moment (0: never); exit code and what was told."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(out), str(moment), str(jobs), *map(str, inputs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.returncode in (0, -signal.SIGKILL), child.stderr
    return child.returncode, child.stdout.splitlines()


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Noise, a still scene, noise longer than two sections, an animation, pictures, a sequence."""
    folder = tmp_path_factory.mktemp("in")
    size: dict[str, Any] = {"width": 64, "height": 48}
    made = [
        Clip(ticks=ticks_25(60), content="noise", sound="aac", **size).make(folder / "noise.mkv"),
        Clip(ticks=ticks_25(90), content="still", **size).make(folder / "still.mp4"),
        Clip(ticks=ticks_25(450), content="noise", sound="aac", **size).make(folder / "long.mkv"),
    ]
    for suffix in ("png", "jpg"):
        made.append(folder / f"picture-{suffix}.{suffix}")
        cv2.imwrite(str(made[-1]), picture(3, 64, 48))
    gif = Clip(ticks=range(8), time_base=Fraction(1, 25), codec="gif", pix_fmt="rgb8", **size)
    for number in range(12):
        cv2.imwrite(str(folder / f"shot_{number}.png"), picture(number, 64, 48))
    return [*made, gif.make(folder / "animation.gif"), folder / "shot_%d.png"]


def check_what_is_left(out: Path, whole: dict[str, str], told: list[str]) -> set[str]:
    """After a kill: whatever has its name is complete, the rest is as far as was told.

    Returns:
        the folders that have a manifest.
    """
    for name, content in contents(out).items():
        if ".partial" not in name:
            assert content == whole[name], f"{name} has its name and is not complete"
    for folder in (path for path in out.iterdir() if path.is_dir()):
        name = "shot_%d" if folder.name == "shot" else folder.name
        frames = sum(line.startswith(f"frame {name}.") for line in told)
        lines = folder / "frames.partial.jsonl"
        if lines.exists():
            *records, _torn = lines.read_text().split("\n")
            assert [json.loads(record)["frame"] for record in records] == list(range(len(records)))
            assert len(records) >= frames - 25
        video = folder / "annotated.partial.mp4"
        if video.exists() and frames > LOST_FRAMES:
            assert len(video_times(video)) >= frames - LOST_FRAMES
    return {path.parent.name for path in out.glob("*/manifest.json")}


@pytest.mark.timeout(300 + 120 * KILLS)
def test_whenever_it_is_killed_resuming_completes_it(tmp_path: Path, inputs: list[Path]) -> None:
    code, told = run_child(tmp_path / "whole", 0, 1, inputs)
    assert code == 0
    moments = int(told[-1].removeprefix("moments "))
    assert moments > 300
    whole = contents(tmp_path / "whole")
    assert not [name for name in whole if ".partial" in name]
    chance = random.Random(11)
    killed = number = 0
    while killed < KILLS:
        out, number, jobs = tmp_path / f"out-{number}", number + 1, 1 + number % 2
        finished: dict[str, dict[str, tuple[int, str]]] = {}
        for _ in range(2):  # the second time while it is resumed
            code, told = run_child(out, chance.randrange(1, moments), jobs, inputs)
            killed += code == -signal.SIGKILL
            done = check_what_is_left(out, whole, told) if out.exists() else set()
            assert finished.keys() <= done
            finished |= {name: state(out / name) for name in done - finished.keys()}
        code, told = run_child(out, 0, jobs, inputs)
        assert code == 0
        resumed = {Path(line.split()[1]).stem for line in told if line.startswith("resumed")}
        resumed = {name.removesuffix("_%d") for name in resumed}
        assert resumed == finished.keys(), "what was finished is not done twice, the rest is done"
        assert {name: state(out / name) for name in finished} == finished
        assert contents(out) == whole
