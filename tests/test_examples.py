"""The examples run as their docstrings say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from srfer.realtime.demo.clip import Walk, make_clip

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(name: str, *arguments: Path) -> list[str]:
    """The lines that an example prints."""
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def test_best_smiles(tmp_path: Path) -> None:
    sides = np.full(8, 120.0)
    walk = Walk(sides, np.stack([300 + sides * 0, 240 + sides * 0], axis=1))
    make_clip(tmp_path / "clip.mp4", walk)
    (line,) = run("best_smiles.py", tmp_path / "clip.mp4")
    assert line.startswith("person 1: ")


def test_pictures_to_csv(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "portrait.png"), data.astronaut()[..., ::-1])
    header, row = run("pictures_to_csv.py", tmp_path / "portrait.png")
    assert header.startswith("picture,left")
    assert ",happiness," in row


def test_every_example_is_tested() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert f'"{path.name}"' in tested
