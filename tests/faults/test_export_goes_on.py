"""An export that was killed goes on at its last checkpoint, and nobody can tell from the files."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import srfer
from srfer.realtime.checkpoint.files import RESULTS, STATE
from srfer.realtime.formats import Format
from srfer.realtime.outcome import ExportOutcome, ExportProgress
from srfer.realtime.sinks.atomic import SECTION_FRAMES, partial_path
from srfer.realtime.sinks.codecs import VideoCodec
from tests.clips import Clip, ticks_25
from tests.faults.limits import ROOT
from tests.faults.test_export_resume import contents
from tests.faults.test_export_resume import run as act
from tests.realtime.refine.films import play

FRAMES = 420
FORMATS = ["video", "jsonl", "html"]
"""Those of exports with a real analysis; `noise` is exported into all."""

CHILD = """
import os, signal, sys
from pathlib import Path
from tests.faults.test_export_goes_on import run

def tell(progress):
    if progress.frames == int(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)

run(Path(sys.argv[1]), Path(sys.argv[2]), tell, resume=True, refine=sys.argv[4] == "True")
"""


def run(clip: Path, out: Path, on_progress: object = None, **options: object) -> ExportOutcome:
    options = {"formats": FORMATS, "model": srfer.load(device="cpu"), **options}
    (outcome,) = srfer.export(clip, out, on_progress=on_progress, **options).outcomes  # type: ignore[arg-type]
    assert outcome.error is None
    return outcome


def kill(clip: Path, out: Path, at: int, *, refine: bool = False) -> Path:
    """Export, and be killed after so many frames; the folder of what is left."""
    command = [sys.executable, "-c", CHILD, str(clip), str(out), str(at), str(refine)]
    child = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert child.returncode == -signal.SIGKILL, child.stderr
    return out / "a"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody who moves and is hidden for a while, and somebody who comes later."""

    def people(index: int) -> list[tuple[float, float, float, bool]]:
        one = (46.0, 60.0 + 0.1 * index, 70.0, False)
        other = (30.0, 180.0 - 0.1 * index, 90.0, False)
        return [] if 392 <= index < 405 else [one, other][: 1 + (index > 190)]

    return play(tmp_path_factory.mktemp("clips") / "a.mkv", FRAMES, people, fps=25)


