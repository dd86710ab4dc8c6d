"""Which crop rule frames a face as FER2013 does: measured from both sides.

    python -m benchmarks.crop_rule --data lfw150.zip --fer ferplus_train_val.npz

One side: a trained model reads photos of faces (lfw150.zip: 150x150 colour photos and labels.csv)
that were cut by each rule, and the rule under which it is right most often wins. Other side: where
the detector's box lies in FER2013's own pictures. Neither data set is part of this repository.
Writes benchmarks/results/crop_rule.json.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import zipfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.harness import ROOT, write_result
from srfer.engines import LABELS, Model, load
from srfer.realtime.crop import DEFAULT_RULE, Alignment, CropRule, SquareFrom, cut
from srfer.realtime.detection import Detector, open_detector
from srfer.realtime.picture import to_gray
from srfer.realtime.types import Face, RgbImage

MOST_PER_CLASS = 150
SEED = 0
EXPRESSIONS = ("neutral", "happiness", "surprise", "sadness", "anger")
"""The other three have four examples or fewer."""
ENLARGED = 2
RESAMPLES = 2000
BATCH = 16
FER_SAMPLE = 1500
FER_ENLARGED, FER_PAD_PX = 3, 24

Photo = tuple[RgbImage, str]


def main() -> None:
    """Measure, print the tables, write the JSON file."""
    shared = Path(os.environ.get("SRFER_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, default=shared / "data" / "lfw150.zip")
    parser.add_argument("--fer", type=Path, default=shared / "data" / "ferplus_train_val.npz")
    parser.add_argument("--model", type=Path, help="model file; the shipped one if not given")
    parser.add_argument("--yunet", type=Path, help="YuNet model, to compare its box")
    options = parser.parse_args()
    model = load(options.model) if options.model else load()
    photos = read_photos(options.data)
    report: dict[str, Any] = {
        "model": model.spec.name,
        "model_sha256": model.sha256,
        "photos_per_expression": {name: sum(p[1] == name for p in photos) for name in EXPRESSIONS},
        "boxes": {},
    }
    detectors = {f"retinaface x{n}": (open_detector(detect_px=320), n) for n in (ENLARGED, 1)}
    if options.yunet:
        detectors[f"yunet x{ENLARGED}"] = (
            open_detector("yunet", model=options.yunet, detect_px=320),
            ENLARGED,
        )
    for name, (detector, enlarged) in detectors.items():
        print(f"\nbox of {name}")
        report["boxes"][name] = compare(model, photos, find_faces(detector, photos, enlarged))
    if options.fer.exists():
        report["fer2013_frame"] = measure_fer2013(options.fer)
    print("\nwrote", write_result("crop_rule", report).relative_to(ROOT))


def rules() -> list[CropRule]:
    """Every rule that is compared; the default first."""
    upright = [CropRule(m) for m in np.arange(0.80, 1.31, 0.05).round(2)]
    measures = [CropRule(m, SquareFrom.MEAN) for m in (1.0, 1.05, 1.1, 1.15, 1.2)]
    measures += [CropRule(m, SquareFrom.HEIGHT) for m in (0.9, 0.95, 1.0)]
    measures += [CropRule(m, SquareFrom.WIDTH) for m in (1.15, 1.2, 1.25, 1.3, 1.35)]
    shifts = [CropRule(m, shift=s) for m in (0.9, 0.95, 1.0) for s in (-0.1, -0.05, 0.05, 0.1)]
    turned = [CropRule(m, alignment=Alignment.EYES) for m in (0.85, 0.9, 0.95, 1.0, 1.05)]
    # In FER2013 the middle between eyes and mouth lies 8 % below the middle of the picture.
    placed = [
        CropRule(m, shift=-0.08, alignment=Alignment.EYES_MOUTH) for m in (0.9, 0.95, 1.0, 1.05)
    ]
    found = [DEFAULT_RULE, *upright, *measures, *shifts, *turned, *placed]
    return list(dict.fromkeys(found))


def read_photos(archive: Path) -> list[Photo]:
    """The photos and labels of at most `MOST_PER_CLASS` people's faces per expression."""
    by_label: dict[str, list[str]] = defaultdict(list)
    with zipfile.ZipFile(archive) as files:
        table = io.StringIO(files.read("labels.csv").decode("utf-8"))
        for row in csv.DictReader(table):
            by_label[row["emotion"]].append(row["file"])
        random = np.random.default_rng(SEED)
        photos = []
        for label in EXPRESSIONS:
            names = random.permutation(sorted(by_label[label]))[:MOST_PER_CLASS]
            photos += [(_decode(files.read(str(name))), label) for name in names]
    return photos


