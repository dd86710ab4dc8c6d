"""Whether a long watch grows: memory, open files, threads, queues and tracks over an hour of video.

    python -m benchmarks.soak

Two made-up cameras in which faces come and go are analysed as `srfer watch` does it: networks
that they share, lines of JSON (to nowhere), and a webhook that nobody answers. An hour of 30
pictures a second in all, compressed in time: the next picture comes as soon as there is room for
it, and now and then a burst comes that there is no room for. Ends with 1 if a limit is exceeded.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import islice
from types import TracebackType
from typing import Any, Self

import numpy as np

import srfer
from srfer.engines import Model
from srfer.realtime import Frame, FrameResult, SourceInfo
from srfer.realtime.streams import Stream, StreamSet, StreamStats
from srfer.realtime.types import Effort
from srfer.realtime.watch import Feed, Hub, LineWriter
from srfer.realtime.watch.ages import Ages
from srfer.realtime.watch.webhook import WebhookOutlet

from .growth import Footprint, footprint, median_of, slope_per_10_minutes
from .harness import percentiles, write_result
from .visits import Visits

STREAMS = 2
RATE = Fraction(15)
FRAMES = 54_000
"""Of each stream: an hour."""
SIZE = (320, 180)
FACE_PX = 32.0
MOST_FACES = 4

VISIT = 120
"""Frames for which the same faces stay: 8 seconds."""
BURST_EVERY, BURST = 400, 6
"""Of 400 pictures, 6 come without waiting."""

SAMPLES = 360
LOOK_S = 0.1
WARM_UP = 1 / 12
"""Share of the run whose samples do not count: 5 minutes of an hour."""
WINDOW = 1 / 6
"""Share of the run that is compared: its first 10 minutes after the warm-up, and its last."""

MOST_GROWTH_MB = 20.0
MOST_SLOPE_MB = 1.0
"""In 10 minutes."""
LOST_FOR = 4 * MOST_FACES
"""Lost tracks of a stream that may be remembered: those of a few visits."""


class Crowd:
    """A live camera that faces come to and leave, and that is paced by its own results.

    Args:
        name: of the source.
        frames: how many it has.
        seed: places, and how many faces come when.
        visit: frames for which the same faces stay.
    """

    def __init__(self, name: str, frames: int, seed: int, visit: int = VISIT) -> None:
        self.info = SourceInfo(name, *SIZE, RATE, 1 / RATE, None, is_live=True)
        self._frames = frames
        self._visits = Visits(seed, SIZE, RATE, FACE_PX, visit, MOST_FACES)
        self._changed = threading.Condition()
        self._finished = -1
        self._is_interrupted = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, each when the one before it is finished, or at once in a burst."""
        for index, image in enumerate(islice(self._visits.pictures(), self._frames)):
            if index % BURST_EVERY >= BURST:
                self._wait_for(index - 1)
            if self._is_interrupted:
                return
            yield Frame(self.info.source_id, index, time.monotonic(), index / RATE, image)

    def finish(self, index: int) -> None:
        """Note that a frame is finished, and with it all before it that were not dropped."""
        with self._changed:
            self._finished = index
            self._changed.notify_all()

    def interrupt(self) -> None:
        """End the iteration."""
        with self._changed:
            self._is_interrupted = True
            self._changed.notify_all()

    def _wait_for(self, index: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._finished >= index or self._is_interrupted)


class Census:
    """A sink that counts who is seen, and tells the source that there is room.

    Attributes:
        ids: highest number of a track so far: how many faces have come.
        most_tracks: most tracks of a frame, lost ones included.
        age_ms: how old each result was, by the index of its frame; NaN for dropped ones.
    """

    name = "census"

    def __init__(self, source: Crowd, frames: int) -> None:
        self._source = source
        self.ids = self.most_tracks = 0
        self.age_ms = np.full(frames, np.nan, np.float32)

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        """Count one result."""
        frame = result.frame
        assert result.completed_s is not None
        self.age_ms[frame.index] = (result.completed_s - frame.captured_s) * 1e3
        self.most_tracks = max(self.most_tracks, len(result.faces))
        self.ids = max([self.ids, *(face.track.id for face in result.faces)])
        self._source.finish(frame.index)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Sample(Footprint):
    """The process at one moment.

    Attributes:
        share: how much of the run was over, 0..1.
        queued: most frames that wait in front of a part.
        in_flight: most frames of a stream that are under way.
        tracks: of all newest results.
    """

    share: float
    queued: int
    in_flight: int
    tracks: int


@dataclass(frozen=True, slots=True)
class Soak:
    """What a run has shown.

    Attributes:
        stats: the last counts of each stream.
        errors: what ended streams, by name.
        samples: in time.
        census: of each stream.
        elapsed_s: how long it took.
    """

    stats: Sequence[StreamStats]
    errors: Mapping[str, Exception]
    samples: Sequence[Sample]
    census: Sequence[Census]
    elapsed_s: float


