"""What each stage of an analysis costs the processor, by what is searched in a frame.

    python -m benchmarks.stage_costs

The made clips of `benchmarks.export_speed`, 1080p and 640x480 with one face of about 150 px, are
analysed in one thread, once as usual and once with `whole_every_frames=1`: every search is then of
the whole frame, as it was before windows took its place. Costs are the processor time of the thread
that analyses, so that other work on the machine does not count; decoding, which has threads of its
own, is measured alone, by the process's time. Beside them stand ways to do a thing that were tried.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import cv2
import numpy as np
from av.codec.context import ThreadType
from numpy.typing import NDArray

from srfer.engines import FACE_PX, Model, load
from srfer.realtime.analysis import Analyzer
from srfer.realtime.demo.clip import make_clip
from srfer.realtime.detection import Detector, open_detector
from srfer.realtime.sources import VideoFile
from srfer.realtime.sources.decoded import decoded
from srfer.realtime.tracking import FaceTracker, TrackerConfig
from srfer.realtime.tracking.glance import glance
from srfer.realtime.tracking.placing import searched_size
from srfer.realtime.tracking.second_look import WINDOW_PX
from srfer.realtime.types import Face, RgbImage

from .export_speed import make_large_clip, pacing
from .harness import write_result

RUNS = 3
SMALL_FRAMES = 250
CALLS = 20
RULES = {"windows": TrackerConfig(), "whole frame only": TrackerConfig(whole_every_frames=1)}


class Costs:
    """Processor milliseconds and calls by name."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}
        self.calls: dict[str, int] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Count what some work costs this thread."""
        started = time.thread_time()
        yield
        self.ms[name] = self.ms.get(name, 0.0) + (time.thread_time() - started) * 1e3
        self.calls[name] = self.calls.get(name, 0) + 1


class MeasuredDetector:
    """A detector whose costs are counted by what it searches."""

    def __init__(self, detector: Detector, costs: Costs) -> None:
        self._detector, self._costs = detector, costs
        self.name = detector.name
        self.detect_px = detector.detect_px
        self.least_face_px = detector.least_face_px
        self.whole_size: tuple[int, ...] = ()

    def __enter__(self) -> Self:
        self._detector.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._detector.__exit__(kind, error, traceback)

    def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
        """Search, and note the cost."""
        if not images:
            return []
        if images[0].shape[:2] == self.whole_size:
            name = "detect whole"
        elif images[0].shape[:2] == (WINDOW_PX, WINDOW_PX):
            name = "detect windows"
        else:
            name = "detect tile"
        with self._costs.of(name):
            return self._detector.detect(images)


def analyse(clip: Path, model: Model, config: TrackerConfig) -> dict[str, Any]:
    """Milliseconds a frame of each stage, and of each kind of search a frame and a call."""
    costs = Costs()
    detector = MeasuredDetector(open_detector(), costs)
    with VideoFile(clip) as source, FaceTracker(detector, config) as track, Analyzer(model) as read:
        size = source.info.height, source.info.width
        scale = min(1.0, detector.detect_px / max(size))
        detector.whole_size = searched_size(*(length * scale for length in size))
        frames = iter(source)
        while True:
            with costs.of("source"):
                frame = next(frames, None)
            if frame is None:
                break
            with costs.of("track"):
                tracked = track(frame)
            with costs.of("read"):
                read(tracked)
    count = costs.calls["read"]
    return {
        name: {
            "ms_a_frame": round(costs.ms[name] / count, 3),
            "ms_a_call": round(costs.ms[name] / calls, 2),
            "calls": calls,
        }
        for name, calls in costs.calls.items()
    }


def decode_ms(clip: Path) -> float:
    """Processor milliseconds a frame of PyAV alone."""
    started = time.process_time()
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.thread_count = ThreadType.AUTO, 2
        count = sum(1 for _ in container.decode(stream))
    return (time.process_time() - started) * 1e3 / count


def ways(clip: Path, model: Model) -> dict[str, float]:
    """Milliseconds of ways to read faces, to search windows, and to reduce and convert a frame."""
    with av.open(str(clip)) as container:
        pictures = [
            shown for shown, _ in zip(container.decode(video=0), range(CALLS), strict=False)
        ]
    luma = decoded(pictures[0]).luma
    faces = np.random.default_rng(0).integers(0, 256, (8, FACE_PX, FACE_PX), np.uint8)
    window = np.ascontiguousarray(decoded(pictures[0]).rgb[:WINDOW_PX, :WINDOW_PX])
    rgb = decoded(pictures[0]).rgb
    works: dict[str, list[Callable[[], object]]] = {
        "luma to gray": [partial(luma.gray, decoded(shown).luma.levels) for shown in pictures],
        "FFmpeg: to gray": [partial(shown.to_ndarray, format="gray") for shown in pictures],
        "FFmpeg: to RGB": [partial(shown.to_ndarray, format="rgb24") for shown in pictures],
        "OpenCV: RGB to 640x360": [partial(reduced, rgb, 640, 360)] * CALLS,
        "OpenCV: gray to 32x24": [partial(reduced, luma.levels, 32, 24)] * CALLS,
        "a glance": [partial(glance, luma)] * CALLS,
    }
    for how in ("AREA", "BILINEAR", "FAST_BILINEAR"):
        works[f"FFmpeg: to RGB of 640x360, {how}"] = [
            partial(shown.reformat, 640, 360, "rgb24", interpolation=how) for shown in pictures
        ]
    for count in (1, 4, 8):
        sizes = np.full(count, 100, np.float32)
        works[f"read {count} faces"] = [partial(model.read_faces, faces[:count], sizes)] * CALLS
    with open_detector() as detector:
        for count in (1, 2, 4):
            works[f"search {count} windows"] = [partial(detector.detect, [window] * count)] * CALLS
        return {name: round(least_ms(calls), 3) for name, calls in works.items()}


def reduced(image: NDArray[np.uint8], width: int, height: int) -> object:
    """The picture, averaged over areas."""
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def least_ms(calls: Sequence[Callable[[], object]]) -> float:
    """Milliseconds of the processor that a call takes in the cheapest of three rounds."""
    rounds = []
    for _ in range(RUNS):
        started = time.thread_time()
        for call in calls:
            call()
        rounds.append((time.thread_time() - started) * 1e3 / len(calls))
    return min(rounds)


def cheapest(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of each stage its cheapest run: what the machine did besides only adds."""
    return {
        name: min((run[name] for run in runs), key=lambda stage: stage["ms_a_frame"])
        for name in runs[0]
    }


