"""The soak of `python -m benchmarks.soak`, short: what has to be bounded is, from the beginning."""

from __future__ import annotations

import gc

import pytest

import srfer
from benchmarks.soak import LOST_FOR, MOST_FACES, STREAMS, soak
from srfer.realtime import Frame
from srfer.realtime.route import LIMITS, Policy
from tests.synthetic import check_books

pytestmark = pytest.mark.usefixtures("nothing_is_left")


def frames_alive() -> int:
    gc.collect()
    # By type: isinstance asks the objects, of which some of PyTorch's answer with a warning.
    return sum(type(one) is Frame for one in gc.get_objects())


def test_faces_come_and_go_and_nothing_stays() -> None:
    before = frames_alive()
    run = soak(srfer.load(device="cpu"), 90, visit=15, samples=20)
    assert run.errors == {}
    door, in_flight = LIMITS[Policy.LIVE]
    for one in run.stats:
        check_books(one.pipeline)
        assert one.pipeline.captured == 90
    for sample in run.samples:
        assert sample.in_flight <= door + in_flight
        assert sample.queued <= in_flight
    assert len({sample.threads for sample in run.samples if sample.share >= 0.5}) <= 1
    for census in run.census:
        assert census.ids > MOST_FACES, "new faces have come"
        assert census.most_tracks <= MOST_FACES + LOST_FOR
    assert len(run.census) == STREAMS
    assert frames_alive() <= before