def soak(model: Model, frames: int, *, visit: int = VISIT, samples: int = SAMPLES) -> Soak:
    """Run the cameras to their end, and look at the process all along.

    Args:
        model: loaded.
        frames: of each stream.
        visit: frames for which the same faces stay.
        samples: how many looks, evenly over the frames.
    """
    sources = [Crowd(f"camera {number}", frames, number, visit) for number in range(STREAMS)]
    census = [Census(source, frames) for source in sources]
    taken: list[Sample] = []
    started_s = time.monotonic()
    with ExitStack() as opened:
        hub = _open_hub(opened)
        running = StreamSet(
            [
                Stream(source.info.source_id, source, [Ages(), Feed(source.info.source_id, hub), c])
                for source, c in zip(sources, census, strict=True)
            ],
            model,
            effort=Effort.FULL,
        )
        opened.enter_context(running)
        pause = threading.Event()
        while not running.ended():  # then there are fewer threads
            share = max(one.pipeline.captured for one in running.stats()) / frames
            if share * samples >= len(taken):
                taken.append(_look(running, share))
            pause.wait(LOOK_S)
        errors = running.wait()
        return Soak(running.stats(), errors, taken, census, time.monotonic() - started_s)


def _open_hub(opened: ExitStack) -> Hub:
    """Lines that nobody reads, and a webhook that nobody answers."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    opened.callback(os.close, nowhere)
    with socket.create_server(("127.0.0.1", 0)) as server:
        dead = server.getsockname()[1]
    webhook = WebhookOutlet(f"http://127.0.0.1:{dead}", notify=lambda _: None)
    return Hub([LineWriter(nowhere), opened.enter_context(webhook)])


def _look(running: StreamSet, share: float) -> Sample:
    stats = [stream.pipeline for stream in running.stats()]
    return Sample(
        **asdict(footprint()),
        share=round(share, 4),
        queued=max(part.queued for pipeline in stats for part in pipeline.parts),
        in_flight=max(pipeline.in_flight for pipeline in stats),
        tracks=sum(len(result.faces) for result in running.latest() if result is not None),
    )


def summarise(run: Soak) -> dict[str, Any]:
    """The figures of a run, for the result file."""
    warm = [sample for sample in run.samples if sample.share >= WARM_UP]
    first = [sample for sample in warm if sample.share < WARM_UP + WINDOW]
    last = [sample for sample in warm if sample.share >= 1 - WINDOW]
    length_s = float(len(run.census[0].age_ms) / RATE)
    slope = slope_per_10_minutes(
        [length_s * sample.share for sample in warm], [sample.rss_mb for sample in warm]
    )
    return {
        "elapsed_s": round(run.elapsed_s, 1),
        "captured": sum(one.pipeline.captured for one in run.stats),
        "processed": sum(one.pipeline.processed for one in run.stats),
        "dropped": sum(sum(one.pipeline.dropped.values()) for one in run.stats),
        "faces_that_came": sum(one.ids for one in run.census),
        "most_tracks_of_a_stream": max(one.most_tracks for one in run.census),
        "most_queued": max(sample.queued for sample in run.samples),
        "most_in_flight": max(sample.in_flight for sample in run.samples),
        "rss_mb": {"first": median_of(first, "rss_mb"), "last": median_of(last, "rss_mb")},
        "rss_growth_mb": round(median_of(last, "rss_mb") - median_of(first, "rss_mb"), 2),
        "rss_mb_per_10_minutes": round(slope, 3),
        "fds": {"first": median_of(first, "fds"), "last": median_of(last, "fds")},
        "threads": {"first": median_of(first, "threads"), "last": median_of(last, "threads")},
        "age_ms": {"first": _ages(run, WARM_UP), "last": _ages(run, 1 - WINDOW)},
        "samples": [asdict(sample) for sample in run.samples],
    }


def exceeded(figures: Mapping[str, Any]) -> list[str]:
    """The limits that a run does not keep, in words."""
    kept = {
        f"memory grows by less than {MOST_GROWTH_MB:g} MB": figures["rss_growth_mb"]
        < MOST_GROWTH_MB,
        f"memory grows by at most {MOST_SLOPE_MB:g} MB in 10 minutes": (
            figures["rss_mb_per_10_minutes"] <= MOST_SLOPE_MB
        ),
        "open files stay as many": figures["fds"]["last"] <= figures["fds"]["first"],
        "threads stay as many": figures["threads"]["last"] <= figures["threads"]["first"],
        "captured = processed + dropped": (
            figures["captured"] == figures["processed"] + figures["dropped"]
        ),
        "tracks are bounded": figures["most_tracks_of_a_stream"] <= MOST_FACES + LOST_FOR,
    }
    return [limit for limit, is_kept in kept.items() if not is_kept]


def _ages(run: Soak, begin: float) -> dict[str, float]:
    """How old results were in a window of the run that begins at a share of it."""
    ages = []
    for one in run.census:
        frames = len(one.age_ms)
        part = one.age_ms[int(begin * frames) : int((begin + WINDOW) * frames)]
        ages += part[~np.isnan(part)].tolist()
    return percentiles(ages, digits=1)


def main() -> None:
    """Run, print, write the result file; ends with 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--frames", type=int, default=FRAMES, help="of each camera")
    frames: int = parser.parse_args().frames
    run = soak(srfer.load(device="cpu"), frames)
    if run.errors:
        sys.exit(f"streams have failed: {dict(run.errors)}")
    figures = summarise(run)
    for name, value in figures.items():
        if name != "samples":
            print(f"{name}: {value}")
    beyond = exceeded(figures)
    print(write_result("soak", {"exceeded": beyond, **figures}))
    if beyond:
        sys.exit(f"not kept: {'; '.join(beyond)}")


if __name__ == "__main__":
    main()
