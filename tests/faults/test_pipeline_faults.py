"""Parts of a pipeline that raise: anywhere, at any moment, with queues empty and full."""

from __future__ import annotations

import gc
import itertools
import threading
import traceback
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from srfer.realtime.pipeline import Pipeline
from srfer.realtime.route import LIMITS, Policy
from srfer.realtime.types import Frame
from tests.faults.bench import (
    COUNT,
    END_S,
    MOMENTS,
    PARTS,
    Bench,
    Broken,
    assert_set,
    raise_at,
    run_broken,
)
from tests.synthetic import (
    Find,
    Read,
    Smooth,
    SyntheticSource,
)

pytestmark = pytest.mark.usefixtures("threads_are_checked")


# A part raises. 6 parts x 3 moments x 2 queues x 2 policies x 8 = 576 runs


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize("queues", ["empty", "full"])
@pytest.mark.parametrize("part", PARTS)
def test_an_error_anywhere_ends_the_run_and_reaches_the_caller(
    part: str, queues: str, policy: Policy
) -> None:
    for moment, _ in itertools.product(MOMENTS.values(), range(8)):
        error, bench = Broken(f"{part} at {moment}"), Bench(policy)
        bench.at(part, raise_at(moment, error, wait_until_full(bench, part, queues, moment)))
        pace(bench, part, moment)
        run_broken(bench, error, part)
        if policy is Policy.LOSSLESS:  # exactly what the plain loop had done before it failed
            assert bench.sinks[0].indices == [*range(moment + (part == "second"))]
            assert bench.sinks[1].indices == [*range(moment)]


def wait_until_full(bench: Bench, part: str, queues: str, moment: int) -> Callable[[], None]:
    """Before failing, wait until all before the part is as full as it can be, where asked to."""
    policy = Policy.LIVE if bench.source.info.is_live else Policy.LOSSLESS
    door, in_flight = LIMITS[policy]
    if queues == "empty" or part == "source":
        return lambda: None
    inside = 1 if part == "find" else in_flight
    return lambda: bench.source.asked.wait_for(min(moment + inside + door + 1, COUNT))


def pace(bench: Bench, part: str, moment: int) -> None:
    """Have a live source wait for each frame up to the faulty one to be let in."""
    if not bench.source.info.is_live:
        return
    fail = bench.source.before

    def before(index: int) -> None:
        if index <= moment + 1:
            bench.stages[0].seen.wait_for(index)
        fail(index)

    bench.source.before = before


def test_a_source_that_breaks_off_while_everything_is_full() -> None:
    bench, error = Bench(Policy.LOSSLESS), Broken("cable pulled")
    door = LIMITS[Policy.LOSSLESS].door
    bench.at("source", raise_at(door, error, lambda: None))
    bench.at("find", lambda _: bench.source.asked.wait_for(door + 1))
    run_broken(bench, error, "source")
    assert bench.sinks[0].indices == [*range(door)]  # what was read before is not lost


def test_a_pause_does_not_hold_up_the_end() -> None:
    bench, error = Bench(Policy.LOSSLESS), Broken("cable pulled")
    failed, go = threading.Event(), threading.Event()
    bench.at("source", raise_at(3, error, lambda: None))
    bench.at("find", lambda index: assert_set(go))
    bench.source.on_exit = failed.set
    bench.pipeline.start()
    assert_set(failed)
    bench.pipeline.pause()
    go.set()
    with pytest.raises(Broken):
        bench.pipeline.join(END_S)
    assert bench.sinks[0].indices == [0, 1, 2]


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize("part", PARTS)
def test_an_error_while_opening(part: str, policy: Policy) -> None:
    for _ in range(5):
        bench, error = Bench(policy), Broken(f"cannot open {part}")
        bench.parts[part].on_enter = raiser(error)
        run_broken(bench, error, part)
        assert bench.parts[part].exits == []
        if part not in ("first", "second"):  # nothing came through, so no file was begun
            assert bench.sinks[0].entered_in is None


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize("part", PARTS)
def test_an_error_while_closing(part: str, policy: Policy) -> None:
    for _ in range(5):
        bench, error = Bench(policy), Broken(f"cannot close {part}")
        bench.parts[part].on_exit = raiser(error)
        bench.pipeline.start()
        with pytest.raises(Broken) as caught:
            bench.pipeline.join(END_S)
        assert caught.value is error
        bench.check_end(None)
        told = [e for sink in bench.sinks for _, e in sink.exits]
        # Sinks are exited last to first; those after the failing part are told.
        assert told == {"first": [None, None], "second": [error, None]}.get(part, [error, error])


