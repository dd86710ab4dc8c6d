"""What every tracker has to do, whatever finds the faces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import pytest

from srfer.engines import Model, load
from srfer.errors import EngineError
from srfer.realtime.api import AnalysisOptions, make_stages
from srfer.realtime.crop import cut
from srfer.realtime.detection import open_detector
from srfer.realtime.known_models import known_model
from srfer.realtime.picture import to_gray
from srfer.realtime.tracking import Tracker, TrackerConfig
from srfer.realtime.tracking.association import iou
from srfer.realtime.types import Frame, RgbImage, Track, TrackState
from tests.people import film, numbers, paint, room, seen

NEW, TRACKED, LOST = TrackState.NEW, TrackState.TRACKED, TrackState.LOST
FACE_PX = 150.0
"""MediaPipe finds no faces that are much smaller."""
Make = Callable[..., Tracker]


@pytest.fixture(scope="module")
def model() -> Model:
    return load(device="cpu")


@pytest.fixture(
    params=[
        "retinaface",
        pytest.param("yunet", marks=pytest.mark.shared_data),
        pytest.param("mediapipe", marks=pytest.mark.shared_data),
    ]
)
def make(request: pytest.FixtureRequest, model: Model) -> Make:
    name, path = request.param, None
    if name == "mediapipe":
        pytest.importorskip("mediapipe")
    if name != "retinaface":
        file = known_model(name).file
        path = request.getfixturevalue("shared_dir") / "models" / file

    def make(**settings: Any) -> Tracker:
        options = AnalysisOptions(name, path, tracking=TrackerConfig(**settings))
        return make_stages(model, options)[0]

    return make


@pytest.fixture
def tracker(make: Make) -> Iterator[Tracker]:
    with make() as entered:
        yield entered


def walking(count: int, speed_px: float = 2.0) -> Iterator[RgbImage]:
    background = room(640, 360)
    for i in range(count):
        yield paint(background, [(FACE_PX, 200 + speed_px * i, 180, False)], i)


def test_a_face_keeps_its_number_and_is_where_it_is(tracker: Tracker) -> None:
    tracks = film(tracker, walking(20))
    assert numbers(tracks) == {1}
    assert tracks[0][0].state is NEW
    assert {frame[0].state for frame in tracks[3:]} == {TRACKED}
    assert [frame[0].age for frame in tracks] == list(range(20))
    for i, (track,) in enumerate(tracks):
        offset = np.subtract(track.face.box.center, (200 + 2 * i, 180))
        assert np.abs(offset).max() < 0.12 * FACE_PX
        assert track.face.box.height == pytest.approx(FACE_PX, rel=0.2)


def test_crops_are_framed_alike(tracker: Tracker) -> None:
    (image,) = walking(1)
    with open_detector() as detector:
        (right,) = detector.detect([image])[0]
    ((track,),) = film(tracker, iter([image]))
    assert iou([track.face.box], [right.box])[0, 0] > 0.8
    gray = to_gray(image)
    sides = [cut(gray, face)[1] for face in (track.face, right)]
    assert sides[0] == pytest.approx(sides[1], rel=0.1)
    assert track.face.landmarks is not None
    assert right.landmarks is not None
    np.testing.assert_allclose(track.face.landmarks, right.landmarks, atol=0.08 * FACE_PX)


def test_numbers_are_given_in_the_order_of_appearance(tracker: Tracker) -> None:
    background = room(640, 360)
    people = [(FACE_PX, 150.0, 180.0, False), (FACE_PX, 480.0, 180.0, True)]
    pictures = (paint(background, people[: 1 if i < 8 else 2], i) for i in range(24))
    tracks = film(tracker, pictures)
    assert [track.id for track in tracks[7]] == [1]
    first, second = tracks[-1]
    assert (first.id, second.id) == (1, 2)
    assert first.face.box.left < second.face.box.left
    assert first.state is second.state is TRACKED


def test_a_hidden_face_comes_back_as_itself(tracker: Tracker) -> None:
    def pictures() -> Iterator[RgbImage]:
        for i, image in enumerate(walking(46, speed_px=0.0)):
            if 16 <= i < 28:
                image[60:300, 90:310] = 90
            yield image

    tracks = film(tracker, pictures())
    assert numbers(tracks) == {1}
    assert {frame[0].state for frame in tracks[18:28]} == {LOST}
    assert tracks[-1][0].state is TRACKED


def test_who_is_gone_for_long_is_forgotten_and_the_number_with_him(make: Make) -> None:
    background = room(640, 360)
    person = [(FACE_PX, 200.0, 180.0, False)]
    pictures = (paint(background, person if not 10 <= i < 34 else [], i) for i in range(44))
    with make(lost_for_s=0.5) as tracker:
        tracks = film(tracker, pictures)
    assert [track.id for track in tracks[9]] == [1]
    assert tracks[33] == ()
    assert [track.id for track in tracks[-1]] == [2]


def test_a_lost_face_has_no_details_of_another_moment(tracker: Tracker) -> None:
    background = room(640, 360)
    person = [(FACE_PX, 200.0, 180.0, False)]
    tracks = film(tracker, (paint(background, person if i < 10 else [], i) for i in range(16)))
    (track,) = tracks[-1]
    assert track.state is LOST
    assert track.face.details is None


def test_after_a_cut_everybody_is_new(tracker: Tracker) -> None:
    here, there = room(640, 360, 1), room(640, 360, 2)
    person = (FACE_PX, 250.0, 180.0, False)
    pictures = (paint(here if i < 8 else there, [person], i) for i in range(16))
    tracks = film(tracker, pictures)
    assert [track.id for track in tracks[7]] == [1]
    assert [(track.id, track.state) for track in seen(tracks[8])] == [(2, NEW)]
    assert numbers(tracks[9:]) == {2}


def test_another_picture_size_makes_everybody_new(tracker: Tracker) -> None:
    sizes = [(640, 360)] * 4 + [(800, 600)] * 4
    pictures = (paint(room(w, h), [(FACE_PX, 250, 180, False)]) for w, h in sizes)
    tracks = film(tracker, pictures)
    assert [[track.id for track in frame] for frame in tracks] == [[1]] * 4 + [[2]] * 4


@pytest.mark.parametrize(
    "pts", [lambda i: None, lambda i: Fraction(-i, 30)], ids=["missing", "backwards"]
)
def test_odd_timestamps_do_not_cost_the_number(
    tracker: Tracker, pts: Callable[[int], Fraction | None]
) -> None:
    tracks = film(tracker, walking(10), pts)
    assert numbers(tracks) == {1}
    assert tracks[-1][0].state is TRACKED


def test_frames_of_any_size_without_a_face(tracker: Tracker) -> None:
    sizes = [(1, 1), (16, 16), (3, 200), (2560, 1440), (2560, 1440), (1, 1)]
    images = [np.full((height, width, 3), 128, np.uint8) for width, height in sizes]
    assert film(tracker, iter(images)) == [()] * len(sizes)


def test_answers_in_pixels_of_large_frames(tracker: Tracker) -> None:
    (image,) = walking(1)
    large = np.asarray(cv2.resize(image, (1600, 900), interpolation=cv2.INTER_CUBIC), np.uint8)
    ((track,),) = film(tracker, iter([large]))
    np.testing.assert_allclose(track.face.box.center, (500, 450), atol=0.3 * FACE_PX)
    assert track.face.box.height == pytest.approx(2.5 * FACE_PX, rel=0.2)


def test_the_same_film_gives_the_same_tracks_and_numbers_begin_again(make: Make) -> None:
    images = list(walking(12, speed_px=5.0))
    tracker = make()

    def run() -> list[object]:
        with tracker:
            return [[facts(track) for track in frame] for frame in film(tracker, iter(images))]

    first = run()
    assert first == run()
    assert first[-1] != first[-2]


def facts(track: Track) -> tuple[object, ...]:
    details = track.face.details
    mesh = None if details is None else (details.mesh.tobytes(), details.blendshapes.tobytes())
    return track.id, track.state, track.age, track.face.box, mesh


@cache
def comings_and_goings(width: int, height: int, face_px: float) -> list[Frame]:
    """Somebody walks and is hidden for a while, somebody small comes, and the scene is cut."""
    scenes = [room(width, height, seed) for seed in range(2)]
    frames, y = [], height / 2
    for i in range(26):
        hidden, small = 10 <= i < 13, (0.7 * face_px, 0.8 * width, y, True)
        one = (face_px, 0.3 * width + 3 * i, y, False)
        people = [small] * (i >= 7) + [one] * (not hidden)
        image = paint(scenes[i // 20], people, i)
        frames.append(Frame("film", i, i / 30, Fraction(i, 30), image))
    return frames


@pytest.mark.parametrize(
    ("at", "width", "height", "face_px"),
    [(at, 640, 360, FACE_PX) for at in (1, 8, 11, 14, 19, 21)]
    + [(at, 1280, 720, 22.0) for at in (11, 21)],
)
def test_another_goes_on_where_one_was(
    make: Make, at: int, width: int, height: int, face_px: float
) -> None:
    frames = comings_and_goings(width, height, face_px)
    with make() as one, make() as other:
        for frame in frames[:at]:
            one(frame)
        other.recall(one.remember(), frames[at - 1])
        for frame in frames[at:]:
            ours = [facts(track) for track in one(frame).tracks]
            assert [facts(track) for track in other(frame).tracks] == ours


def test_what_is_no_memory_is_refused(tracker: Tracker) -> None:
    frame = Frame("film", 0, 0.0, Fraction(0), room(320, 240).astype(np.uint8))
    for memory in (b"", b"memory", tracker.remember()[:-1]):
        with pytest.raises(ValueError, match="holds no"):
            tracker.recall(memory, frame)


def test_tracks_of_the_frame_before_stay_as_they_were(tracker: Tracker) -> None:
    kept: list[tuple[Track, ...]] = []
    before: list[list[tuple[object, ...]]] = []
    for i, image in enumerate(walking(8)):
        kept.append(tracker(Frame("film", i, i / 30, Fraction(i, 30), image)).tracks)
        before.append([facts(track) for track in kept[-1]])
    assert before == [[facts(track) for track in tracks] for tracks in kept]
    assert all(a != b for a, b in pairwise(before))


def test_it_works_only_while_it_is_open(make: Make) -> None:
    tracker = make()
    frame = Frame("film", 0, 0.0, Fraction(0), room(320, 240).astype(np.uint8))
    with pytest.raises(EngineError, match="not open"):
        tracker(frame)
    for _ in range(2):
        with tracker:
            assert tracker(frame).tracks == ()
