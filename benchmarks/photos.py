"""How well expressions are read in other pictures than those of the training data.

    python -m benchmarks.photos --data lfw150.zip

Colour photographs (lfw150.zip; see `benchmarks.crop_rule`) are searched by srfer's own detector and
cut by its crop rule. Each face is read as it is and then as the camera would have seen it from
further away: the whole photo is reduced until the face's square has the wanted side, and cut where
the detector found it before, as a tracker does that follows a face which walks away. Of the eight
probabilities those of the five annotated expressions count. Writes benchmarks/results/photos.json.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.crop_rule import (
    ENLARGED,
    EXPRESSIONS,
    Photo,
    find_faces,
    interval,
    macro_recall,
    read_photos,
    scaled,
    stratified_resamples,
)
from benchmarks.harness import ROOT, write_result
from srfer.engines import LABELS, Model, load
from srfer.realtime.crop import DEFAULT_RULE, cut
from srfer.realtime.detection import open_detector
from srfer.realtime.picture import to_gray
from srfer.realtime.types import Face

SIZES_PX = (None, 24, 16, 12, 10, 8)
"""None: as it is."""
SEED = 0


def main() -> None:
    """Measure, print the table, write the JSON file."""
    shared = Path(os.environ.get("SRFER_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=shared / "data" / "lfw150.zip")
    parser.add_argument("--model", type=Path, help="model file; the shipped one if not given")
    options = parser.parse_args()
    model = load(options.model) if options.model else load()
    photos = read_photos(options.data)
    faces = find_faces(open_detector(detect_px=320), photos, ENLARGED)
    rows = measure(model, photos, faces)
    report = {
        "model": f"{model.spec.name} {model.spec.version}",
        "model_sha256": model.sha256,
        "photos_per_expression": {name: sum(p[1] == name for p in photos) for name in EXPRESSIONS},
        "found": sum(face is not None for face in faces),
        "rows": rows,
    }
    print("wrote", write_result("photos", report).relative_to(ROOT))


def measure(
    model: Model, photos: Sequence[Photo], faces: Sequence[Face | None]
) -> list[dict[str, Any]]:
    """Accuracy and macro recall with bootstrap intervals; a face not found counts as wrong."""
    truth = np.array([EXPRESSIONS.index(label) for _, label in photos])
    samples = stratified_resamples(truth, np.random.default_rng(SEED))
    rows = []
    for side_px in SIZES_PX:
        chosen, sizes = read(model, photos, faces, side_px)
        is_right = chosen == truth
        row = {
            "side_px": side_px,
            "median_native_px": round(float(np.median(sizes)), 1),
            "accuracy": round(float(is_right.mean()), 4),
            "accuracy_95": interval(is_right[samples].mean(axis=1)),
            "macro_recall": round(float(macro_recall(is_right[None], truth)[0]), 4),
            "macro_recall_95": interval(macro_recall(is_right[samples], truth)),
            "recall": {
                name: round(float(is_right[truth == i].mean()), 4)
                for i, name in enumerate(EXPRESSIONS)
            },
        }
        rows.append(row)
        print(
            f"{'as found' if side_px is None else f'{side_px} px':>9} (median "
            f"{row['median_native_px']} px): accuracy {row['accuracy']:.3f} {row['accuracy_95']}, "
            f"macro recall {row['macro_recall']:.3f} {row['macro_recall_95']}"
        )
    return rows


def read(
    model: Model, photos: Sequence[Photo], faces: Sequence[Face | None], side_px: int | None
) -> tuple[NDArray[np.intp], list[float]]:
    """Which of the five expressions each photo shows, -1 without a face; and native sizes."""
    found = [(i, face) for i, face in enumerate(faces) if face is not None]
    crops, sizes = [], []
    for i, face in found:
        gray = to_gray(photos[i][0])
        crop, size = cut(gray, face, DEFAULT_RULE)
        if side_px is not None:
            share = side_px / size
            small = cv2.resize(gray, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
            crop, size = cut(np.asarray(small, np.uint8), scaled(face, share), DEFAULT_RULE)
        crops.append(crop)
        sizes.append(size)
    columns = [LABELS.index(label) for label in EXPRESSIONS]
    chosen = np.full(len(faces), -1)
    for (i, _), reading in zip(found, model.classify(crops, sizes), strict=True):
        chosen[i] = int(reading.probabilities[columns].argmax())
    return chosen, sizes


if __name__ == "__main__":
    main()