@pytest.fixture(scope="module")
def whole(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of an export that was never interrupted."""
    out = tmp_path_factory.mktemp("whole")
    assert run(clip, out).known_frames == 0
    return contents(out)


@pytest.mark.parametrize("at", [SECTION_FRAMES, FRAMES])
def test_it_goes_on_at_the_last_checkpoint(
    clip: Path, whole: dict[str, str], tmp_path: Path, at: int
) -> None:
    left = kill(clip, tmp_path, at)
    assert all(".partial" in path.name for path in left.iterdir())
    known = (at - 1) // SECTION_FRAMES * SECTION_FRAMES  # it is told of a frame before the next
    assert run(clip, tmp_path, resume=True).known_frames == known
    assert contents(tmp_path) == whole
    assert run(clip, tmp_path, resume=True).is_resumed


def test_it_may_be_killed_again_and_again(
    clip: Path, whole: dict[str, str], tmp_path: Path
) -> None:
    kill(clip, tmp_path, SECTION_FRAMES + 30)
    kill(clip, tmp_path, 2 * SECTION_FRAMES + 10)
    kill(clip, tmp_path, SECTION_FRAMES + 50)  # before it is where it was
    assert run(clip, tmp_path, resume=True).known_frames == 2 * SECTION_FRAMES
    assert contents(tmp_path) == whole


def stop_at(frames: int) -> Callable[[ExportProgress], None]:
    def tell(progress: ExportProgress) -> None:
        if progress.frames == frames:
            raise KeyboardInterrupt

    return tell


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small video with sound, for what does not depend on who is in it."""
    path = tmp_path_factory.mktemp("noise") / "a.mkv"
    clip = Clip(ticks=ticks_25(450), content="noise", sound="aac", width=64, height=48)
    return clip.make(path)


@pytest.fixture(scope="module")
def whole_noise(noise: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    out = tmp_path_factory.mktemp("whole-noise")
    act(out, [noise])
    return contents(out)


@pytest.fixture
def stopped(noise: Path, tmp_path: Path) -> Path:
    """The folder of an export that was interrupted in the last section."""
    with pytest.raises(KeyboardInterrupt):
        act(tmp_path / "out", [noise], stop_at(430))
    return tmp_path / "out"


def go_on(out: Path, clip: Path, **options: object) -> int:
    """Resume; how many frames were known."""
    (outcome,) = act(out, [clip], **{"is_resumed": True, **options}).outcomes
    assert outcome.error is None
    return outcome.known_frames


def test_it_goes_on_unless_it_is_to_begin_anew(
    noise: Path, whole_noise: dict[str, str], stopped: Path, tmp_path: Path
) -> None:
    shutil.copytree(stopped, tmp_path / "anew")
    assert go_on(stopped, noise) == 2 * SECTION_FRAMES
    assert contents(stopped) == whole_noise
    assert go_on(tmp_path / "anew", noise, is_resumed=False) == 0
    assert contents(tmp_path / "anew") == whole_noise


def test_other_settings_begin_anew(noise: Path, stopped: Path, tmp_path: Path) -> None:
    act(tmp_path / "whole", [noise], has_notice=False)
    assert go_on(stopped, noise, has_notice=False) == 0
    assert contents(stopped) == contents(tmp_path / "whole")


def test_another_video_of_the_same_name_begins_anew(
    noise: Path, stopped: Path, tmp_path: Path
) -> None:
    other = tmp_path / noise.name
    other.write_bytes(noise.read_bytes() + b"and more")
    assert go_on(stopped, other) == 0


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0x40
    path.write_bytes(data)


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


DAMAGES: dict[str, Callable[[Path], object]] = {
    "state: a bit": lambda folder: flip(partial_path(folder / STATE), 30),
    "state: cut": lambda folder: cut(partial_path(folder / STATE), 20),
    "state: empty": lambda folder: cut(partial_path(folder / STATE), 0),
    "state: gone": lambda folder: partial_path(folder / STATE).unlink(),
    "results: a bit": lambda folder: flip(partial_path(folder / RESULTS), 20),
    "results: a late bit": lambda folder: flip(partial_path(folder / RESULTS), -200),
    "results: cut": lambda folder: cut(partial_path(folder / RESULTS), 5000),
    "results: gone": lambda folder: partial_path(folder / RESULTS).unlink(),
}
LOSSES: dict[str, Callable[[Path], object]] = {
    "video": lambda folder: partial_path(folder / "annotated.mp4").unlink(),
    "video: all of it": lambda folder: cut(partial_path(folder / "annotated.mp4"), 0),
    "video: half of it": lambda folder: cut(partial_path(folder / "annotated.mp4"), 400_000),
    "lines": lambda folder: partial_path(folder / "frames.jsonl").unlink(),
    "crops": lambda folder: shutil.rmtree(partial_path(folder / "crops")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_counts_for_nothing(
    noise: Path, whole_noise: dict[str, str], stopped: Path, damage: str
) -> None:
    DAMAGES[damage](stopped / "a")
    assert go_on(stopped, noise) == 0
    assert contents(stopped) == whole_noise


@pytest.mark.parametrize("loss", LOSSES)
def test_what_is_lost_beside_a_checkpoint_is_made_again(
    noise: Path, whole_noise: dict[str, str], stopped: Path, loss: str
) -> None:
    LOSSES[loss](stopped / "a")
    assert go_on(stopped, noise) == 2 * SECTION_FRAMES
    assert contents(stopped) == whole_noise


def test_what_was_written_after_a_checkpoint_does_not_count(
    noise: Path, whole_noise: dict[str, str], stopped: Path
) -> None:
    with partial_path(stopped / "a" / RESULTS).open("ab") as file:
        file.write(b"begun")
    assert go_on(stopped, noise) == 2 * SECTION_FRAMES
    assert contents(stopped) == whole_noise


def test_two_passes_go_on_too(clip: Path, tmp_path: Path) -> None:
    run(clip, tmp_path / "whole", refine=True)
    out = tmp_path / "out"
    left = kill(clip, out, SECTION_FRAMES + 30, refine=True)
    assert not partial_path(left / "frames.jsonl").exists(), "the first pass"
    left = kill(clip, out, 2 * FRAMES + SECTION_FRAMES + 30, refine=True)
    assert partial_path(left / "frames.jsonl").exists(), "the last pass"
    assert run(clip, out, refine=True, resume=True).known_frames == 2 * SECTION_FRAMES
    assert contents(out) == contents(tmp_path / "whole")


def test_an_input_that_is_deleted_is_read_to_its_end(noise: Path, tmp_path: Path) -> None:
    clip = Path(shutil.copy(noise, tmp_path / "b.mkv"))
    formats = frozenset({Format.VIDEO, Format.JSONL})
    (outcome,) = act(
        tmp_path, [clip], lambda _: clip.unlink(missing_ok=True), formats=formats
    ).outcomes
    assert outcome.frames == 450
    assert "b.mkv: was deleted or renamed during the export" in str(outcome.error)
    assert (tmp_path / "b/annotated.mp4").exists()
    assert not list((tmp_path / "b").glob("*.partial*"))


@pytest.mark.parametrize("codec", ["hevc", "av1"])
def test_videos_of_other_codecs_are_continued(noise: Path, tmp_path: Path, codec: str) -> None:
    options = {"formats": frozenset({Format.VIDEO}), "codec": VideoCodec(codec)}
    with pytest.raises(KeyboardInterrupt):
        act(tmp_path / "out", [noise], stop_at(330), **options)
    assert go_on(tmp_path / "out", noise, **options) == SECTION_FRAMES
    act(tmp_path / "whole", [noise], **options)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_checkpoint_that_cannot_be_written_is_an_error(noise: Path, tmp_path: Path) -> None:
    def block(_: ExportProgress) -> None:
        partial_path(tmp_path / "a" / RESULTS).mkdir(exist_ok=True)

    (outcome,) = act(tmp_path, [noise], block).outcomes
    assert str(outcome.error) == (
        "a/checkpoint-results.bin: is a directory after 0 frames; check its folder"
    )
