"""What a second pass over a video changes: tracks, flicker, faces found, and if they are faces.

    python -m benchmarks.refining --clips ../shared/data/videos

Every clip of a folder is exported with one pass and with two (`srfer export --refine`), as it is
and impaired: `small` is reduced until its faces have about 14 px, with noise and hard compression;
`bar` has a post, 1.4 faces wide, that passes before the picture; `every 5` takes one frame of five.
What is found in the clip as it is, with one pass, serves as the truth for the impaired ones: a face
is right if it overlaps one of the truth, wrong if it overlaps none. A face that lies behind the
post by half or more is no truth. A switch is a face of the truth whose number differs from the one
it had when it was last seen.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

import srfer
from benchmarks.harness import ROOT, write_result
from srfer.engines import Model
from srfer.errors import SourceError
from srfer.realtime.sources import VideoFile
from srfer.realtime.tracking.association import assign, iou
from srfer.realtime.types import Box, Frame, RgbImage

SMALL_PX = 14.0
BAR_FACES = 1.4
SAME_FROM_IOU = 0.3
DRAWS = 2000


@dataclass(slots=True)
class Counts:
    """What is counted in one export."""

    frames: int = 0
    with_face: int = 0
    readings: int = 0
    flips: int = 0
    found_again: int = 0
    truth: int = 0
    right: int = 0
    wrong: int = 0
    again_right: int = 0
    switches: int = 0
    tracks: set[tuple[str, int]] = field(default_factory=set)

    @property
    def figures(self) -> dict[str, float]:
        """The counts and shares, as plain numbers."""
        found: dict[str, float] = {
            name: getattr(self, name)
            for name in ("frames", "readings", "flips", "found_again", "truth", "right", "wrong")
        }
        found |= {"again_right": self.again_right, "switches": self.switches}
        found |= {"tracks": len(self.tracks)}
        found["flips_per_100_readings"] = round(100 * self.flips / max(self.readings, 1), 3)
        found["frames_with_face_share"] = round(self.with_face / max(self.frames, 1), 4)
        return found


Truth = dict[int, list[tuple[int, Box]]]
"""By index of a frame, the number and the place of every face."""


def seen(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The faces of a record that are seen."""
    return [face for face in record["faces"] if face["state"] != "lost"]


def read_records(folder: Path) -> list[dict[str, Any]]:
    """The records of the only clip in a folder of results."""
    return list(srfer.results(folder).records())


def to_truth(records: Iterable[dict[str, Any]]) -> Truth:
    """What an export found, as truth for others."""
    return {
        record["frame"]: [(face["track"], Box(*face["box"])) for face in seen(record)]
        for record in records
    }


def count(records: Sequence[dict[str, Any]], truth: Truth, clip: str) -> Counts:
    """Compare an export with the truth."""
    counts = Counts(frames=len(records))
    labels: dict[int, str] = {}
    numbers: dict[int, int] = {}
    for record in records:
        faces = seen(record)
        counts.with_face += bool(faces)
        for face in faces:
            counts.tracks.add((clip, face["track"]))
            if face["probabilities"] is not None and face["steady_label"] is not None:
                before = labels.get(face["track"], face["steady_label"])
                counts.readings += 1
                counts.flips += before != face["steady_label"]
                labels[face["track"]] = face["steady_label"]
        known = truth.get(record["frame"], [])
        likeness = iou([Box(*face["box"]) for face in faces], [box for _, box in known])
        pairs = dict(assign(likeness, at_least=SAME_FROM_IOU))
        counts.truth += len(known)
        counts.right += len(pairs)
        counts.wrong += len(faces) - len(pairs)
        for place, face in enumerate(faces):
            is_again = face.get("pass_one_track", 0) is None
            counts.found_again += is_again
            counts.again_right += is_again and place in pairs
        for place, other in pairs.items():
            person, number = known[other][0], faces[place]["track"]
            counts.switches += numbers.get(person, number) != number
            numbers[person] = number
    return counts


@dataclass(frozen=True)
class Impairment:
    """How a clip is made harder: what becomes of a picture, and of the truth in it."""

    scale: float
    change: Callable[[RgbImage, int], RgbImage]
    hides: Callable[[Box, int], bool]


def small(truth: Truth, _: int, __: int) -> Impairment:
    """Faces of about `SMALL_PX`, and noise."""
    sides = [(box.width * box.height) ** 0.5 for faces in truth.values() for _, box in faces]
    scale = min(1.0, SMALL_PX / statistics.median(sides))

    def change(image: RgbImage, index: int) -> RgbImage:
        height, width = (max(2, round(scale * side / 2) * 2) for side in image.shape[:2])
        reduced = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
        noise = np.random.default_rng(index).normal(0, 5, reduced.shape)
        return np.asarray(np.clip(reduced + noise, 0, 255), np.uint8)

    return Impairment(scale, change, lambda *_: False)


def bar(truth: Truth, frames: int, width: int) -> Impairment:
    """A post that passes once from left to right."""
    post = BAR_FACES * statistics.median(b.width for faces in truth.values() for _, b in faces)

    def left(index: int) -> float:
        return -post + (width + post) * index / max(frames - 1, 1)

    def change(image: RgbImage, index: int) -> RgbImage:
        changed, start = image.copy(), left(index)
        changed[:, max(0, round(start)) : max(0, round(start + post))] = (70, 80, 75)
        return changed

    def hides(box: Box, index: int) -> bool:
        covered = min(box.right, left(index) + post) - max(box.left, left(index))
        return covered >= 0.5 * box.width

    return Impairment(1.0, change, hides)


