"""What the threads of a pipeline do: one loop each for the source, a stage, and the sinks.

A loop that waits still holds its previous frame, which costs nothing: that frame is under way, or
it is the newest result, which is kept anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from .budget import FrameBudget
from .route import Parcel, Route
from .stage import BatchStage, Sink, Source, Stage
from .types import FrameResult
from .watchdog import Monitor


def capture(source: Source, monitor: Monitor, route: Route, budget: FrameBudget) -> None:
    """Bring frames to the door until the source ends or nobody wants them."""
    frames = iter(source)
    is_live = source.info.is_live
    captured = 0
    while True:
        if not is_live:  # a live source is read on during a pause, or it would fall behind
            route.wait_while_paused()
        with monitor.working(captured):
            frame = next(frames, None)
        if frame is None:
            return
        captured += 1
        if captured == 1:
            route.fit(frame.width * frame.height)
        if not budget.allows(frame):
            route.refuse()
            continue
        parcel = Parcel(frame.index, frame, {monitor.name: monitor.last_ms})
        if not route.capture(parcel):
            return


def serve(place: int, stage: Stage[Any, Any], monitor: Monitor, route: Route) -> None:
    """Apply a stage to what arrives, and hand it on."""
    if place > 1 and isinstance(stage, BatchStage):  # frames wait at the door, not behind it
        _serve_batches(place, stage, monitor, route)
        return
    for parcel in route.arrivals(place):
        try:
            with monitor.working(parcel.index):
                parcel.message = stage(parcel.message)
        except BaseException:
            route.lose()
            raise
        parcel.timings_ms[monitor.name] = monitor.last_ms
        if not route.pass_on(place, parcel):
            return


def _serve_batches(place: int, stage: BatchStage[Any, Any], monitor: Monitor, route: Route) -> None:
    """The same with as many messages at a time as have gathered."""
    for parcels in route.batches(place):
        left = len(parcels)
        try:
            for parcel in _done(stage, monitor, parcels):
                left -= 1
                if not route.pass_on(place, parcel):
                    return
        finally:
            for _ in range(left):
                route.lose()


def _done(
    stage: BatchStage[Any, Any], monitor: Monitor, parcels: Sequence[Parcel]
) -> Iterator[Parcel]:
    """Apply a stage to all at once, or, where that fails, to one after the other.

    So frames before the one that it cannot do are finished, as they are in the plain loop.
    """
    try:
        _apply(stage, monitor, parcels)
    except Exception:
        if len(parcels) == 1:
            raise
    else:
        yield from parcels
        return
    for parcel in parcels:
        _apply(stage, monitor, [parcel])
        yield parcel


def _apply(stage: BatchStage[Any, Any], monitor: Monitor, parcels: Sequence[Parcel]) -> None:
    with monitor.working(parcels[0].index, len(parcels)):
        made = stage.batch([parcel.message for parcel in parcels])
        finished = [*zip(parcels, made, strict=True)]
    for parcel, message in finished:
        parcel.message = message
        parcel.timings_ms[monitor.name] = monitor.last_ms


def deliver(
    sinks: Sequence[tuple[Sink, Monitor]],
    route: Route,
    show: Callable[[FrameResult], None],
    clock: Callable[[], float],
) -> None:
    """Complete the results that arrive, show each, and write it to every sink."""
    for parcel in route.arrivals(route.last_place):
        try:
            result = replace(
                parcel.message,
                timings_ms=MappingProxyType(parcel.timings_ms),
                dropped_before=parcel.dropped_before,
                completed_s=clock(),
            )
            show(result)
            for sink, monitor in sinks:
                with monitor.working(parcel.index):
                    sink.write(result)
        except BaseException:
            route.lose()
            raise
        if not route.finish(result):
            return
