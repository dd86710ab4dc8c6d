"""Streams side by side: the same answers as alone, and no harm from each other."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import srfer
from srfer.engines import Model
from srfer.errors import ConfigError, SourceError
from srfer.realtime import FrameResult, Policy, TrackState, analyze
from srfer.realtime.demo.clip import Walk, make_clip
from srfer.realtime.load import EffortDial
from srfer.realtime.sources import open_source
from srfer.realtime.stats import DropCause, PipelineState
from srfer.realtime.streams import Stream, StreamSet
from srfer.realtime.types import Effort
from tests.spoiled import Answers, spoiled
from tests.synthetic import HANG_S, Keep, SyntheticSource, check_books, is_set_in_time

pytestmark = pytest.mark.usefixtures("threads_are_checked")


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped model."""
    return srfer.load()


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    """Three clips of 20 frames in which a face of 80, 60 and 40 px moves to the right."""
    folder = tmp_path_factory.mktemp("clips")
    paths = []
    for number, side in enumerate((80, 60, 40)):
        path = folder / f"camera-{number}.mp4"
        x = np.linspace(200, 300, 20)
        make_clip(path, Walk(np.full(20, float(side)), np.stack([x, np.full(20, 240.0)], axis=1)))
        paths.append(path)
    return tuple(paths)


def said(results: list[FrameResult]) -> list[tuple[Any, ...]]:
    """What results say of faces, without the last bits, which depend on the batch's size."""
    return [
        (
            result.frame.index,
            face.track.id,
            [round(edge, 1) for edge in face.track.face.box],
            face.expression and face.expression.label,
            None if face.smoothed is None else face.smoothed.round(3).tolist(),
        )
        for result in results
        for face in result.faces
    ]


def test_many_streams_give_what_each_gives_alone(model: Model, clips: tuple[Path, ...]) -> None:
    sinks = [Keep() for _ in clips]
    streams = [
        Stream(path.name, open_source(str(path)), [sink])
        for path, sink in zip(clips, sinks, strict=True)
    ]
    with StreamSet(streams, model, policy=Policy.LOSSLESS) as running:
        assert running.wait() == {}
        stats = running.stats()
    for path, sink, one in zip(clips, sinks, stats, strict=True):
        alone = said(list(analyze(path, model=model)))
        assert len(alone) == 20
        for mine, other in zip(said(sink.results), alone, strict=True):
            assert mine[:4] == other[:4]
            assert mine[4] == pytest.approx(other[4], abs=2e-3)
        check_books(one.pipeline)
        assert one.name == path.name
        assert one.effort is Effort.FULL
        assert one.pipeline.state is PipelineState.FINISHED


def test_a_stream_that_fails_harms_no_other(
    model: Model, clips: tuple[Path, ...], tmp_path: Path
) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"this is no video at all")
    sink = Keep()
    streams = [
        Stream("broken", open_source(str(broken))),
        Stream("whole", open_source(str(clips[0])), [sink]),
    ]
    with StreamSet(streams, model, policy=Policy.LOSSLESS) as running:
        errors = running.wait()
    assert list(errors) == ["broken"]
    assert isinstance(errors["broken"], SourceError)
    assert sink.indices == list(range(20))


def test_an_engine_that_fails_ends_the_streams_that_ask_it(
    model: Model, clips: tuple[Path, ...]
) -> None:
    def fail(_: Answers) -> None:
        raise RuntimeError("the GPU fell off the bus")

    streams = [Stream(path.name, open_source(str(path))) for path in clips]
    with StreamSet(streams, spoiled(model, fail), policy=Policy.LOSSLESS) as running:
        errors = running.wait()
    assert set(errors) == {path.name for path in clips}
    assert {str(error) for error in errors.values()} == {"the GPU fell off the bus"}


