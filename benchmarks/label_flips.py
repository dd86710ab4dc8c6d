"""How much the label of a face flickers, and what steadying it costs in time.

    python -m benchmarks.label_flips --clips ../shared/data/videos --data ferplus_train_val.npz

Three labels of every face that is read, on all clips of a folder: that of each frame alone, that of
the filtered probabilities, and the steady one. A flip is a label that differs from the one of the
same face in the frame before. The delay is how much later than the frame's own label the steady one
changes, where the former then stays for at least half a second. Clips have few of those, so the
same is measured on faces that are made to change (`benchmarks.made_changes`).
"""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import srfer
from benchmarks.harness import ROOT, percentiles, write_result
from benchmarks.made_changes import make_changes
from srfer.engines import LABELS, Model
from srfer.errors import SourceError
from srfer.realtime.smoothing import ExponentialSmoother, SteadyLabel

STAYS_S = 0.5
MADE_PER_SIZE = 60


class Sighting(NamedTuple):
    """One face in one frame: when, and its three labels."""

    time_s: float
    own: str
    smoothed: str
    steady: str


def follow(clip: Path, model: Model) -> list[list[Sighting]]:
    """The sightings of each face of a clip, in time."""
    tracks: dict[int, list[Sighting]] = {}
    for result in srfer.analyze(clip, model=model):
        for face in result.faces:
            if face.expression is None or face.smoothed is None or face.steady_label is None:
                continue
            smoothed = LABELS[int(face.smoothed.argmax())]
            seen = Sighting(
                float(result.frame.pts or 0), face.expression.label, smoothed, face.steady_label
            )
            tracks.setdefault(face.track.id, []).append(seen)
    return list(tracks.values())


def flips(labels: Sequence[str]) -> int:
    """How often a label differs from the one before."""
    return sum(before != after for before, after in pairwise(labels))


def delays(track: Sequence[Sighting]) -> Iterator[float]:
    """Seconds by which the steady label follows each lasting change of the frame's own."""
    for index in range(1, len(track)):
        now = track[index]
        if now.own == track[index - 1].own:
            continue
        later = [seen for seen in track[index:] if seen.time_s <= now.time_s + STAYS_S]
        lasts = later[-1].time_s >= now.time_s + 0.8 * STAYS_S
        if not lasts or any(seen.own != now.own for seen in later):
            continue
        shown = [seen.time_s for seen in track[index:] if seen.steady == now.own]
        if shown:
            yield shown[0] - now.time_s


def made(data: Path, model: Model) -> list[list[Sighting]]:
    """The sightings of faces that change once."""
    tracks = []
    for change in make_changes(data, MADE_PER_SIZE):
        readings = model.classify(change.crops, [change.native_px] * len(change.crops))
        smoother, steady = ExponentialSmoother(), SteadyLabel()
        track = []
        for time_s, reading in zip(change.times_s, readings, strict=True):
            smoothed = smoother.update(time_s, reading.probabilities)
            shown = LABELS[steady.update(smoothed)]
            track.append(Sighting(time_s, reading.label, LABELS[int(smoothed.argmax())], shown))
        tracks.append(track)
    return tracks


def report(name: str, tracks: Sequence[Sequence[Sighting]]) -> dict[str, Any]:
    """Flips and delays of tracks; printed as well."""
    readings = sum(map(len, tracks))
    per_100 = {
        kind: 100
        * sum(flips([getattr(seen, kind) for seen in track]) for track in tracks)
        / readings
        for kind in ("own", "smoothed", "steady")
    }
    late = [delay for track in tracks for delay in delays(track)]
    print(name)
    for kind, value in per_100.items():
        print(f"  {kind:9} {value:5.2f} flips in 100 readings")
    print(
        f"  delay of {len(late)} lasting changes: median {1000 * statistics.median(late):.0f} ms, "
        f"mean {1000 * statistics.mean(late):.0f} ms"
    )
    return {
        "readings": readings,
        "flips_per_100_readings": {kind: round(value, 3) for kind, value in per_100.items()},
        "delay_s": percentiles(late),
    }


def main() -> None:
    """Measure, print, write the JSON file."""
    shared = Path(os.environ.get("SRFER_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--clips", type=Path, default=shared / "data" / "videos")
    parser.add_argument("--data", type=Path, default=shared / "data" / "ferplus_train_val.npz")
    options = parser.parse_args()
    model = srfer.load(device="cpu")
    clips: dict[str, Any] = {}
    tracks: list[list[Sighting]] = []
    for path in sorted(options.clips.iterdir()):
        try:
            found = follow(path, model)
        except SourceError as error:
            print(f"{path.name}: left out, {error}")
            continue
        tracks += found
        clips[path.name] = {"tracks": len(found), "readings": sum(map(len, found))}
    data = {
        "model": model.description,
        "clips": clips,
        **report("clips", tracks),
        "made": report("made changes", made(options.data, model)),
    }
    print(write_result("label_flips", data))


if __name__ == "__main__":
    main()
