"""What the threaded pipeline itself costs, and why its limits are what they are.

    python -m benchmarks.pipeline_overhead

Parts that do nothing show the price of handing over; parts that wait, as they would for a GPU or
another core, show throughput and age. Writes benchmarks/results/pipeline_overhead.json.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import numpy as np

from benchmarks.harness import percentiles, write_result
from srfer.realtime import Frame, FrameResult, SourceInfo, route
from srfer.realtime.bench.samples import Recorder
from srfer.realtime.pipeline import Pipeline
from srfer.realtime.route import Limits, Policy

FRAMES = 4000
IMAGE = np.zeros((480, 640, 3), np.uint8)


Work = Callable[[int], float]
"""Seconds of work by index of the frame."""


def steady(work_s: float) -> Work:
    """The same for every frame."""
    return lambda _: work_s


NO_WORK = steady(0.0)


class Part:
    """A part that begins and ends without effort."""

    def __init__(self, name: str, work_s: Work = NO_WORK) -> None:
        """Make a part that waits `work_s(index)` seconds on each frame."""
        self.name = name
        self._work_s = work_s

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End."""

    def work(self, index: int) -> None:
        """Wait as long as the frame takes."""
        work_s = self._work_s(index)
        if work_s:
            time.sleep(work_s)


class Frames(Part):
    """Frames that share one image; before each the source works as a stage would."""

    def __init__(self, count: int, work_s: Work = NO_WORK, is_live: bool = False) -> None:
        """Make `count` frames."""
        super().__init__("source", work_s)
        self._count = count
        rate = Fraction(30)
        self.info = SourceInfo("synthetic", 640, 480, rate, 1 / rate, count, is_live)

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames."""
        for index in range(self._count):
            self.work(index)
            yield Frame("synthetic", index, time.monotonic(), Fraction(index, 30), IMAGE)


class Step(Part):
    """A stage that hands on what it gets."""

    def __call__(self, message: Any, /) -> Any:
        """Work and hand on."""
        self.work(message.index if isinstance(message, Frame) else message.frame.index)
        return message


class Result(Part):
    """The first stage: a frame becomes a result."""

    def __call__(self, frame: Frame, /) -> FrameResult:
        """Work and wrap."""
        self.work(frame.index)
        return FrameResult(frame, ())


class Ages(Part):
    """A sink that notes when each result came and how old it was."""

    def __init__(self, name: str = "ages") -> None:
        """Start with no notes."""
        super().__init__(name)
        self.at_s: list[float] = []
        self.ages_ms: list[float] = []

    def write(self, result: FrameResult, /) -> None:
        """Note the time."""
        now = time.monotonic()
        self.at_s.append(now)
        self.ages_ms.append((now - result.frame.captured_s) * 1e3)


def stages(count: int, work_s: Work = NO_WORK) -> list[Any]:
    """Make `count` stages that each work `work_s(index)` on a frame."""
    return [Result("stage 1", work_s), *(Step(f"stage {i}", work_s) for i in range(2, count + 1))]


def loop_ms(count: int) -> float:
    """Milliseconds a frame takes in the plain loop, where parts do nothing."""
    parts, sink, begin = stages(count), Ages(), time.perf_counter()
    for frame in Frames(FRAMES):
        message: Any = frame
        for stage in parts:
            message = stage(message)
        sink.write(message)
    return (time.perf_counter() - begin) / FRAMES * 1e3


def handover(count: int) -> dict[str, Any]:
    """Cost of handing over, with parts that do nothing: wall time per frame, beyond the loop's."""
    plain_ms = min(loop_ms(count) for _ in range(3))
    per_frame_ms: list[float] = []
    for _ in range(5):
        sink = Ages()
        Pipeline(Frames(FRAMES), stages(count), [sink]).run()
        batches = np.asarray(sink.at_s)[100::20]  # means over 20 frames, after a warm-up
        per_frame_ms += [float(ms) - plain_ms for ms in np.diff(batches) / 20 * 1e3]
    return {"stages": count, "plain_loop_ms": round(plain_ms, 4), "ms": percentiles(per_frame_ms)}


def latency() -> dict[str, Any]:
    """How much later a result is there than in the plain loop, one frame at a time."""
    sink = Ages()
    Pipeline(Frames(800, steady(2e-3)), stages(3), [sink]).run()
    return {"stages": 3, "ms": percentiles(sink.ages_ms[50:])}


def recording() -> dict[str, Any]:
    """What `srfer bench` itself costs: microseconds that its sink takes to note a result."""
    timings = {"source": 1.0, "track": 2.0, "read": 3.0}
    now = time.monotonic()
    result = FrameResult(Frame("synthetic", 0, now, None, IMAGE), (), timings, completed_s=now)
    per_result_us = []
    for _ in range(50):
        recorder, begin = Recorder(FRAMES), time.perf_counter()
        for _ in range(FRAMES):
            recorder.write(result)
        per_result_us.append((time.perf_counter() - begin) / FRAMES * 1e6)
    return {"us": percentiles(per_result_us)}


def bursts(limits: Limits) -> dict[str, Any]:
    """Throughput with a detector that works every fifth frame, and an even load behind it."""
    shipped = route.LIMITS[Policy.LOSSLESS]
    route.LIMITS[Policy.LOSSLESS] = limits
    try:
        count, begin = 200, time.perf_counter()
        parts: list[Any] = [
            Result("detect", lambda index: 0.030 if index % 5 == 0 else 0.002),
            Step("read", steady(0.0076)),
        ]
        Pipeline(Frames(count, steady(0.0076)), parts, [Ages()]).run()
    finally:
        route.LIMITS[Policy.LOSSLESS] = shipped
    return {
        "door": limits.door,
        "in_flight": limits.in_flight,
        "fps": round(count / (time.perf_counter() - begin), 1),
        "ideal_fps": round(1 / 0.0076, 1),
    }


def overload(limits: Limits) -> dict[str, Any]:
    """Age of live results where frames come at 100 a second and a stage manages 20."""
    shipped = route.LIMITS[Policy.LIVE]
    route.LIMITS[Policy.LIVE] = limits
    try:
        sink, count = Ages(), 600
        parts: list[Any] = [
            Result("track", steady(0.010)),
            Step("read", steady(0.050)),
            Step("draw", steady(0.005)),
        ]
        pipeline = Pipeline(
            Frames(count, steady(0.010), is_live=True), parts, [sink], policy=Policy.LIVE
        )
        begin = time.perf_counter()
        pipeline.run()
    finally:
        route.LIMITS[Policy.LIVE] = shipped
    stats = pipeline.stats()
    return {
        "in_flight": limits.in_flight,
        "work_ms": 65,
        "age_ms": percentiles(sink.ages_ms[10:], digits=1),
        "fps": round(stats.processed / (time.perf_counter() - begin), 1),
        "captured": stats.captured,
        "processed": stats.processed,
        "dropped": sum(stats.dropped.values()),
    }


def main() -> None:
    """Measure, print and write everything."""
    data = {
        "handover_lossless": [handover(count) for count in (1, 3, 5)],
        "latency": latency(),
        "recording": recording(),
        "bursts": [bursts(Limits(d, f)) for d, f in [(1, 2), (1, 4), (2, 4), (4, 8), (8, 16)]],
        "live_overload": [overload(Limits(1, in_flight)) for in_flight in (1, 2, 3, 4, 8)],
    }
    for name, figures in data.items():
        print(name)
        for row in figures if isinstance(figures, list) else [figures]:
            print("   ", row)
    print(write_result("pipeline_overhead", data))


if __name__ == "__main__":
    main()