def test_stopping_ends_streams_at_different_places(model: Model) -> None:
    waiting, go = threading.Event(), threading.Event()

    def stand_still(index: int) -> None:
        if index == 2:
            waiting.set()
            is_set_in_time(go)

    busy = SyntheticSource(100_000, width=64, height=64, is_live=True)
    stuck = SyntheticSource(5, width=64, height=64, is_live=True, before=stand_still)
    running = StreamSet([Stream("busy", busy), Stream("stuck", stuck)], model)
    with running:
        is_set_in_time(waiting)
        running.pause()
        assert running.stats()[0].pipeline.state is PipelineState.PAUSED
        running.resume()
        with pytest.raises(TimeoutError, match=r"stuck did not stop.*source has been working"):
            running.stop(0.2)
        go.set()
    states = [one.pipeline.state for one in running.stats()]
    assert states == [PipelineState.STOPPED, PipelineState.STOPPED]
    for one in running.stats():
        check_books(one.pipeline)


def test_a_frame_budget_is_kept_and_accounted_for(model: Model, clips: tuple[Path, ...]) -> None:
    sink = Keep()
    stream = Stream("clip", open_source(str(clips[0])), [sink], max_fps=5)
    with StreamSet([stream], model, policy=Policy.LOSSLESS) as running:
        assert running.wait() == {}
        stats = running.stats()[0].pipeline
    assert sink.indices == [0, 5, 10, 15]
    assert stats.dropped[DropCause.BUDGET] == 16
    check_books(stats)


class Tiresome(SyntheticSource):
    """A camera whose clock runs: 25 frames a second by their `captured_s`, and half get lost."""

    def __iter__(self) -> Iterator[Any]:
        for frame in super().__iter__():
            yield type(frame)(
                frame.source_id, frame.index, 1000 + frame.index / 25, frame.pts, frame.image
            )


def test_an_overloaded_live_stream_is_given_less_work_and_says_so(model: Model) -> None:
    turned: list[tuple[str, Effort]] = []
    enough = threading.Event()

    def note(dial: EffortDial) -> None:
        turned.append((dial.stream, dial.effort))
        if dial.effort is Effort.LEAST:
            enough.set()

    source = Tiresome(1_000_000, width=64, height=64, is_live=True)
    with StreamSet([Stream("yard", source)], model, on_effort=note) as running:
        assert enough.wait(HANG_S)
        assert running.stats()[0].effort is Effort.LEAST
    assert [effort for _, effort in turned] == [1, 2, 3]


def test_faces_are_read_less_often_where_the_dial_says_so(
    model: Model, clips: tuple[Path, ...]
) -> None:
    from srfer.realtime import make_stages

    dial = EffortDial("clip")
    dial.effort = Effort.LEAST
    track, read = make_stages(model, dial=dial)
    with open_source(str(clips[0])) as source, track, read:
        results = [read(track(frame)) for frame in source]
    faces = [result.faces[0] for result in results]
    assert all(face.track.state is not TrackState.LOST for face in faces)
    was_read = [face.expression is not None for face in faces]
    assert was_read[0]  # a new face at once, then every fourth frame
    assert sum(was_read) in (5, 6)
    assert all(face.steady_label is not None for face in faces)
    assert {result.effort for result in results} == {Effort.LEAST}
    for face, is_read in zip(faces, was_read, strict=True):
        assert (face.read_ago_s == 0) is is_read
    assert max(face.read_ago_s or 0 for face in faces) == pytest.approx(3 / 25)


def test_completed_results_know_their_age(model: Model, clips: tuple[Path, ...]) -> None:
    for result in analyze(clips[0], model=model):
        assert result.completed_s is not None
        assert 0 < result.completed_s - result.frame.captured_s < HANG_S


def test_impossible_sets_are_refused(model: Model) -> None:
    with pytest.raises(ConfigError, match="no stream"):
        StreamSet([], model)
    twice = [Stream("a", SyntheticSource()), Stream("a", SyntheticSource())]
    with pytest.raises(ConfigError, match="different names"):
        StreamSet(twice, model)
    with pytest.raises(ConfigError, match="max_fps"):
        StreamSet([Stream("a", SyntheticSource(), max_fps=0)], model)