def find_faces(detector: Detector, photos: Sequence[Photo], enlarged: int) -> list[Face | None]:
    """The face nearest to the middle of each photo, in pixels of the photo, or None."""
    faces: list[Face | None] = []
    with detector:
        for start in range(0, len(photos), BATCH):
            images = [image for image, _ in photos[start : start + BATCH]]
            if enlarged > 1:
                images = [
                    np.asarray(
                        cv2.resize(
                            i, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC
                        ),
                        np.uint8,
                    )
                    for i in images
                ]
            for image, found in zip(images, detector.detect(images), strict=True):
                middle = np.array(image.shape[1::-1]) / 2
                near = sorted(found, key=lambda f: float(np.linalg.norm(f.box.center - middle)))
                faces.append(scaled(near[0], 1 / enlarged) if near else None)
    return faces


def compare(model: Model, photos: Sequence[Photo], faces: Sequence[Face | None]) -> dict[str, Any]:
    """Accuracy and macro recall of each rule, with intervals, and against the default rule."""
    truth = np.array([EXPRESSIONS.index(label) for _, label in photos])
    grays = [to_gray(image) for image, _ in photos]
    rows = []
    base: NDArray[np.bool_] | None = None
    random = np.random.default_rng(SEED)
    samples = stratified_resamples(truth, random)
    print(f"{sum(f is not None for f in faces)} of {len(faces)} faces found; a miss counts wrong")
    print(f"{'rule':42} accuracy  macro recall   against default (95 %)")
    for rule in rules():
        is_right = _classify(model, grays, faces, rule) == truth
        base = is_right if base is None else base
        row = {"rule": _named(rule), **_scores(is_right, base, truth, samples)}
        rows.append(row)
        low, high = row["macro_recall_gain_95"]
        print(
            f"{row['rule']:42} {row['accuracy']:7.3f} {row['macro_recall']:10.3f}"
            f"       {row['macro_recall_gain']:+.3f} ({low:+.3f} to {high:+.3f})"
        )
    return {"found": sum(f is not None for f in faces), "n": len(faces), "rules": rows}


