"""Up to which size it helps to restore a face before it is read.

    python -m benchmarks.restoring --data lfw150.zip

Colour photographs (lfw150.zip; see `benchmarks.crop_rule`) are scaled until the face's square has
the wanted side, then blurred, made noisy and compressed as cameras do, and cut by srfer's crop
rule. Each face is read by the same weights with and without super-resolution. Counted are the
faces that only one of both reads rightly: where both are as many, restoring is in vain. The largest
sides enlarge some of the photos, whose own median is 114 px. Writes
benchmarks/results/restoring.json.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
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
    macro_recall,
    read_photos,
    scaled,
)
from benchmarks.harness import ROOT, write_result
from srfer.engines import FACE_PX, LABELS, Model, load
from srfer.realtime.crop import DEFAULT_RULE, cut
from srfer.realtime.detection import open_detector
from srfer.realtime.picture import to_gray
from srfer.realtime.types import Face

Gray = NDArray[np.uint8]

SIDES_PX = (48, 64, 96, 128)
NOISE = 12.0
"""Standard deviation, in gray levels."""
JPEG_QUALITY = 20
SEED = 0


def blurred(picture: Gray, sigma_px: float) -> Gray:
    """As out of focus, by a Gaussian."""
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.uint8)


def noisy(picture: Gray) -> Gray:
    """As in the dark; the same picture has the same noise."""
    grains = np.random.default_rng(SEED).normal(0, NOISE, picture.shape)
    return (picture + grains).round().clip(0, 255).astype(np.uint8)


def compressed(picture: Gray) -> Gray:
    """As sent over a thin line."""
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


HARMS: dict[str, Callable[[Gray], Gray]] = {
    "none": lambda picture: picture,
    "blur of 1 px": lambda picture: blurred(picture, 1.0),
    "blur of 2 px": lambda picture: blurred(picture, 2.0),
    "noise": noisy,
    "JPEG": compressed,
    "blur of 1 px, noise, JPEG": lambda picture: compressed(noisy(blurred(picture, 1.0))),
}


def main() -> None:
    """Measure, print the table, write the JSON file."""
    shared = Path(os.environ.get("SRFER_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=shared / "data" / "lfw150.zip")
    model, photos = load(), read_photos(parser.parse_args().data)
    faces = find_faces(open_detector(detect_px=320), photos, ENLARGED)
    rows = [measure(model, photos, faces, side_px, harm) for side_px in SIDES_PX for harm in HARMS]
    for side_px in SIDES_PX:
        of_side = [row for row in rows if row["side_px"] == side_px]
        only = [sum(row[f"only_{how}"] for row in of_side) for how in ("restored", "plain")]
        print(f"{side_px} px, all: {only[0]} right only when restored, {only[1]} only when not")
    report = {"model": f"{model.spec.name} {model.spec.version}", "model_sha256": model.sha256}
    print("wrote", write_result("restoring", {**report, "rows": rows}).relative_to(ROOT))


def measure(
    model: Model, photos: Sequence[Photo], faces: Sequence[Face | None], side_px: int, harm: str
) -> dict[str, Any]:
    """One size and one harm: accuracy and macro recall with and without restoring."""
    found = [(photo, face) for photo, face in zip(photos, faces, strict=True) if face is not None]
    crops = [harmed(to_gray(image), face, side_px, HARMS[harm]) for (image, _), face in found]
    truth = np.array([EXPRESSIONS.index(label) for (_, label), _ in found])
    restored, plain = (choose(model, crops, use_sr=use_sr) == truth for use_sr in (True, False))
    recalls = macro_recall(np.stack([restored, plain]), truth)
    row = {
        "side_px": side_px,
        "harm": harm,
        "n": len(truth),
        "accuracy_restored": round(float(restored.mean()), 4),
        "accuracy_plain": round(float(plain.mean()), 4),
        "macro_recall_restored": round(float(recalls[0]), 4),
        "macro_recall_plain": round(float(recalls[1]), 4),
        "only_restored": int(np.count_nonzero(restored & ~plain)),
        "only_plain": int(np.count_nonzero(plain & ~restored)),
    }
    print(
        f"{side_px} px, {harm}: restored {restored.mean():.3f}, as it is {plain.mean():.3f} "
        f"(right only so: {row['only_restored']}, {row['only_plain']})"
    )
    return row


def harmed(gray: Gray, face: Face, side_px: int, harm: Callable[[Gray], Gray]) -> Gray:
    """The crop that is read of a face whose square has that side in the harmed picture."""
    _, size = cut(gray, face, DEFAULT_RULE)
    share = side_px / size
    how = cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC
    small = np.asarray(cv2.resize(gray, None, fx=share, fy=share, interpolation=how), np.uint8)
    crop, _ = cut(harm(small), scaled(face, share), DEFAULT_RULE)
    return crop


def choose(model: Model, crops: Sequence[Gray], *, use_sr: bool) -> NDArray[np.intp]:
    """Which of the five expressions each face shows.

    All count as faces of 48 px: to the network those and larger ones are the same, and srfer
    restores them.
    """
    readings = model.classify(list(crops), [float(FACE_PX)] * len(crops), use_sr=use_sr)
    columns = [LABELS.index(label) for label in EXPRESSIONS]
    return np.array([reading.probabilities[columns].argmax() for reading in readings])


if __name__ == "__main__":
    main()