def main() -> None:
    """Measure, print and write the result file."""
    cv2.setNumThreads(1)
    model = load()
    data: dict[str, Any] = {"runs": RUNS}
    with tempfile.TemporaryDirectory() as folder:
        clips = {"1920x1080": Path(folder) / "large.mp4", "640x480": Path(folder) / "small.mp4"}
        make_large_clip(clips["1920x1080"], 0.0)
        make_clip(clips["640x480"], pacing(SMALL_FRAMES))
        for size, clip in clips.items():
            alone = min(decode_ms(clip) for _ in range(RUNS))
            data[size] = {"decoding_alone_ms_a_frame": round(alone, 3)}
            print(f"{size}: decoding alone {alone:.2f} ms a frame")
            found: dict[str, list[dict[str, Any]]] = {rule: [] for rule in RULES}
            for _ in range(RUNS):
                for rule, config in RULES.items():
                    found[rule].append(analyse(clip, model, config))
            for rule, runs in found.items():
                data[size][rule] = cheapest(runs)
                print(f"  {rule}:")
                for name, stage in data[size][rule].items():
                    print(
                        f"    {name:16} {stage['ms_a_frame']:6.2f} ms a frame, {stage['calls']:4} "
                        f"calls of {stage['ms_a_call']:.2f} ms"
                    )
        data["ways"] = ways(clips["1920x1080"], model)
        for name, ms in data["ways"].items():
            print(f"{name}: {ms:.2f} ms")
    print(write_result("stage_costs", data))


if __name__ == "__main__":
    main()
