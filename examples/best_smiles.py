"""When does each person in a video smile most?

python examples/best_smiles.py clip.mp4
"""

from __future__ import annotations

import sys

import srfer
from srfer.engines import LABELS

HAPPINESS = LABELS.index("happiness")


def main() -> None:
    """Print one line per person: number, time in seconds, probability of a smile."""
    best: dict[int, tuple[float, float]] = {}
    for result in srfer.analyze(sys.argv[1]):
        for face in result.faces:
            if face.smoothed is None or result.frame.pts is None:
                continue
            smile = float(face.smoothed[HAPPINESS])
            if smile > best.get(face.track.id, (0.0, 0.0))[1]:
                best[face.track.id] = (float(result.frame.pts), smile)
    for person, (time_s, smile) in best.items():
        print(f"person {person}: {smile:.0%} at {time_s:.2f} s")


if __name__ == "__main__":
    main()
