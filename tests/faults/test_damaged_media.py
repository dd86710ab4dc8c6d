"""Files damaged at random, exported: no crash, no hang, little memory, and the truth in the end.

What is exported is what a fuzzer makes of clips in every container that is read, by a seed for
each file. SRFER_MUTATIONS=2000 tries so many of them, and so many models (test_model_files.py).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.clips import Clip, picture, ticks_25
from tests.faults.command import export_command
from tests.faults.damage import KINDS, boxes, damaged
from tests.faults.limits import HANG_S, LIMIT_BYTES, MOST_RSS_MB, MUTATIONS, ROOT

PER_PROCESS = 100

CHILD = """
import gc, json, resource, sys
from pathlib import Path
from srfer.errors import SourceError
from srfer.realtime.export import ExportOptions, export
from srfer.realtime.formats import Format
from tests.clips import FixedFace
from tests.faults.limits import peak_mb

limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

def tell(outcome):
    error = outcome.error
    print(json.dumps({
        **outcome.to_record(),
        "is_source_error": error is None or isinstance(error, SourceError),
        "kind": type(error).__name__,
        "peak_mb": peak_mb(),
    }), flush=True)

formats = frozenset(Format) - {Format.CROPS, Format.PARQUET}  # Arrow alone takes 80 MB
gc.freeze()  # what is imported need not be looked through after every file
export(
    [Path(name) for name in sys.argv[3:]], Path(sys.argv[2]), lambda: [FixedFace()],
    ExportOptions(formats=formats), on_outcome=tell,
)
"""


def originals(folder: Path) -> list[Path]:
    """A small file of every kind that is read."""
    small: dict[str, Any] = {"width": 64, "height": 48}
    steady: dict[str, Any] = {"ticks": range(8), "time_base": Fraction(1, 25), **small}
    h264: dict[str, Any] = {"ticks": ticks_25(8), **small}
    clips = {
        "h264.mp4": Clip(sound="aac", **h264),
        "fragments.mp4": Clip(container={"movflags": "frag_keyframe+empty_moov"}, **h264),
        "turned.mov": Clip(rotation=90, container={"movflags": "faststart"}, **h264),
        "hevc.mp4": Clip(codec="libx265", encoding={"x265-params": "log-level=none"}, **h264),
        "h264.mkv": Clip(sound="libopus", **h264),
        "vp9.webm": Clip(codec="libvpx-vp9", **steady),
        "b-frames.ts": Clip(b_frames=2, sound="mp2", **h264),
        "mjpeg.avi": Clip(codec="mjpeg", pix_fmt="yuvj420p", sound="pcm_s16le", **steady),
        "mpeg4.avi": Clip(codec="mpeg4", **steady),
        "mpeg2.mpg": Clip(codec="mpeg2video", **steady),
        "vp8.ogv": Clip(codec="libvpx", **steady),
        "wmv2.wmv": Clip(codec="wmv2", **steady),
        "h264.flv": Clip(**steady),
        "animation.gif": Clip(codec="gif", pix_fmt="rgb8", **steady),
    }
    paths = [clip.make(folder / name) for name, clip in clips.items()]
    for suffix in ("png", "jpg", "webp", "bmp", "tiff"):
        paths.append(folder / f"picture.{suffix}")
        cv2.imwrite(str(paths[-1]), picture(0, 64, 48))
    return paths


def export_in_child(out: Path, names: Sequence[Path]) -> list[dict[str, Any]]:
    """What the export tells of each file; it must not crash, nor take too long over all."""
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(LIMIT_BYTES), str(out), *map(str, names)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=len(names) * HANG_S,
    )
    assert child.returncode == 0, (child.returncode, child.stdout[-500:], child.stderr[-500:])
    return [json.loads(line) for line in child.stdout.splitlines()]


def wrong_with(told: dict[str, Any]) -> list[str]:
    """What must not be in what is told of a file, or in its folder."""
    error, folder = told["error"], Path(told["folder"])
    left = {path.name for path in folder.iterdir()} if folder.exists() else set()
    is_complete = "manifest.json" in left and not any(".partial" in name for name in left)
    is_partial = all(".partial" in name for name in left)
    is_plain = error is None or (error.isprintable() and error.startswith(told["input"]))
    wrong = {
        f"{told['kind']}: {error}": not told["is_source_error"],
        "hangs": told["elapsed_s"] >= HANG_S,
        "takes too much memory": told["peak_mb"] >= MOST_RSS_MB,
        "is called complete and is not": error is None and not is_complete,
        "failed, and its results are not marked": error is not None and not is_partial,
        "is not told in a line": not is_plain,
    }
    return [what for what, is_so in wrong.items() if is_so]


def damage(paths: Sequence[Path], folder: Path, seeds: range) -> list[Path]:
    """A damaged file for every seed, of each kind in turn."""
    contents = [path.read_bytes() for path in paths]
    names = []
    for seed in seeds:
        number = seed % len(paths)
        donor = contents[(number + seed // len(paths)) % len(paths)]
        names.append(folder / f"{seed}{paths[number].suffix}")
        names[-1].write_bytes(damaged(contents[number], donor, seed))
    return names


@pytest.mark.timeout(60 + MUTATIONS * HANG_S)
def test_damaged_files_end_their_own_export_only(tmp_path: Path) -> None:
    paths = originals(tmp_path)
    told: list[dict[str, Any]] = []
    for first in range(0, MUTATIONS, PER_PROCESS):
        seeds = range(first, min(first + PER_PROCESS, MUTATIONS))
        told += export_in_child(tmp_path / "out", damage(paths, tmp_path, seeds))
    assert len(told) == MUTATIONS
    found = {one["input"]: wrong for one in told if (wrong := wrong_with(one))}
    assert not found
    failed = sum(one["error"] is not None for one in told)
    assert MUTATIONS / 10 < failed < MUTATIONS * 9 / 10, "the damage is real, and not too great"


def test_the_command_tells_of_each_damaged_file_in_a_line(tmp_path: Path) -> None:
    names = damage(originals(tmp_path), tmp_path, range(17))
    done = export_command(*names, "--out", tmp_path / "out", "--formats", "jsonl")
    assert done.returncode == 3
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["input"] for one in told] == [name.name for name in names]
    failed = [one["error"] for one in told if one["error"]]
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert errors == [f"error: {error}" for error in failed]
    assert 3 < len(failed) < 17


@pytest.mark.parametrize("number", range(len(KINDS)))
def test_every_kind_of_damage_does_damage_and_is_the_same_for_a_seed(
    tmp_path: Path, number: int
) -> None:
    one = Clip(ticks=ticks_25(3), width=32, height=32).make(tmp_path / "a.mp4").read_bytes()
    other = Clip(ticks=ticks_25(4), width=32, height=48).make(tmp_path / "b.mp4").read_bytes()
    assert len(list(boxes(one))) > 20
    made = {KINDS[number](one, other, np.random.default_rng(seed)) for seed in range(20)}
    assert len(made - {one}) > 10
    assert damaged(one, other, 7) == damaged(one, other, 7)
