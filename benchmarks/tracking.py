"""What finding and following faces costs, and how small a face may get.

    python -m benchmarks.tracking [--yunet yunet.onnx]

Times each step on a 640x480 clip with one face; then follows a face that shrinks from 160 px and
grows back, in clips of different noise, with and without second looks.
"""

from __future__ import annotations

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from srfer.realtime.crop import cut
from srfer.realtime.demo.clip import Walk, make_clip, plan_walk
from srfer.realtime.detection import open_detector
from srfer.realtime.picture import to_gray
from srfer.realtime.sources import VideoFile
from srfer.realtime.tracking import FaceTracker, TrackerConfig
from srfer.realtime.tracking.flow import follow
from srfer.realtime.tracking.second_look import look_again
from srfer.realtime.types import Box, Frame, TrackState

from .harness import percentiles, write_result

FRAMES = 60
NOISES = (2.0, 5.0, 8.0)


def frames_of(path: Path) -> list[Frame]:
    """All frames of a clip."""
    with VideoFile(path) as source:
        return list(source)


def clocked(work: Callable[[], object]) -> float:
    """Milliseconds that one call takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def time_steps(frames: list[Frame], yunet: Path | None) -> dict[str, Any]:
    """Milliseconds of every step, in turn frame by frame."""
    detectors = {f"retinaface_{px}": open_detector(detect_px=px) for px in (640, 480)}
    if yunet is not None:
        detectors["yunet_640"] = open_detector("yunet", model=yunet, detect_px=640)
    samples: dict[str, list[float]] = {}

    def add(name: str, work: Callable[[], object]) -> None:
        samples.setdefault(name, []).append(clocked(work))

    for detector in detectors.values():
        detector.__enter__()
    base = detectors["retinaface_640"]
    before = to_gray(frames[0].image)
    for frame in frames[1:]:
        image, gray = frame.image, to_gray(frame.image)
        (face, *_), *_ = base.detect([image])
        add("gray", partial(to_gray, image))
        for name, detector in detectors.items():
            add(name, partial(detector.detect, [image]))
        add("second_look", partial(look_again, base, frame, [face.box]))
        add("second_look_8", partial(look_again, base, frame, [face.box] * 8))
        add("flow", partial(follow, before, gray, face, face.box.center))
        add("crop", partial(cut, gray, face))
        before = gray
    for detector in detectors.values():
        detector.__exit__(None, None, None)
    return {name: percentiles(values[5:]) for name, values in samples.items()}


def follow_shrinking(frames: list[Frame], walk: Walk, config: TrackerConfig) -> dict[str, Any]:
    """Follow the walking face; its numbers, and the smallest size at which it was still seen."""
    seen: list[float] = []
    ids: set[int] = set()
    costs: list[float] = []
    with FaceTracker(open_detector(), config) as track:
        for frame in frames:
            started = time.perf_counter()
            tracks = track(frame).tracks
            costs.append((time.perf_counter() - started) * 1e3)
            ids.update(item.id for item in tracks)
            if any(is_at(item.face.box, item.state, walk, frame.index) for item in tracks):
                seen.append(float(walk.sides_px[frame.index]))
    return {
        "followed": round(len(seen) / len(frames), 3),
        "smallest_px": round(min(seen), 1),
        "numbers": len(ids),
        "ms_per_frame": percentiles(costs),
    }


def is_at(box: Box, state: TrackState, walk: Walk, index: int) -> bool:
    """True where a track that is seen lies on the face of the walk."""
    distance = np.hypot(*(np.array(box.center) - walk.centers[index]))
    return state is not TrackState.LOST and bool(distance < walk.sides_px[index] / 2)


def main() -> None:
    """Measure, print and write the result file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--yunet", type=Path, help="YuNet model, to time it too")
    options = parser.parse_args()
    data: dict[str, Any] = {"shrinking": []}
    walk = plan_walk()
    standing = dataclasses.replace(
        walk, sides_px=np.full(FRAMES, 120.0), centers=np.full((FRAMES, 2), (320.0, 240.0))
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        make_clip(path, standing)
        data["ms"] = time_steps(frames_of(path), options.yunet)
        for noise in NOISES:
            make_clip(path, walk, noise_sigma=noise)
            frames = frames_of(path)
            for below_px in (TrackerConfig().second_look_below_px, 0.0):
                config = TrackerConfig(second_look_below_px=below_px)
                found = follow_shrinking(frames, walk, config)
                data["shrinking"].append({"noise": noise, "second_looks": below_px > 0} | found)
    for name, figures in data["ms"].items():
        print(f"{name:>15}: {figures['p50']:.2f} ms (95 % below {figures['p95']:.2f})")
    for row in data["shrinking"]:
        print(row)
    print(write_result("tracking", data))


if __name__ == "__main__":
    main()
