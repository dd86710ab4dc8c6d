"""`--resume`: what is finished stays as it is, the rest is done as if nothing had happened."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from srfer.errors import ConfigError
from srfer.realtime.export import ExportOptions, ExportSummary, export
from srfer.realtime.formats import Format
from tests.clips import Clip, FixedFace, ticks_25
from tests.moods import Moods, in_turn

ROOT = Path(__file__).resolve().parents[2]
FORMATS = frozenset(Format)
SCRIPT = in_turn(1, ["fear", "anger", "neutral"], 7)

CHILD = """
import os, signal, sys
from pathlib import Path
from tests.faults.test_export_resume import run

def tell(progress):
    if (progress.number, progress.frames) == (4, 8):
        os.kill(os.getpid(), signal.SIGKILL)

run(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]], on_progress=tell)
"""


def run(out: Path, clips: Sequence[Path], on_progress: Any = None, **options: Any) -> ExportSummary:
    options.setdefault("formats", FORMATS)
    return export(
        clips,
        out,
        lambda: [Moods(SCRIPT)],
        ExportOptions(**options),
        on_progress=on_progress,
    )


def state(folder: Path) -> dict[str, tuple[int, str]]:
    """Time of change and content of every file."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def contents(folder: Path) -> dict[str, str]:
    """Content of every file; the manifests without the time that it took."""
    found = {name: digest for name, (_, digest) in state(folder).items()}
    for path in folder.glob("*/manifest.json"):
        manifest = json.loads(path.read_text())
        del manifest["result"]["elapsed_s"]
        found[str(path.relative_to(folder))] = json.dumps(manifest)
    return found


def test_a_batch_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    clips = [
        Clip(ticks=ticks_25(12 + i), width=64, height=48).make(tmp_path / f"{i}.mkv")
        for i in range(10)
    ]
    command = [sys.executable, "-c", CHILD, str(tmp_path / "out"), *map(str, clips)]
    child = subprocess.run(command, cwd=ROOT, check=False)
    assert child.returncode == -signal.SIGKILL
    out = tmp_path / "out"
    assert [path.name for path in sorted(out.glob("*/manifest.json"))] == ["manifest.json"] * 3
    finished = {name: state(out / name) for name in ("0", "1", "2")}
    assert list((out / "3").glob("*.partial*"))

    summary = run(out, clips, is_resumed=True)
    assert summary.exit_code == 0
    assert [outcome.is_resumed for outcome in summary.outcomes] == [True] * 3 + [False] * 7
    assert [outcome.frames for outcome in summary.outcomes] == [12 + i for i in range(10)]
    assert {name: state(out / name) for name in ("0", "1", "2")} == finished
    run(tmp_path / "whole", clips)
    assert contents(out) == contents(tmp_path / "whole")


@pytest.fixture
def done(tmp_path: Path) -> tuple[Path, Path]:
    """A clip, and the folder of a batch in which it is finished."""
    clip = Clip(ticks=ticks_25(8), width=96, height=64).make(tmp_path / "a.mp4")
    run(tmp_path / "out", [clip])
    return clip, tmp_path / "out"


def test_other_settings_are_not_mixed_in(done: tuple[Path, Path]) -> None:
    clip, out = done
    before = state(out / "a")
    with pytest.raises(ConfigError, match="a: holds results of other settings; replace them with"):
        run(out, [clip], is_resumed=True, has_notice=False)
    assert state(out / "a") == before
    summary = run(out, [clip], is_resumed=True, is_forced=True, has_notice=False)
    assert [outcome.is_resumed for outcome in summary.outcomes] == [False]
    assert json.loads((out / "a/manifest.json").read_text())["settings"]["notice"] is False


def test_another_file_under_the_same_name_is_noticed(done: tuple[Path, Path]) -> None:
    clip, out = done
    Clip(ticks=ticks_25(9), width=96, height=64).make(clip)
    with pytest.raises(ConfigError, match="a: holds results of another file"):
        run(out, [clip], is_resumed=True)


def test_another_version_is_noticed(done: tuple[Path, Path]) -> None:
    clip, out = done
    path = out / "a/manifest.json"
    path.write_text(path.read_text().replace('"srfer": "', '"srfer": "0'))
    with pytest.raises(ConfigError, match="a: holds results of version 0"):
        run(out, [clip], is_resumed=True)


@pytest.mark.parametrize("damage", ["cut", "remove", "crop"])
def test_results_that_are_not_whole_are_made_again(done: tuple[Path, Path], damage: str) -> None:
    clip, out = done
    whole = contents(out)
    match damage:
        case "cut":
            (out / "a/frames.csv").write_text("source,frame")
        case "remove":
            (out / "a/labels.srt").unlink()
        case _:
            (out / "a/crops/track-0001/frame-000003-after.png").unlink()
    (outcome,) = run(out, [clip], is_resumed=True).outcomes
    assert not outcome.is_resumed
    assert contents(out) == whole


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"input": 3}', "\xff"])
def test_a_manifest_that_says_nothing_counts_for_nothing(
    done: tuple[Path, Path], text: str
) -> None:
    clip, out = done
    (out / "a/manifest.json").write_bytes(text.encode("latin-1"))
    (outcome,) = run(out, [clip], is_resumed=True, is_forced=True).outcomes
    assert not outcome.is_resumed
    assert outcome.error is None


def test_an_input_that_is_gone_fails_and_its_results_stay(done: tuple[Path, Path]) -> None:
    clip, out = done
    before = state(out / "a")
    clip.unlink()
    (outcome,) = run(out, [clip], is_resumed=True).outcomes
    assert str(outcome.error) == "a.mp4: no such file; check the path"
    assert state(out / "a") == before


def test_an_input_that_grows_meanwhile_is_not_called_complete(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(8)).make(tmp_path / "a.mkv")

    def grow(progress: object) -> None:
        with clip.open("ab") as file:
            file.write(b"more")

    formats = frozenset({Format.JSONL})
    summary = export(
        [clip],
        tmp_path / "out",
        lambda: [FixedFace()],
        ExportOptions(formats=formats),
        on_progress=grow,
    )
    assert summary.exit_code == 3
    assert "a.mkv: changed while it was read" in str(summary.outcomes[0].error)
    assert not (tmp_path / "out/a/manifest.json").exists()


def test_files_that_are_not_ours_stay(done: tuple[Path, Path]) -> None:
    clip, out = done
    (out / "a/crops/notes.txt").write_text("mine")
    (out / "a/crops/track-0001/mine.png").write_text("mine")
    (outcome,) = run(out, [clip], is_forced=True).outcomes
    assert "not empty" in str(outcome.error), "and nothing is lost"
    assert (out / "a/crops/notes.txt").read_text() == "mine"
    assert (out / "a/crops/track-0001/mine.png").read_text() == "mine"
