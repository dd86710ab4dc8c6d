"""An export in two passes that was killed, whenever, and resumed: as if nothing had happened."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

import srfer
from srfer.errors import ConfigError
from srfer.realtime.formats import Format
from srfer.realtime.outcome import ExportOutcome
from tests.faults.test_export_resume import contents
from tests.realtime.refine.films import play, seen

ROOT = Path(__file__).resolve().parents[2]
FRAMES = 16
HIDDEN = range(6, 9)
FORMATS = [str(kind) for kind in Format if kind not in {Format.VIDEO, Format.EAF}]
"""The video has the same faces, but now and then its encoder stores a corner in other bytes;
without it, EAF names the way to the input, which is another one from another folder."""
FIRST, SEARCH, WRITE = (number * FRAMES for number in range(3))
"""Frames that are done when the passes begin."""

CHILD = """
import os, signal, sys
from pathlib import Path
from tests.faults.test_refined_resume import run

def tell(progress):
    if progress.frames == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

run(Path(sys.argv[1]), Path(sys.argv[2]), tell)
"""


def run(
    clip: Path, out: Path, on_progress: object = None, *, resume: bool = False
) -> ExportOutcome:
    (outcome,) = srfer.export(
        clip,
        out,
        formats=FORMATS,
        model=srfer.load(device="cpu"),
        refine=True,
        resume=resume,
        on_progress=on_progress,  # type: ignore[arg-type]
    ).outcomes
    return outcome


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def people(index: int) -> list[tuple[float, float, float, bool]]:
        return [] if index in HIDDEN else [(46.0, 100.0 + 2 * index, 70.0, False)]

    return play(tmp_path_factory.mktemp("clips") / "a.mkv", FRAMES, people)


@pytest.fixture(scope="module")
def whole(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an export that was never interrupted."""
    out = tmp_path_factory.mktemp("whole")
    assert run(clip, out).error is None
    return out


def test_two_uninterrupted_exports_are_the_same(clip: Path, whole: Path, tmp_path: Path) -> None:
    run(clip, tmp_path)
    assert contents(tmp_path) == contents(whole)
    assert seen(tmp_path / "a") == {1: [at for at in range(FRAMES) if at not in HIDDEN]}


@pytest.mark.parametrize("at", [FIRST + 8, SEARCH + 8, WRITE + 8])
def test_a_killed_export_is_resumed_to_the_same_files(
    clip: Path, whole: Path, tmp_path: Path, at: int
) -> None:
    command = [sys.executable, "-c", CHILD, str(clip), str(tmp_path / "out"), str(at)]
    child = subprocess.run(command, cwd=ROOT, check=False)
    assert child.returncode == -signal.SIGKILL
    left = {path.name for path in (tmp_path / "out/a").iterdir()}
    assert "manifest.json" not in left
    assert all(".partial" in name for name in left), "what was remembered is gone with the process"
    assert bool(left) == (at > WRITE)
    outcome = run(clip, tmp_path / "out", resume=True)
    assert outcome.error is None
    assert not outcome.is_resumed
    assert contents(tmp_path / "out") == contents(whole)
    assert run(clip, tmp_path / "out", resume=True).is_resumed


def test_results_of_one_pass_are_not_taken_for_refined_ones(clip: Path, tmp_path: Path) -> None:
    srfer.export(clip, tmp_path, formats=FORMATS)
    with pytest.raises(ConfigError, match="a: holds results of other settings"):
        run(clip, tmp_path, resume=True)