def raiser(error: BaseException) -> Callable[[], None]:
    def act() -> None:
        raise error

    return act


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(3), StopIteration(), MemoryError()]
)
def test_no_kind_of_error_is_lost(error: BaseException) -> None:
    for part in ("find", "smooth", "first"):
        bench = Bench(Policy.LOSSLESS)
        bench.at(part, raise_at(3, error, lambda: None))
        run_broken(bench, error, part)


def test_the_first_error_wins_and_mentions_the_second() -> None:
    bench, error = Bench(Policy.LOSSLESS), Broken("disk full")
    bench.at("second", raise_at(5, error, lambda: None))
    bench.sinks[0].on_exit = raiser(OSError("still full"))
    run_broken(bench, error, "second")
    assert "after that, OSError: still full" in error.__notes__


def test_the_generator_raises_after_the_results_before_the_error() -> None:
    for moment in MOMENTS.values():
        bench, error = Bench(Policy.LOSSLESS), Broken("in the middle")
        seen: list[int] = []
        bench.at("read", raise_at(moment, error, lambda: None))
        results = bench.pipeline.results()
        with pytest.raises(Broken) as caught:
            seen.extend(result.frame.index for result in results)
        assert caught.value is error
        assert seen == [*range(moment)]
        bench.check_end(error)


def test_the_traceback_shows_where_it_happened_every_time() -> None:
    bench, error = Bench(Policy.LOSSLESS), Broken("look here")
    bench.at("read", raise_at(2, error, lambda: None))
    bench.pipeline.start()
    texts = []
    for _ in range(3):
        with pytest.raises(Broken) as caught:
            bench.pipeline.join(END_S)
        texts.append("".join(traceback.format_exception(caught.value)))
    assert "raise_at" in texts[0] or "in act" in texts[0]
    assert "raised by stage 'read' while working on frame 2" in texts[0]
    assert len(texts[2].splitlines()) == len(texts[0].splitlines())


def test_a_kept_error_keeps_no_frame() -> None:
    images: list[weakref.ref[Any]] = []

    def fail(frame: Frame) -> None:
        images.append(weakref.ref(frame.image))
        try:
            raise LookupError("cause")
        except LookupError as cause:
            raise Broken("effect") from cause

    class Fragile(Find):
        def __call__(self, frame: Frame, /) -> Any:
            if frame.index == 3:
                fail(frame)
            return super().__call__(frame)

    gc.collect()
    gc.disable()
    try:
        pipeline = Pipeline(SyntheticSource(10), [Fragile(), Read(), Smooth()])
        pipeline.start()
        with pytest.raises(Broken) as caught:
            pipeline.join(END_S)
        assert isinstance(caught.value.__cause__, LookupError)
        assert [image() for image in images] == [None]
    finally:
        gc.enable()


def test_a_system_without_threads_to_spare(monkeypatch: pytest.MonkeyPatch) -> None:
    start = threading.Thread.start
    for spare in range(6):
        bench, left = Bench(Policy.LOSSLESS), itertools.count(-spare)

        def start_few(thread: threading.Thread, left: Iterator[int] = left) -> None:
            if next(left) >= 0:
                raise RuntimeError("can't start new thread")
            start(thread)

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start_few)
            with pytest.raises(RuntimeError, match="can't start new thread"):
                bench.pipeline.start()
        bench.pipeline.join(END_S)
        bench.check_end(None)
