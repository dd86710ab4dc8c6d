"""The reading stage and the Python front door, on a real face."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage import data

import srfer
from srfer.engines import LABELS, Model
from srfer.errors import ConfigError, EngineError, SourceError
from srfer.realtime import (
    AnalysisOptions,
    Analyzer,
    Box,
    Face,
    FaceResult,
    Frame,
    Track,
    TrackedFrame,
    make_stages,
)
from srfer.realtime import TrackState as State
from srfer.realtime.demo.clip import Walk, make_clip
from srfer.realtime.sources import VideoFile
from tests.spoiled import Answers, spoiled

FACE_BOX = Box(177.9, 56.8, 273.1, 177.2)


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped model."""
    return srfer.load()


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    """(512, 512, 3) RGB with one smiling face."""
    return np.asarray(data.astronaut(), np.uint8)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 frames in which a face shrinks from 100 to 60 px."""
    path = tmp_path_factory.mktemp("clip") / "walk.mp4"
    sides = np.linspace(100, 60, 40)
    make_clip(path, Walk(sides, np.stack([300 + sides * 0, 240 + sides * 0], axis=1)))
    return path


def tracked(
    image: NDArray[np.uint8], *tracks: tuple[int, State, Box], pts: Fraction = Fraction(0)
) -> TrackedFrame:
    """A frame with the given tracks."""
    frame = Frame("test", 0, 0.0, pts, image.copy())
    return TrackedFrame(
        frame, tuple(Track(i, state, Face(box, 0.9), 1) for i, state, box in tracks)
    )


def test_only_faces_in_view_are_read(model: Model, portrait: NDArray[np.uint8]) -> None:
    tiny = Box(10, 10, 14, 14)
    with Analyzer(model) as analyse:
        result = analyse(
            tracked(
                portrait,
                (1, State.NEW, FACE_BOX),
                (2, State.TRACKED, FACE_BOX),
                (3, State.LOST, FACE_BOX),
                (4, State.TRACKED, tiny),
            )
        )
    assert [face.track.id for face in result.faces] == [1, 2, 3, 4]
    assert [face.expression is not None for face in result.faces] == [True, True, False, False]
    expression = result.faces[0].expression
    assert expression is not None
    assert expression.label == "happiness"
    assert expression.native_px > 100


def test_a_frame_without_faces_is_an_empty_result(
    model: Model, portrait: NDArray[np.uint8]
) -> None:
    with Analyzer(model) as analyse:
        assert analyse(tracked(portrait)).faces == ()


def make_the_first_nan(answers: Answers) -> None:
    answers["probabilities"][0] = np.nan


def test_a_faulty_engine_costs_a_reading_and_is_counted(
    model: Model, portrait: NDArray[np.uint8]
) -> None:
    message = tracked(portrait, (1, State.TRACKED, FACE_BOX), (2, State.TRACKED, FACE_BOX))
    with Analyzer(spoiled(model, make_the_first_nan)) as analyse:
        result = analyse(message)
    assert result.failed_readings == 1
    assert result.faces[0].expression is None
    assert result.faces[0].smoothed is None
    assert result.faces[1].expression is not None


def said_of(face: FaceResult) -> tuple[bytes, bytes, bytes] | None:
    """What was read of a face, and its smoothed probabilities, bit for bit."""
    if face.expression is None or face.expression.restored is None or face.smoothed is None:
        return None
    given = face.expression.probabilities, face.expression.restored, face.smoothed
    first, second, third = (array.tobytes() for array in given)
    return first, second, third


def test_a_batch_of_frames_says_what_one_after_the_other_say(
    model: Model, portrait: NDArray[np.uint8]
) -> None:
    frames = [
        tracked(portrait, (1, State.TRACKED, FACE_BOX)),
        tracked(portrait, pts=Fraction(1, 25)),
        tracked(
            portrait,
            (1, State.LOST, FACE_BOX),
            (2, State.NEW, Box(180, 60, 260, 160)),
            (3, State.TRACKED, Box(10, 10, 14, 14)),
            pts=Fraction(2, 25),
        ),
        tracked(portrait, (2, State.TRACKED, FACE_BOX), pts=Fraction(3, 25)),
    ]
    with Analyzer(model) as analyse:
        singly = [analyse(frame) for frame in frames]
    with Analyzer(model) as analyse:
        together = [*analyse.batch(frames[:3]), *analyse.batch(frames[3:])]
    for one, other in zip(singly, together, strict=True):
        assert one.frame is other.frame
        for face, same in zip(one.faces, other.faces, strict=True):
            assert face.track is same.track
            assert face.steady_label == same.steady_label
            assert face.read_ago_s == same.read_ago_s
            # ONNX Runtime on a processor: to the last bit.
            assert said_of(face) == said_of(same)


def test_a_batch_that_fails_has_changed_nothing(model: Model, portrait: NDArray[np.uint8]) -> None:
    is_broken = True

    def fail(_: Answers) -> None:
        if is_broken:
            raise EngineError("on purpose")

    frames = [
        tracked(portrait, (1, State.TRACKED, FACE_BOX), pts=Fraction(i, 25)) for i in range(3)
    ]
    with Analyzer(spoiled(model, fail)) as analyse:
        with pytest.raises(EngineError, match="on purpose"):
            analyse.batch(frames)
        is_broken = False
        again = analyse.batch(frames)
    with Analyzer(model) as analyse:
        for result, frame in zip(again, frames, strict=True):
            assert said_of(result.faces[0]) == said_of(analyse(frame).faces[0])


def test_smoothing_follows_each_track_and_forgets_ended_ones(
    model: Model, portrait: NDArray[np.uint8]
) -> None:
    dark = np.zeros_like(portrait)
    face = (1, State.TRACKED, FACE_BOX)
    with Analyzer(model) as analyse:
        first = analyse(tracked(portrait, face)).faces[0]
        second = analyse(tracked(dark, face, pts=Fraction(1, 25))).faces[0]
        analyse(tracked(dark, pts=Fraction(2, 25)))
        again = analyse(tracked(dark, face, pts=Fraction(3, 25))).faces[0]
    assert first.smoothed is not None
    assert second.smoothed is not None
    assert second.expression is not None
    index = LABELS.index("happiness")
    raw, smooth = second.expression.probabilities[index], second.smoothed[index]
    assert raw < smooth < first.smoothed[index]
    assert again.expression is not None
    assert again.smoothed is not None
    assert np.array_equal(again.smoothed, again.expression.probabilities)


def test_repeated_timestamps_do_not_freeze_the_label(
    model: Model, portrait: NDArray[np.uint8]
) -> None:
    face = (1, State.TRACKED, FACE_BOX)
    with Analyzer(model) as analyse:
        analyse(tracked(portrait, face))
        for _ in range(60):
            last = analyse(tracked(np.zeros_like(portrait), face)).faces[0]
    assert last.smoothed is not None
    assert last.expression is not None
    assert np.allclose(last.smoothed, last.expression.probabilities, atol=0.01)


def test_super_resolution_can_be_switched_off(model: Model, portrait: NDArray[np.uint8]) -> None:
    small = cv2.resize(portrait, (64, 64), interpolation=cv2.INTER_AREA)
    box = Box(*(edge / 8 for edge in FACE_BOX))
    message = tracked(np.asarray(small, np.uint8), (1, State.TRACKED, box))
    with Analyzer(model) as one, Analyzer(model, use_sr=False) as other:
        restored = [stage(message).faces[0].expression for stage in (one, other)]
    assert restored[0] is not None
    assert restored[1] is not None
    assert not np.array_equal(restored[0].restored, restored[1].restored)  # type: ignore[arg-type]


def test_read_finds_the_face_in_a_picture(
    model: Model, portrait: NDArray[np.uint8], tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "portrait.png"), portrait[..., ::-1])
    from_array = srfer.read(portrait, model=model)
    from_file = srfer.read(tmp_path / "portrait.png", model=model)
    for result in (from_array, from_file):
        (face,) = result.faces
        assert face.expression is not None
        assert face.expression.label == "happiness"
        assert result.frame.pts is None
    assert np.array_equal(
        from_array.faces[0].expression.probabilities,  # type: ignore[union-attr]
        from_file.faces[0].expression.probabilities,  # type: ignore[union-attr]
    )


def test_read_leaves_the_caller_s_array_alone(portrait: NDArray[np.uint8], model: Model) -> None:
    mine = portrait.copy()
    srfer.read(mine, model=model)
    mine[0, 0] = 0  # still writable


@pytest.mark.parametrize(
    "wrong", [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_read_names_a_wrong_array(wrong: NDArray[np.uint8], model: Model) -> None:
    with pytest.raises(ConfigError, match=r"must be \(H, W, 3\) uint8"):
        srfer.read(wrong, model=model)


def test_analyze_equals_the_plain_loop(clip: Path, model: Model) -> None:
    results = list(srfer.analyze(clip, model=model))
    track, analyse = make_stages(model)
    with VideoFile(clip) as source, track, analyse:
        plain = [analyse(track(frame)) for frame in source]
    assert len(results) == len(plain) == 40
    for one, other in zip(results, plain, strict=True):
        assert one.frame.pts == other.frame.pts
        assert [face.track.face.box for face in one.faces] == [
            face.track.face.box for face in other.faces
        ]
        for face, face_plain in zip(one.faces, other.faces, strict=True):
            assert np.array_equal(face.smoothed, face_plain.smoothed)  # type: ignore[arg-type]
    assert {face.track.id for result in results for face in result.faces} == {1}
    assert set(results[5].timings_ms) == {"source", "track", "read"}


def test_leaving_analyze_early_leaves_nothing_behind(clip: Path, model: Model) -> None:
    before = threading.active_count()
    results = srfer.analyze(clip, model=model)
    next(results)
    results.close()
    assert threading.active_count() == before


def test_analyze_says_what_is_wrong(tmp_path: Path, model: Model) -> None:
    with pytest.raises(SourceError, match=r"none\.mp4"):
        next(srfer.analyze(tmp_path / "none.mp4", model=model))
    with pytest.raises(ConfigError, match="unknown tracker 'eyes'"):
        next(srfer.analyze("x.mp4", model=model, options=AnalysisOptions(tracker="eyes")))