IMPAIRMENTS = {"small": small, "bar": bar}


def make(path: Path, frames: Sequence[Frame], change: Impairment, crf: str) -> Path:
    """Encode the impaired clip; frames are 1/25 s apart."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"crf": crf, "bf": "0"})
        assert isinstance(stream, VideoStream)
        first = change.change(frames[0].image, 0)
        stream.height, stream.width = (side // 2 * 2 for side in first.shape[:2])
        stream.pix_fmt = "yuv420p"
        for index, frame in enumerate(frames):
            image = change.change(frame.image, index)[: stream.height, : stream.width]
            picture = VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, 25)
            output.mux(stream.encode(picture))
        output.mux(stream.encode(None))
    return path


def both(clip: Path, out: Path, model: Model, every: int = 1) -> list[list[dict[str, Any]]]:
    """The records of a clip with one pass and with two."""
    found = []
    for refine in (False, True):
        folder = out / f"{clip.stem}-{every}-{refine}"
        summary = srfer.export(
            clip, folder, formats=["jsonl"], model=model, every=every, refine=refine
        )
        if summary.outcomes[0].error is not None:
            raise summary.outcomes[0].error
        found.append(read_records(folder))
    return found


def measure(clip: Path, out: Path, model: Model) -> dict[str, list[Counts]]:
    """Counts with one pass and with two, by impairment."""
    as_is = both(clip, out, model)
    truth = to_truth(as_is[0])
    found = {"as it is": [count(records, truth, clip.name) for records in as_is]}
    every = both(clip, out, model, every=5)
    found["every 5"] = [count(records, truth, clip.name) for records in every]
    with VideoFile(clip) as source:
        frames = list(source)
    if not any(truth.values()):
        return found
    for name, impair in IMPAIRMENTS.items():
        change = impair(truth, len(frames), frames[0].width)
        impaired = make(out / f"{clip.stem}-{name}.mkv", frames, change, "30")
        known = {
            index: [
                (person, Box(*(edge * change.scale for edge in box)))
                for person, box in faces
                if not change.hides(box, index)
            ]
            for index, faces in truth.items()
        }
        found[name] = [count(records, known, clip.name) for records in both(impaired, out, model)]
    return found


def total(counts: Sequence[Counts]) -> Counts:
    """The sum over clips."""
    summed = Counts()
    for one in counts:
        for name in Counts.__slots__:
            if name == "tracks":
                summed.tracks |= one.tracks
            else:
                setattr(summed, name, getattr(summed, name) + getattr(one, name))
    return summed


def spread(pairs: Sequence[list[Counts]], of: Callable[[Counts], float]) -> list[float]:
    """95 % interval of the change from one pass to two, clips drawn anew with a fixed seed."""
    random = np.random.default_rng(0)
    changes = []
    for _ in range(DRAWS):
        drawn = [pairs[int(place)] for place in random.integers(0, len(pairs), len(pairs))]
        one, two = (total([pair[which] for pair in drawn]) for which in (0, 1))
        changes.append(of(two) - of(one))
    return [round(float(value), 4) for value in np.percentile(changes, [2.5, 97.5])]


SHARES: dict[str, Callable[[Counts], float]] = {
    "flips_per_100_readings": lambda c: 100 * c.flips / max(c.readings, 1),
    "frames_with_face_share": lambda c: c.with_face / max(c.frames, 1),
    "truth_found_share": lambda c: c.right / max(c.truth, 1),
    "wrong_per_100_frames": lambda c: 100 * c.wrong / max(c.frames, 1),
}


def main() -> None:
    """Measure, print, write the JSON file."""
    shared = Path(os.environ.get("SRFER_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clips", type=Path, default=shared / "data" / "videos")
    model = srfer.load(device="cpu")
    clips: dict[str, dict[str, list[Counts]]] = {}
    for path in sorted(parser.parse_args().clips.iterdir()):
        with tempfile.TemporaryDirectory() as folder:
            try:
                clips[path.name] = measure(path, Path(folder), model)
            except SourceError as error:
                print(f"{path.name}: left out, {error}")
    results: dict[str, Any] = {}
    for name in ("as it is", "every 5", *IMPAIRMENTS):
        pairs = [found[name] for found in clips.values() if name in found]
        one, two = (total([pair[which] for pair in pairs]) for which in (0, 1))
        results[name] = {
            "clips": len(pairs),
            "one_pass": one.figures,
            "two_passes": two.figures,
            "change": {
                key: {"by": round(of(two) - of(one), 4), "interval_95": spread(pairs, of)}
                for key, of in SHARES.items()
            },
            "by_clip": {
                clip: [counts.figures for counts in found[name]]
                for clip, found in clips.items()
                if name in found
            },
        }
        shown = {key: value for key, value in results[name].items() if key != "by_clip"}
        print(name, json.dumps(shown, indent=1))
    print(write_result("refining", {"model": model.description, "impairments": results}))


if __name__ == "__main__":
    main()