def measure_fer2013(path: Path) -> dict[str, Any]:
    """Where RetinaFace's box lies in FER2013's pictures, in sides of the picture."""
    pictures = np.load(path)["images"]
    chosen = np.random.default_rng(SEED).choice(len(pictures), FER_SAMPLE, replace=False)
    pad, scale = FER_PAD_PX, FER_ENLARGED
    images: list[RgbImage] = []
    for picture in pictures[chosen]:
        padded = cv2.copyMakeBorder(picture, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
        large = cv2.resize(padded, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        images.append(np.asarray(cv2.cvtColor(large, cv2.COLOR_GRAY2RGB), np.uint8))
    faces: list[Face] = []
    with open_detector(detect_px=320, score_from=0.5) as detector:
        for start in range(0, len(images), BATCH):
            faces += [
                scaled(found[0], 1 / scale)
                for found in detector.detect(images[start : start + BATCH])
                if found
            ]
    side = pictures.shape[1]
    boxes = np.array([face.box for face in faces]) - pad
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    points = np.array([face.landmarks for face in faces]) - pad
    between = (points[:, :2].mean(axis=1) + points[:, 3:].mean(axis=1)) / 2
    figures = {
        "picture_by_larger_side": side / np.maximum(width, height),
        "picture_by_mean_side": 2 * side / (width + height),
        "picture_by_width": side / width,
        "box_right_of_middle": (boxes[:, ::2].mean(axis=1)) / side - 0.5,
        "box_below_middle": (boxes[:, 1::2].mean(axis=1)) / side - 0.5,
        "eyes_mouth_below_middle": between[:, 1] / side - 0.5,
        "tilt_of_eyes_deg": np.degrees(np.arctan2(*(points[:, 1] - points[:, 0]).T[::-1])),
    }
    print(f"\nRetinaFace's box in {len(faces)} of {FER_SAMPLE} FER2013 pictures (5, 50, 95 %)")
    report: dict[str, Any] = {"n": FER_SAMPLE, "found": len(faces)}
    for name, values in figures.items():
        low, median, high = np.percentile(values, [5, 50, 95]).round(3).tolist()
        report[name] = {"p5": low, "p50": median, "p95": high}
        print(f"{name:26} {low:7.3f} {median:7.3f} {high:7.3f}")
    return report


def _classify(
    model: Model,
    grays: Sequence[NDArray[np.uint8]],
    faces: Sequence[Face | None],
    rule: CropRule,
) -> NDArray[np.intp]:
    """Index of the most probable of the five expressions for each photo; -1 without a face."""
    found = [i for i, face in enumerate(faces) if face is not None]
    crops = [cut(grays[i], face, rule) for i in found if (face := faces[i]) is not None]
    readings = model.classify([crop for crop, _ in crops], [size for _, size in crops])
    columns = [LABELS.index(label) for label in EXPRESSIONS]
    chosen = np.full(len(faces), -1)
    chosen[found] = [int(reading.probabilities[columns].argmax()) for reading in readings]
    return chosen


def _scores(
    is_right: NDArray[np.bool_],
    base: NDArray[np.bool_],
    truth: NDArray[np.intp],
    samples: NDArray[np.intp],
) -> dict[str, Any]:
    gains = macro_recall(is_right[samples], truth) - macro_recall(base[samples], truth)
    macro = macro_recall(is_right[samples], truth)
    return {
        "accuracy": round(float(is_right.mean()), 4),
        "accuracy_95": interval(is_right[samples].mean(axis=1)),
        "macro_recall": round(float(macro_recall(is_right[None], truth)[0]), 4),
        "macro_recall_95": interval(macro),
        "recall": {
            name: round(float(is_right[truth == i].mean()), 4) for i, name in enumerate(EXPRESSIONS)
        },
        "macro_recall_gain": round(
            float((macro_recall(is_right[None], truth) - macro_recall(base[None], truth))[0]), 4
        ),
        "macro_recall_gain_95": interval(gains),
    }


def macro_recall(is_right: NDArray[np.bool_], truth: NDArray[np.intp]) -> NDArray[np.float64]:
    """Mean recall over the expressions for each row; columns stay in the order of `truth`."""
    recalls = [is_right[:, truth == i].mean(axis=1) for i in range(len(EXPRESSIONS))]
    return np.asarray(np.mean(recalls, axis=0))


def stratified_resamples(truth: NDArray[np.intp], random: np.random.Generator) -> NDArray[np.intp]:
    """(RESAMPLES, N) bootstrap samples in which every column keeps its expression."""
    samples = np.empty((RESAMPLES, len(truth)), np.intp)
    for i in range(len(EXPRESSIONS)):
        members = np.flatnonzero(truth == i)
        samples[:, members] = random.choice(members, (RESAMPLES, len(members)))
    return samples


def interval(values: NDArray[np.float64]) -> list[float]:
    """The middle 95 % of bootstrap values."""
    return [float(v) for v in np.percentile(values, [2.5, 97.5]).round(4)]


def _named(rule: CropRule) -> str:
    parts = asdict(rule)
    return (
        f"{parts['margin']:.2f} x {parts['square_from']}, shift {parts['shift']:+.2f}, "
        f"{parts['alignment']}"
    )


def _decode(data: bytes) -> RgbImage:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    if image is None:
        raise SystemExit("the archive holds a picture that cannot be decoded")
    return np.asarray(image, np.uint8)


def scaled(face: Face, scale: float) -> Face:
    """The face in a picture that is `scale` times as large."""
    landmarks = None if face.landmarks is None else face.landmarks * np.float32(scale)
    return Face(type(face.box)(*(value * scale for value in face.box)), face.score, landmarks)


if __name__ == "__main__":
    main()
