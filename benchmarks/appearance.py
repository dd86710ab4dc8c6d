"""Whether looks tell people apart: how alike one person is to himself later, and to others.

    python -m benchmarks.appearance --clips ../shared/data/videos

On all clips of a folder, in every fifth frame: every face and the same one 15 frames later, and all
pairs of faces that are seen together. The cues are those by which a refined export joins tracks.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np

import srfer
from benchmarks.harness import ROOT, write_result
from srfer.engines import Model
from srfer.errors import SourceError
from srfer.realtime import TrackState
from srfer.realtime.picture import to_gray
from srfer.realtime.refine.appearance import Appearance, appearance, resemblance
from srfer.realtime.refine.joining import LEAST_COMMON, LEAST_LIKENESS

STEP, LATER = 5, 15

Pair = tuple[float, float]


def compare(clip: Path, model: Model) -> tuple[list[Pair], list[Pair]]:
    """Resemblances of faces to themselves, and to others, in a clip."""
    looks: dict[int, dict[int, Appearance]] = {}
    for result in srfer.analyze(clip, model=model):
        image, index = result.frame.image, result.frame.index
        if index % STEP == 0:
            gray = to_gray(image)
            looks[index] = {
                face.track.id: appearance(image, gray, face.track.face.box)
                for face in result.faces
                if face.track.state is not TrackState.LOST
            }
    same, others = [], []
    for index, faces in looks.items():
        later = looks.get(index + LATER, {})
        same += [resemblance(look, later[one]) for one, look in faces.items() if one in later]
        others += [
            resemblance(look, faces[two])
            for one, look in faces.items()
            for two in faces
            if two > one
        ]
    return same, others


def summary(pairs: list[Pair]) -> dict[str, Any]:
    """Percentiles of both cues, and how many pairs pass the thresholds of joining."""
    looks, colours = np.array(pairs).T
    agree_look, agree_colours = looks >= LEAST_LIKENESS, colours >= LEAST_COMMON
    return {
        "n": len(pairs),
        "portrait_p5_p50_p95": np.percentile(looks, [5, 50, 95]).round(3).tolist(),
        "colours_p5_p50_p95": np.percentile(colours, [5, 50, 95]).round(3).tolist(),
        "portrait_agrees_share": round(float(agree_look.mean()), 3),
        "colours_agree_share": round(float(agree_colours.mean()), 3),
        "both_agree_share": round(float((agree_look & agree_colours).mean()), 3),
    }


def main() -> None:
    """Measure, print, write the JSON file."""
    shared = Path(os.environ.get("SRFER_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clips", type=Path, default=shared / "data" / "videos")
    model = srfer.load(device="cpu")
    same: list[Pair] = []
    others: list[Pair] = []
    for path in sorted(parser.parse_args().clips.iterdir()):
        try:
            found = compare(path, model)
        except SourceError as error:
            print(f"{path.name}: left out, {error}")
            continue
        same += found[0]
        others += found[1]
    data = {"same_face_15_frames_later": summary(same), "two_faces_in_a_frame": summary(others)}
    for name, figures in data.items():
        print(name, figures)
    print(write_result("appearance", data))


if __name__ == "__main__":
    main()
