"""Compose the README's picture from what `srfer demo` made.

python scripts/readme_picture.py out/demo docs/images/demo.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from srfer.realtime.demo import PLOT_NAME, RESULTS_NAME
from srfer.realtime.demo.clip import plan_walk

SHOWN_PX = (110.0, 24.0, 10.0)


def frames_at(video: Path, sizes_px: tuple[float, ...]) -> list[NDArray[np.uint8]]:
    """The first annotated frame in which the face is as small as each size."""
    walk = plan_walk()
    wanted = [int(np.argmax(walk.sides_px <= size)) for size in sizes_px]
    found = {}
    with av.open(str(video)) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index in wanted:
                found[index] = np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    return [found[index] for index in wanted]


def main() -> None:
    """Write the picture."""
    demo, target = Path(sys.argv[1]), Path(sys.argv[2])
    plot = cv2.imread(str(demo / PLOT_NAME))
    if plot is None:
        sys.exit(f"no {PLOT_NAME} in {demo}: run srfer demo --out {demo}")
    frames = frames_at(demo / RESULTS_NAME / "walk" / "annotated.mp4", SHOWN_PX)
    width = plot.shape[1] // len(frames)
    height = round(width * frames[0].shape[0] / frames[0].shape[1])
    strip = np.full((height, plot.shape[1], 3), 255, np.uint8)
    for column, frame in enumerate(frames):
        small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        strip[:, column * width : (column + 1) * width] = small
    target.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(target), np.vstack([strip, plot]), (cv2.IMWRITE_PNG_COMPRESSION, 9))


if __name__ == "__main__":
    main()
