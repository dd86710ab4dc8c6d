"""The tracker with the real detector on real pictures: one astronaut, many ways to move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np
import pytest

from srfer.realtime.detection import open_detector
from srfer.realtime.tracking import FaceTracker, TrackerConfig
from srfer.realtime.types import RgbImage, TrackState
from tests.people import film, numbers, paint, room, seen

NEW, TRACKED, LOST = TrackState.NEW, TrackState.TRACKED, TrackState.LOST


@pytest.fixture
def tracker() -> Iterator[FaceTracker]:
    with FaceTracker(open_detector()) as entered:
        yield entered


def test_a_face_is_followed_from_160_pixels_to_8_and_back(tracker: FaceTracker) -> None:
    background, count = room(640, 480), 160
    heights = [8 * 20 ** abs(2 * i / (count - 1) - 1) for i in range(count)]
    places = [(320 + 40 * np.sin(i / 9) * (h / 160 + 0.3), 240.0) for i, h in enumerate(heights)]
    pictures = (
        paint(background, [(h, *place, False)], i)
        for i, (h, place) in enumerate(zip(heights, places, strict=True))
    )
    tracks = film(tracker, pictures)
    assert numbers(tracks) == {1}
    for height, (x, y), frame in zip(heights, places, tracks, strict=True):
        if height < 10:
            continue
        (track,) = frame
        assert track.state is not LOST, f"lost at {height:.0f} px"
        np.testing.assert_allclose(track.face.box.center, (x, y), atol=0.12 * height + 0.5)
        assert track.face.box.height == pytest.approx(height, rel=0.25)
        assert track.face.landmarks is not None
        eyes = track.face.landmarks[:2].mean(axis=0)
        assert 0.02 * height < y - eyes[1] < 0.3 * height
    assert tracks[-1][0].state is TRACKED


@pytest.mark.parametrize("speed_px", [0.0, 2.0])
def test_a_face_hidden_for_half_a_second_comes_back_as_itself(
    tracker: FaceTracker, speed_px: float
) -> None:
    background = room(400, 240)

    def pictures() -> Iterator[RgbImage]:
        for i in range(60):
            x = 120 + speed_px * i
            image = paint(background, [(70, x, 110, False)], i)
            if 25 <= i < 40:
                image[40:200, int(x) - 60 : int(x) + 60] = 90
            yield image

    tracks = film(tracker, pictures())
    assert numbers(tracks) == {1}
    assert {frame[0].state for frame in tracks[:2]} == {NEW}
    assert {frame[0].state for frame in tracks[3:25]} == {TRACKED}
    assert {frame[0].state for frame in tracks[26:40]} == {LOST}
    assert {frame[0].state for frame in tracks[47:]} == {TRACKED}
    assert tracks[-1][0].age == 59
    np.testing.assert_allclose(tracks[-1][0].face.box.center, (120 + speed_px * 59, 110), atol=8)


@pytest.mark.parametrize(("front_px", "back_px", "speed_px"), [(80, 80, 4), (50, 40, 8)])
def test_two_people_who_cross_keep_their_numbers(
    tracker: FaceTracker, front_px: float, back_px: float, speed_px: float
) -> None:
    background, count = room(480, 240), int(320 / speed_px)

    def pictures() -> Iterator[RgbImage]:
        for i in range(count):
            back = (back_px, 400 - speed_px * i, 110, True)
            front = (front_px, 80 + speed_px * i, 110, False)
            yield paint(background, [back, front], i)

    tracks = film(tracker, pictures())
    assert numbers(tracks) == {1, 2}
    begin = sorted(tracks[3], key=lambda track: track.face.box.left)
    end = sorted(tracks[-1], key=lambda track: track.face.box.left)
    assert [track.state for track in end] == [TRACKED, TRACKED]
    assert [track.id for track in end] == [begin[1].id, begin[0].id]


def test_a_face_that_leaves_is_lost_and_then_forgotten() -> None:
    background = room(320, 240)
    with FaceTracker(open_detector(), TrackerConfig(lost_for_s=0.5)) as tracker:
        tracks = film(
            tracker, (paint(background, [(70, 200 + 6 * i, 110, False)], i) for i in range(60))
        )
    assert numbers(tracks) == {1}
    assert LOST in {track.state for frame in tracks for track in frame}
    assert tracks[-1] == ()


@pytest.mark.parametrize(
    "pts",
    [
        lambda i: None,
        lambda i: Fraction(0),
        lambda i: Fraction(-i, 30),
        lambda i: Fraction(i % 7, 30),
        lambda i: Fraction(i, 30) if i % 2 else None,
        lambda i: Fraction((i // 2) * 2, 30),
    ],
    ids=["missing", "still", "backwards", "looping", "half missing", "repeating"],
)
def test_bad_timestamps_do_not_cost_the_number(
    tracker: FaceTracker, pts: Callable[[int], Fraction | None]
) -> None:
    background = room(320, 240)
    pictures = (paint(background, [(60, 100 + 2 * i, 110, False)], i) for i in range(20))
    tracks = film(tracker, pictures, pts)
    assert numbers(tracks) == {1}
    assert tracks[-1][0].state is TRACKED


def test_after_a_long_gap_everybody_is_new(tracker: FaceTracker) -> None:
    background = room(320, 240)
    pictures = (paint(background, [(60, 150, 110, False)], i) for i in range(12))
    tracks = film(tracker, pictures, lambda i: Fraction(i, 30) + (3 if i >= 6 else 0))
    assert [track.id for track in tracks[5]] == [1]
    assert [track.id for track in tracks[6]] == [2]


def test_after_a_cut_everybody_is_new(tracker: FaceTracker) -> None:
    here, there = room(320, 240, 1), room(320, 240, 2)
    pictures = (paint(here if i < 8 else there, [(60, 150, 110, i >= 8)], i) for i in range(16))
    tracks = film(tracker, pictures)
    assert [(track.id, track.state) for track in tracks[7]] == [(1, TRACKED)]
    assert [(track.id, track.state) for track in tracks[8]] == [(2, NEW)]
    assert [(track.id, track.state) for track in tracks[15]] == [(2, TRACKED)]


def test_another_picture_size_makes_everybody_new_at_once(tracker: FaceTracker) -> None:
    sizes = [(320, 240)] * 4 + [(480, 360)] * 4 + [(320, 240)]
    pictures = (paint(room(w, h), [(60, 150, 110, False)]) for w, h in sizes)
    tracks = film(tracker, pictures)
    assert [[track.id for track in frame] for frame in tracks] == [[1]] * 4 + [[2]] * 4 + [[3]]


def test_sixty_four_faces_are_followed_at_once(tracker: FaceTracker) -> None:
    background = room(1024, 768)
    people = [(60.0, 64 + 128 * x, 50 + 96 * y, False) for y in range(8) for x in range(8)]
    still = paint(background, people)
    tracks = film(tracker, iter([still] * 26))
    assert len(seen(tracks[-1])) >= 60
    assert all(track.state is TRACKED for track in tracks[-1])
    assert [track.id for track in tracks[-1]] == sorted(track.id for track in tracks[-1])
    assert numbers(tracks) == numbers(tracks[-1:])


def test_a_face_on_the_border_is_followed(tracker: FaceTracker) -> None:
    background = room(320, 240)
    tracks = film(tracker, (paint(background, [(90, 25, 60 + i, False)], i) for i in range(12)))
    assert numbers(tracks) == {1}
    assert tracks[-1][0].state is TRACKED
    assert tracks[-1][0].face.box.left < 0


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (3, 200), (3840, 2160)], ids=str)
def test_frames_of_any_size_without_a_face(tracker: FaceTracker, size: tuple[int, int]) -> None:
    images = [np.full((size[1], size[0], 3), level, np.uint8) for level in (0, 128, 128, 255)]
    assert film(tracker, iter(images)) == [()] * 4


def test_frames_whose_size_never_stays(tracker: FaceTracker) -> None:
    sizes = [(1, 1), (64, 48), (1, 1), (300, 200), (300, 201), (16, 16)]
    tracks = film(tracker, (paint(room(w, h), []) for w, h in sizes))
    assert tracks == [()] * len(sizes)


def test_the_same_film_gives_the_same_tracks() -> None:
    background = room(320, 240)
    images = [paint(background, [(60, 100 + 3 * i, 110, False)], i) for i in range(16)]

    def run() -> list[object]:
        with FaceTracker(open_detector()) as tracker:
            return [
                [(t.id, t.state, t.face.box, t.age) for t in frame]
                for frame in film(tracker, iter(images))
            ]

    assert run() == run()
