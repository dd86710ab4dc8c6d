"""How many small faces of large frames are followed, by their size, and what it costs.

    python -m benchmarks.small_faces CLIP... --yunet yunet_n_dynamic.onnx

Real clips are shown side by side on a wall, scaled into its cells, as a surveillance camera shows
many people at once. Which faces are there is known from each clip by itself, enlarged twice, as two
detectors see it: what YuNet (score 0.8 or more) and RetinaFace (0.5) both find is a face; what only
one of them finds (from 0.3) is unclear and counts neither for nor against a tracker. Costs are time
of the processor, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from srfer.realtime.detection import Detector, open_detector
from srfer.realtime.sources import VideoFile
from srfer.realtime.tracking import FaceTracker, TrackerConfig
from srfer.realtime.tracking.association import assign, iou, nearness
from srfer.realtime.types import Box, Face, Frame, RgbImage, TrackState

from .harness import percentiles, write_result

SIZES_PX = (12, 16, 24, 32, 40, 80)
ENLARGED = 2
SURE, SEEN, UNCLEAR = 0.8, 0.5, 0.3
SAME_IOU = 0.4
MOST_FRAMES = 24
"""Of each clip; it is then played backwards, so that nothing jumps."""
FRAMES = 75
SETTLED = 30
"""Frames from which on a face should have been found: two seconds."""
RATE = 15
WALLS = ((1920, 1080, 480), (1280, 720, 320))
"""Width and height of the wall, and width of its cells (16:9), in pixels."""


@dataclass(frozen=True)
class Clip:
    """A clip, and for each frame the boxes that are faces and those that may be."""

    images: list[RgbImage]
    faces: list[list[Box]]
    unclear: list[list[Box]]


@dataclass(frozen=True)
class Scene:
    """A frame of the wall and what is known of it."""

    image: RgbImage
    faces: list[Box]
    unclear: list[Box]


def read_clip(path: Path, yunet: Detector, retinaface: Detector) -> Clip:
    """Decode a clip and find what is there."""
    with VideoFile(path) as source:
        images = [frame.image for frame, _ in zip(source, range(MOST_FRAMES), strict=False)]
    clip = Clip(images, [], [])
    for image in images:
        large = np.asarray(
            cv2.resize(image, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC),
            np.uint8,
        )
        (first,), (second,) = yunet.detect([large]), retinaface.detect([large])
        sure = [_reduced(face) for face in first if face.score >= SURE]
        seen = [_reduced(face) for face in second if face.score >= SEEN]
        both = iou(sure, seen).max(axis=1, initial=0) >= SAME_IOU
        faces = [box for box, is_face in zip(sure, both, strict=True) if is_face]
        others = [_reduced(face) for face in (*first, *second)]
        apart = iou(others, faces).max(axis=1, initial=0) < SAME_IOU
        clip.faces.append(faces)
        clip.unclear.append([box for box, is_other in zip(others, apart, strict=True) if is_other])
    return clip


def _reduced(face: Face) -> Box:
    return Box(*(edge / ENLARGED for edge in face.box))


def film_wall(clips: Sequence[Clip], width: int, height: int, cell: int) -> Iterator[Scene]:
    """The wall, frame by frame; each cell shows the next clip."""
    cell_height = cell * 9 // 16
    places = [
        (x * cell, y * cell_height)
        for y in range(height // cell_height)
        for x in range(width // cell)
    ]
    for index in range(FRAMES):
        scene = Scene(np.full((height, width, 3), 90, np.uint8), [], [])
        for i, (left, top) in enumerate(places):
            clip = clips[i % len(clips)]
            turn = 2 * len(clip.images) - 2
            at = (index + 7 * (i // len(clips))) % turn
            at = min(at, turn - at)
            image = clip.images[at]
            scale = min(cell / image.shape[1], cell_height / image.shape[0])
            size = round(image.shape[1] * scale), round(image.shape[0] * scale)
            shown = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            x, y = left + (cell - size[0]) // 2, top + (cell_height - size[1]) // 2
            scene.image[y : y + size[1], x : x + size[0]] = shown
            for boxes, known in ((clip.faces, scene.faces), (clip.unclear, scene.unclear)):
                known += [
                    Box(*(edge * scale + d for edge, d in zip(box, (x, y, x, y), strict=True)))
                    for box in boxes[at]
                ]
        yield scene


def measure(scenes: list[Scene], detector: Detector, config: TrackerConfig) -> dict[str, Any]:
    """Follow the faces of a wall; what was found of each size, what was invented, and the cost."""
    there: dict[int, int] = {}
    found: dict[int, int] = {}
    costs_ms: list[float] = []
    invented = 0
    ids: set[int] = set()
    with FaceTracker(detector, config) as track:
        for index, scene in enumerate(scenes):
            pts = Fraction(index, RATE)
            frame = Frame("wall", index, float(pts), pts, scene.image)
            started = time.process_time()
            tracks = track(frame).tracks
            costs_ms.append((time.process_time() - started) * 1e3)
            boxes = [t.face.box for t in tracks if t.state is not TrackState.LOST]
            ids.update(t.id for t in tracks)
            if index < SETTLED:
                continue
            rows = {row for row, _ in matches(scene.faces, boxes)}
            for row, box in enumerate(scene.faces):
                size = max((px for px in SIZES_PX if px <= side_of(box)), default=0)
                there[size] = there.get(size, 0) + 1
                found[size] = found.get(size, 0) + (row in rows)
            known = scene.faces + scene.unclear
            invented += len(boxes) - len(matches(known, boxes))
    return {
        "recall_percent": {
            _name(px): round(100 * found[px] / there[px], 1) for px in sorted(there)
        },
        "faces_a_frame": {
            _name(px): round(there[px] / (len(scenes) - SETTLED), 2) for px in sorted(there)
        },
        "invented_a_frame": round(invented / (len(scenes) - SETTLED), 3),
        "numbers": len(ids),
        "processor_ms_a_frame": percentiles(costs_ms, 2),
    }


def matches(known: list[Box], boxes: list[Box]) -> list[tuple[int, int]]:
    """Which known face each box is: middles within half a side, sizes within a factor of two."""
    return assign(nearness(known, [side_of(box) / 2 for box in known], boxes), at_least=0.01)


def side_of(box: Box) -> float:
    """Square root of the area, in pixels."""
    return math.sqrt(box.width * box.height)


def _name(px: int) -> str:
    if px == 0:
        return f"below {SIZES_PX[0]}"
    later = [size for size in SIZES_PX if size > px]
    return f"{px}-{later[0]}" if later else f"{px}+"


def main() -> None:
    """Measure, print and write the result file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--yunet", type=Path, required=True)
    options = parser.parse_args()
    with (
        open_detector("yunet", model=options.yunet, detect_px=8192, score_from=UNCLEAR) as yunet,
        open_detector(detect_px=8192, score_from=UNCLEAR) as retinaface,
    ):
        clips = [read_clip(path, yunet, retinaface) for path in options.clips]
    data: dict[str, Any] = {"clips": [path.name for path in options.clips], "walls": []}
    variants = [(name, 640, tiles) for name in ("retinaface", "yunet") for tiles in (0, 2)]
    variants.append(("retinaface", 1920, 0))
    for width, height, cell in WALLS:
        scenes = list(film_wall(clips, width, height, cell))
        for name, detect_px, tiles in variants:
            if detect_px > width:
                continue
            model = options.yunet if name == "yunet" else None
            detector = open_detector(name, model=model, detect_px=detect_px)
            row = {
                "wall": f"{width}x{height}, cells of {cell}",
                "tracker": name,
                "detect_px": detect_px,
                "tiles_per_search": tiles,
                **measure(scenes, detector, TrackerConfig(tiles_per_search=tiles)),
            }
            data["walls"].append(row)
            print(row, flush=True)
    print(write_result("small_faces", data))


if __name__ == "__main__":
    main()
