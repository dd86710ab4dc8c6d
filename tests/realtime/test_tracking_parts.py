"""The parts of the tracker, each on its own: assignment, prediction, motion, time, scene."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from srfer.errors import ConfigError
from srfer.realtime.picture import Luma
from srfer.realtime.tracking import TrackerConfig
from srfer.realtime.tracking.association import assign, iou, nearness
from srfer.realtime.tracking.flow import follow
from srfer.realtime.tracking.glance import glance
from srfer.realtime.tracking.kalman import MotionFilter
from srfer.realtime.tracking.media_time import FIRST_STEP_S, MediaTime
from srfer.realtime.tracking.portrait import SAME_FACE_FROM, likeness, portrait
from srfer.realtime.tracking.scene import SceneWatch
from srfer.realtime.types import Box, Face, Frame

RANDOM = np.random.default_rng(7)


def square(x: float, y: float, side: float) -> Box:
    return Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)


def texture(width: int, height: int, seed: int = 0, grain_px: int = 8) -> NDArray[np.uint8]:
    random = np.random.default_rng(seed)
    shape = (height // grain_px + 2, width // grain_px + 2)
    coarse = random.uniform(0, 255, shape).astype(np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def warped(picture: NDArray[np.uint8], matrix: NDArray[np.float64]) -> NDArray[np.uint8]:
    size = (picture.shape[1], picture.shape[0])
    flags, border = cv2.INTER_CUBIC, cv2.BORDER_REFLECT
    return np.asarray(
        cv2.warpAffine(picture, matrix, size, flags=flags, borderMode=border), np.uint8
    )


# --- association ---


def test_iou_is_intersection_over_union() -> None:
    boxes, others = [Box(0, 0, 10, 10)], [Box(0, 0, 10, 10), Box(5, 0, 15, 10), Box(20, 0, 30, 9)]
    np.testing.assert_allclose(iou(boxes, others), [[1, 1 / 3, 0]])
    assert iou([], others).shape == (0, 3)
    assert iou(boxes, []).shape == (1, 0)


def test_nearness_falls_to_zero_at_the_reach_and_for_other_sizes() -> None:
    places = [square(0, 0, 10), square(5, 0, 10), square(10, 0, 10), square(0, 0, 21)]
    np.testing.assert_allclose(nearness([square(0, 0, 10)], [10.0], places), [[1, 0.5, 0, 0]])


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (4, 4), (3, 6), (6, 3)])
def test_assignment_is_the_best_of_all(shape: tuple[int, int]) -> None:
    for _ in range(40):
        likeness_of = RANDOM.uniform(0, 1, shape).round(1)
        pairs = assign(likeness_of, at_least=0.35)
        assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
        assert all(likeness_of[pair] >= 0.35 for pair in pairs)
        found = sum(likeness_of[pair] for pair in pairs)
        gated = np.where(likeness_of >= 0.35, likeness_of, 0)
        if shape[0] > shape[1]:
            gated = gated.T
        best = max(
            sum(gated[row, column] for row, column in enumerate(columns))
            for columns in itertools.permutations(range(gated.shape[1]), gated.shape[0])
        )
        assert found == pytest.approx(best)


def test_assignment_gives_up_a_good_pair_for_two_fair_ones() -> None:
    assert assign(np.array([[0.9, 0.8], [0.8, 0.0]]), at_least=0.1) == [(0, 1), (1, 0)]


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_nothing_to_assign(shape: tuple[int, int]) -> None:
    assert assign(np.zeros(shape), at_least=0.1) == []


# --- prediction ---


def test_speed_and_growth_are_learned() -> None:
    known = MotionFilter.at(square(100, 100, 40), 0.02)
    for i in range(1, 31):
        known.predict(1 / 30, is_seen=True)
        known.correct(square(100 + 3 * i, 100 - i, 40 * 1.01**i), 0.02)
    known.predict(5 / 30, is_seen=True)
    x, y = known.box.center
    assert x == pytest.approx(100 + 3 * 35, abs=2)
    assert y == pytest.approx(100 - 35, abs=2)
    assert known.box.width == pytest.approx(40 * 1.01**35, rel=0.03)


def test_a_hidden_face_comes_to_rest_and_its_place_gets_uncertain() -> None:
    known = MotionFilter.at(square(100, 100, 40), 0.02)
    for i in range(1, 31):
        known.predict(1 / 30, is_seen=True)
        known.correct(square(100 + 3 * i, 100, 40), 0.02)
    spread_px, steps = known.spread_px, [known.box.center[0]]
    for _ in range(90):
        known.predict(1 / 30, is_seen=False)
        steps.append(known.box.center[0])
    assert 40 < steps[-1] - steps[0] < 100
    assert steps[-1] - steps[-2] < 0.1 * (steps[1] - steps[0])
    assert known.spread_px > 5 * spread_px


def test_no_time_means_no_motion() -> None:
    known = MotionFilter.at(Box(10, 10, 30, 50), 0.02)
    known.predict(0.0, is_seen=True)
    assert known.box == pytest.approx((10, 10, 30, 50))


def test_the_filter_stays_sane_under_nonsense() -> None:
    known = MotionFilter.at(square(0, 0, 20), 0.05)
    for _ in range(300):
        known.predict(float(RANDOM.choice([0, 0.001, 0.04, 2.0])), is_seen=bool(RANDOM.integers(2)))
        x, y = RANDOM.uniform(-500, 500, 2)
        known.correct(square(x, y, RANDOM.uniform(1, 400)), 0.05)
        assert np.isfinite(known.box).all()
        assert known.box.width > 0
        assert known.spread_px > 0


# --- motion ---


@pytest.mark.parametrize("side", [8, 20, 60, 200])
@pytest.mark.parametrize(
    ("move", "scale", "degrees"),
    [((0.02, 0.01), 1, 0), ((0.2, -0.1), 1.04, 0), ((0.1, 0), 0.97, 6)],
)
def test_motion_is_measured_whatever_the_size(
    side: float, move: tuple[float, float], scale: float, degrees: float
) -> None:
    fine = texture(400, 400) if side > 30 else cv2.resize(texture(1600, 1600), (400, 400))
    before, (x, y) = np.asarray(fine, np.uint8), (200.3, 190.8)
    middle = np.array([x, y])
    turn = cv2.getRotationMatrix2D((x - 0.5, y - 0.5), degrees, scale)
    matrix = np.asarray(turn, np.float64)
    matrix[:, 2] += np.array(move) * side
    landmarks = (
        middle + np.array([[-0.2, -0.2], [0.2, -0.2], [0, 0], [-0.2, 0.2], [0.2, 0.2]]) * side
    )
    face = Face(square(x, y, side), 0.9, landmarks.astype(np.float32))
    motion = follow(before, warped(before, matrix), face, (x, y))
    assert motion is not None
    moved = motion.move(face)
    np.testing.assert_allclose(moved.box.center, middle + np.array(move) * side, atol=0.03 * side)
    assert moved.box.width == pytest.approx(scale * side, rel=0.03)
    expected = (landmarks - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    assert moved.landmarks is not None
    np.testing.assert_allclose(moved.landmarks, expected, atol=0.04 * side)
    assert moved.score == 0.9


def test_a_fast_face_is_found_where_it_is_expected() -> None:
    before = texture(400, 400)
    after = warped(before, np.array([[1.0, 0, 70], [0, 1, 0]]))
    face = Face(square(150, 200, 40), 0.9)
    motion = follow(before, after, face, (218.0, 201.0))
    assert motion is not None
    np.testing.assert_allclose(motion.move(face).box.center, (220, 200), atol=1)


def test_another_picture_has_no_motion() -> None:
    before, after = texture(200, 200, 1), texture(200, 200, 2)
    assert follow(before, after, Face(square(100, 100, 50), 0.9), (100.0, 100.0)) is None


@pytest.mark.parametrize("place", [(0.0, 0.0), (63.9, 20.0), (-300.0, 50.0)])
def test_faces_at_the_border_and_beyond_do_no_harm(place: tuple[float, float]) -> None:
    picture = texture(64, 48)
    motion = follow(picture, picture, Face(square(*place, 30), 0.9), place)
    if motion is not None:
        moved = motion.move(Face(square(*place, 30), 0.9))
        np.testing.assert_allclose(moved.box.center, place, atol=1)


# --- likeness ---


def test_a_covered_face_no_longer_looks_like_itself() -> None:
    picture = texture(200, 200)
    look, box = portrait(picture, square(100, 100, 60)), square(100, 100, 60)
    brighter = np.clip(picture.astype(np.float32) * 0.6 + 60, 0, 255).astype(np.uint8)
    assert likeness(portrait(brighter, box), look) > 0.99
    half = picture.copy()
    half[:, :105] = 128
    assert likeness(portrait(half, box), look) < 0.9
    covered = picture.copy()
    covered[:, :118] = texture(118, 200, 5)
    assert likeness(portrait(covered, box), look) < SAME_FACE_FROM
    flat = np.full((200, 200), 99, np.uint8)
    assert likeness(portrait(flat, box), look) == 0


# --- time ---


def frame(index: int, pts: Fraction | None, captured_s: float = 0.0) -> Frame:
    return Frame("clip", index, captured_s, pts, np.zeros((2, 2, 3), np.uint8))


def steps(times: list[Fraction | None], captured: list[float] | None = None) -> list[float]:
    time = MediaTime()
    captured = captured or [0.0] * len(times)
    return [
        time.advance(frame(i, pts, at))
        for i, (pts, at) in enumerate(zip(times, captured, strict=True))
    ]


def test_time_follows_pts() -> None:
    assert steps([Fraction(7), Fraction(7) + Fraction(1, 25), Fraction(8)]) == [0.0, 0.04, 0.96]


def test_time_follows_the_capture_where_there_is_no_pts() -> None:
    assert steps([None, None, Fraction(5), None], [10, 10.5, 10.75, 11.75]) == [0, 0.5, 0.25, 1.0]


def test_time_never_stands_still_or_goes_back() -> None:
    tenth = Fraction(1, 10)
    times: list[Fraction | None] = [Fraction(0), tenth, tenth, Fraction(-50), -50 + 2 * tenth]
    assert steps(times) == pytest.approx([0, 0.1, 0.1, 0.1, 0.2])
    assert steps([None, None, None]) == pytest.approx([0, FIRST_STEP_S, FIRST_STEP_S])


# --- scene ---


def test_a_cut_is_noticed_and_motion_light_and_noise_are_not() -> None:
    picture, other = texture(320, 240, 3, grain_px=40), texture(320, 240, 4, grain_px=40)
    moved = warped(picture, np.array([[1.0, 0, 6], [0, 1, 4]]))
    darker = (moved * 0.5).astype(np.uint8)
    noisy = np.clip(darker + RANDOM.normal(0, 25, darker.shape), 0, 255).astype(np.uint8)
    watch = SceneWatch()
    cuts = [watch.is_cut(glance(Luma(p))) for p in (picture, moved, darker, noisy, other, other)]
    assert cuts == [False, False, False, False, True, False]


def test_another_size_is_a_cut() -> None:
    watch, picture = SceneWatch(), texture(320, 240)
    assert [watch.is_cut(glance(Luma(p))) for p in (picture, picture[:100], picture[:100])] == [
        False,
        True,
        False,
    ]


def test_one_thing_that_leaves_a_plain_wall_is_no_cut() -> None:
    wall = np.full((240, 320), 40, np.uint8)
    wall[:, 150:170] += 3
    person = wall.copy()
    person[60:180, 100:220] = texture(120, 120)
    watch = SceneWatch()
    assert [watch.is_cut(glance(Luma(p))) for p in (person, wall, person)] == [False] * 3


# --- settings ---


@pytest.mark.parametrize(
    "options",
    [
        {"detect_every_frames": 0},
        {"sure_from": 1.1},
        {"lost_for_s": -1.0},
        {"max_faces": 0},
        {"lost_for_s": math.nan},
    ],
)
def test_impossible_settings_are_named(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        TrackerConfig(**options)
