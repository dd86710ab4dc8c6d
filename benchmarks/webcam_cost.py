"""What the search for small faces costs where there is one large face, as in front of a webcam.

    python -m benchmarks.webcam_cost CLIP...

Each clip is enlarged as far as it fits into 1280x720, since smaller frames have no tiles. It is
followed for ten seconds, forwards and backwards, with and without tiles. Costs are time of the
processor, so that other work on the machine does not count.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from srfer.realtime.detection import open_detector
from srfer.realtime.sources import VideoFile
from srfer.realtime.tracking import FaceTracker, TrackerConfig
from srfer.realtime.types import Frame, RgbImage

from .harness import percentiles, write_result

WIDTH, HEIGHT = 1280, 720
FRAMES = 300
RATE = 30
MOST_IMAGES = 60


def follow(images: Sequence[RgbImage], tiles_per_search: int) -> dict[str, Any]:
    """Milliseconds of the processor for each frame."""
    turn = 2 * len(images) - 2
    costs_ms = []
    seen = []
    with FaceTracker(open_detector(), TrackerConfig(tiles_per_search=tiles_per_search)) as track:
        for index in range(FRAMES):
            at = min(index % turn, turn - index % turn)
            frame = Frame("webcam", index, index / RATE, Fraction(index, RATE), images[at])
            started = time.process_time()
            seen.append(len(track(frame).tracks))
            costs_ms.append((time.process_time() - started) * 1e3)
    return {
        "tiles_per_search": tiles_per_search,
        "processor_ms_a_frame": percentiles(costs_ms, 2),
        "faces_a_frame": round(float(np.mean(seen)), 2),
    }


def enlarged(frame: Frame) -> RgbImage:
    """The picture at the size of a usual webcam's."""
    scale = min(WIDTH / frame.width, HEIGHT / frame.height)
    size = round(frame.width * scale), round(frame.height * scale)
    return np.asarray(cv2.resize(frame.image, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def main() -> None:
    """Measure, print and write the result file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("clips", nargs="+", type=Path)
    data: dict[str, Any] = {}
    for clip in parser.parse_args().clips:
        with VideoFile(clip) as source:
            frames = [frame for frame, _ in zip(source, range(MOST_IMAGES), strict=False)]
        images = [enlarged(frame) for frame in frames]
        size = f"{images[0].shape[1]}x{images[0].shape[0]}"
        data[clip.name] = {"size": size, "runs": [follow(images, tiles) for tiles in (0, 2)]}
        print(clip.name, data[clip.name], flush=True)
    print(write_result("webcam_cost", data))


if __name__ == "__main__":
    main()
