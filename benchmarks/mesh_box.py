"""Where RetinaFace's box lies on MediaPipe's mesh, so that both trackers' faces are cut alike.

    python -m benchmarks.mesh_box CLIP... --model face_landmarker.task

The crop rule was chosen for RetinaFace's boxes. In clips in which both find a face, this measures
its box in units of the mesh's bounding box, and how well the median rule does on the other clips.
Then it shows MediaPipe one face at many sizes, to see how small it may be.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import skimage.data
from numpy.typing import NDArray

from srfer.realtime.detection import Detector, open_detector
from srfer.realtime.sources import VideoFile
from srfer.realtime.tracking.association import iou
from srfer.realtime.tracking.landmarker import FaceLandmarker
from srfer.realtime.tracking.mediapipe import MESH_BOX, extent
from srfer.realtime.types import Box

from .harness import percentiles, write_result

EVERY = 5
"""Frames from one compared frame to the next: neighbours say the same."""
SURE = 0.95
SAME_FACE_IOU = 0.3
ASTRONAUT_PX = 117
"""Height of the face in scikit-image's picture of an astronaut."""
HEIGHTS_PX = (200, 160, 140, 120, 110, 100, 90, 80, 70, 60, 50, 40)

Pairs = NDArray[np.float64]
"""(N, 8): bounding box of the mesh, then RetinaFace's box."""


def pairs_of(clip: Path, model: Path, detector: Detector) -> Pairs:
    """Faces of a clip that both find."""
    rows: list[tuple[float, ...]] = []
    with VideoFile(clip) as source, FaceLandmarker(model, faces=16) as landmarker:
        for frame in source:
            meshes = [extent(found.mesh) for found in landmarker.find(frame.image, frame.index)]
            if frame.index % EVERY or not meshes:
                continue
            faces = [f.box for f in detector.detect([frame.image])[0] if f.score >= SURE]
            overlap = iou(meshes, faces)
            rows += list(_mutual(meshes, faces, overlap))
    return np.array(rows).reshape(-1, 8)


def _mutual(
    meshes: list[Box], faces: list[Box], overlap: NDArray[np.float64]
) -> Iterator[tuple[float, ...]]:
    for i, mesh in enumerate(meshes):
        if not faces:
            return
        j = int(overlap[i].argmax())
        if overlap[i, j] >= SAME_FACE_IOU and overlap[:, j].argmax() == i:
            yield (*mesh, *faces[j])


def in_units_of_mesh(pairs: Pairs) -> NDArray[np.float64]:
    """(N, 4): edges of RetinaFace's box; 0 is the mesh's left or top edge, 1 the right or lower."""
    corner, size = pairs[:, :2], pairs[:, 2:4] - pairs[:, :2]
    return np.hstack([(pairs[:, 4:6] - corner) / size, (pairs[:, 6:] - corner) / size])


def agreement(pairs: Pairs, rule: NDArray[np.float64]) -> dict[str, Any]:
    """How the boxes that the rule gives compare with RetinaFace's."""
    corner, size = pairs[:, :2], pairs[:, 2:4] - pairs[:, :2]
    made = np.hstack([corner + rule[:2] * size, corner + rule[2:] * size])
    found = pairs[:, 4:]
    larger = (made[:, 2:] - made[:, :2]).max(axis=1), (found[:, 2:] - found[:, :2]).max(axis=1)
    middle = (made[:, :2] + made[:, 2:] - found[:, :2] - found[:, 2:]) / 2 / larger[1][:, None]
    overlaps = [iou([Box(*a)], [Box(*b)])[0, 0] for a, b in zip(made, found, strict=True)]
    share = larger[0] / larger[1]
    return {
        "n": len(pairs),
        "iou": percentiles(overlaps),
        "larger_side_ratio_5_50_95": np.percentile(share, [5, 50, 95]).round(3).tolist(),
        "middle_off_median_x_y": np.median(middle, axis=0).round(3).tolist(),
    }


def sizes_found(model: Path) -> dict[str, bool]:
    """Height of a face in a frame of 1280x720, in pixels, and whether MediaPipe finds it."""
    portrait = skimage.data.astronaut()
    found = {}
    with FaceLandmarker(model, faces=16) as landmarker:
        for i, height in enumerate(HEIGHTS_PX):
            scale = height / ASTRONAUT_PX
            small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            frame = np.full((720, 1280, 3), 110, np.uint8)
            # An empty frame first: it must find the face anew, not follow it.
            landmarker.find(frame, 2 * i)
            shown = small[:720]
            frame[: shown.shape[0], 300 : 300 + shown.shape[1]] = shown
            found[str(height)] = len(landmarker.find(frame, 2 * i + 1)) == 1
    return found


def main() -> None:
    """Measure, print and write the result file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    options = parser.parse_args()
    with open_detector(detect_px=640) as detector:
        by_clip = {
            clip.name: pairs
            for clip in options.clips
            if len(pairs := pairs_of(clip, options.model, detector))
        }
    units = {name: in_units_of_mesh(pairs) for name, pairs in by_clip.items()}
    # Each clip counts the same, however long it is.
    medians = {name: np.median(rows, axis=0) for name, rows in units.items()}
    data: dict[str, Any] = {
        "rule": np.mean(list(medians.values()), axis=0).round(3).tolist(),
        "used": list(MESH_BOX),
        "clips": {
            name: {
                "median": medians[name].round(3).tolist(),
                "with_rule_of_the_others": agreement(
                    pairs, np.mean([m for k, m in medians.items() if k != name], axis=0)
                ),
            }
            for name, pairs in by_clip.items()
        },
        "found_at_height_px": sizes_found(options.model),
        "with_the_rule_used": agreement(np.vstack(list(by_clip.values())), np.array(MESH_BOX)),
    }
    for name, figures in data["clips"].items():
        print(name, figures)
    print(data["rule"], data["with_the_rule_used"])
    print(data["found_at_height_px"])
    print(write_result("mesh_box", data))


if __name__ == "__main__":
    main()
