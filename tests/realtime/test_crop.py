"""The crop rule: exact where it can be, smooth where it must be."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
import skimage.data
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange
from numpy.typing import NDArray

from srfer.realtime.crop import Alignment, CropRule, SquareFrom, cut, cut_out
from srfer.realtime.picture import to_gray
from srfer.realtime.sources.decoded import decoded
from srfer.realtime.types import Box, Face, Frame

WHOLE = CropRule(margin=1.0)
NOISE = np.random.default_rng(0).integers(0, 256, (48, 48), np.uint8)


def face(left: float, top: float, right: float, bottom: float) -> Face:
    return Face(Box(left, top, right, bottom), 1.0)


def ramp(width: int, height: int, slope: float = 1.0) -> NDArray[np.uint8]:
    return np.tile(np.arange(width) * slope, (height, 1)).astype(np.uint8)


def test_a_picture_that_is_its_own_crop_stays_as_it_is() -> None:
    crop, native_px = cut(NOISE, face(0, 0, 48, 48), WHOLE)
    np.testing.assert_array_equal(crop, NOISE)
    assert native_px == 48
    assert crop.dtype == np.uint8


def test_a_square_of_48_pixels_is_copied_from_where_it_lies() -> None:
    picture = np.zeros((90, 120), np.uint8)
    picture[31:79, 17:65] = NOISE
    crop, _ = cut(picture, face(17, 31, 65, 79), WHOLE)
    np.testing.assert_array_equal(crop, NOISE)


def test_whole_multiples_are_averaged_exactly() -> None:
    large = NOISE.repeat(5, axis=0).repeat(5, axis=1)
    crop, native_px = cut(large, face(0, 0, 240, 240), WHOLE)
    np.testing.assert_array_equal(crop, NOISE)
    assert native_px == 240


@pytest.mark.parametrize("times", [10, 12, 16, 20])
def test_large_multiples_are_averaged_exactly_too(times: int) -> None:
    large = NOISE.repeat(times, axis=0).repeat(times, axis=1)
    picture = np.full((1000, 1100), 99, np.uint8)
    picture[11 : 11 + 48 * times, 22 : 22 + 48 * times] = large
    crop, native_px = cut(picture, face(22, 11, 22 + 48 * times, 11 + 48 * times), WHOLE)
    assert native_px == 48 * times
    np.testing.assert_array_equal(crop, NOISE)


@pytest.mark.parametrize("side", [390.0, 433.3, 517.7, 700.1, 1200.4, 5000.0])
@pytest.mark.parametrize("middle", [(333.3, 301.7), (20.2, 590.9), (-300.0, 40.0)])
def test_a_large_face_looks_as_if_every_pixel_had_been_sampled(
    side: float, middle: tuple[float, float]
) -> None:
    photo = np.asarray(cv2.resize(to_gray(skimage.data.astronaut()), (700, 640)), np.uint8)
    x, y = middle
    box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    eyes = np.array([[x - 50, y - 20], [x + 50, y + 20], [x, y], [x, y], [x, y]], np.float32)
    for landmarks, rule in ((None, WHOLE), (eyes, CropRule(1.0, alignment=Alignment.EYES))):
        crop, native_px = cut(photo, Face(Box(*box), 1.0, landmarks), rule)
        turn = 0.0 if landmarks is None else math.atan2(40, 100)
        at = (np.arange(48 * 32) + 0.5) / (48 * 32) - 0.5
        across, down = np.meshgrid(at * side, at * side)
        map_x = x + across * math.cos(turn) - down * math.sin(turn) - 0.5
        map_y = y + across * math.sin(turn) + down * math.cos(turn) - 0.5
        every = cv2.remap(
            photo,
            map_x.astype(np.float32),
            map_y.astype(np.float32),
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        expected = every.reshape(48, 32, 48, 32).mean(axis=(1, 3))
        error = np.abs(crop - expected)
        assert native_px == pytest.approx(side)
        assert error.mean() < 1
        assert np.percentile(error, 99) < 6


@pytest.mark.parametrize("side", [9.5, 20.0, 47.3, 48.0, 63.7, 130.2])
@pytest.mark.parametrize("left", [40.0, 40.25, 40.7])
def test_every_crop_pixel_shows_the_place_that_it_stands_for(side: float, left: float) -> None:
    crop, _ = cut(ramp(256, 256), face(left, 50, left + side, 50 + side), WHOLE)
    # On a ramp the gray level is the coordinate of a pixel's middle.
    expected = left + (np.arange(48) + 0.5) * side / 48 - 0.5
    np.testing.assert_allclose(crop[24], expected, atol=1.05)
    assert abs(float((crop[24] - expected).mean())) < 0.5


def test_fine_patterns_turn_gray_instead_of_into_new_patterns() -> None:
    y, x = np.mgrid[0:300, 0:300]
    checks = ((x + y) % 2 * 255).astype(np.uint8)
    crop, _ = cut(checks, face(7.3, 11.6, 207.3, 211.6), WHOLE)
    assert crop.std() < 12
    assert crop.mean() == pytest.approx(127.5, abs=3)


def test_beyond_the_border_the_border_repeats() -> None:
    picture = ramp(100, 100, 2.5)
    crop, native_px = cut(picture, face(-24, 20, 24, 68), WHOLE)
    assert native_px == 48
    assert (crop[:, :24] == 0).all()
    np.testing.assert_array_equal(crop[:, 24:], picture[20:68, :24])


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (3, 2)])
def test_tiny_pictures_and_faces_outside_are_cut_all_the_same(shape: tuple[int, int]) -> None:
    picture = np.full(shape, 77, np.uint8)
    for place in (face(0, 0, 1, 1), face(-500, -500, -400, -380), face(-1e3, -1e3, 4e3, 4e3)):
        crop, _ = cut(picture, place)
        assert (crop == 77).all()


@pytest.mark.parametrize(
    ("square_from", "side"),
    [
        (SquareFrom.LARGER, 50.0),
        (SquareFrom.HEIGHT, 50.0),
        (SquareFrom.WIDTH, 40.0),
        (SquareFrom.MEAN, 45.0),
    ],
)
def test_the_side_follows_the_box(square_from: SquareFrom, side: float) -> None:
    _, native_px = cut(ramp(200, 200), face(20, 30, 60, 80), CropRule(1.2, square_from))
    assert native_px == pytest.approx(1.2 * side)


def test_shift_moves_the_square_down_by_a_share_of_its_side() -> None:
    picture = ramp(200, 200).T
    crop, _ = cut(np.ascontiguousarray(picture), face(50, 50, 98, 98), CropRule(1.0, shift=0.25))
    np.testing.assert_array_equal(crop[:, 0], np.arange(62, 110))


def test_turned_faces_come_out_level() -> None:
    photo = to_gray(skimage.data.astronaut())
    eyes_mouth = np.array([[204, 102], [247, 102], [224, 128], [203, 140], [245, 140]], np.float32)
    upright = Face(Box(178, 57, 273, 177), 1.0, eyes_mouth.copy())
    middle, degrees = upright.box.center, 25.0
    turn = cv2.getRotationMatrix2D((middle[0] - 0.5, middle[1] - 0.5), degrees, 1.0)
    turned_photo = np.asarray(cv2.warpAffine(photo, turn, (512, 512)), np.uint8)
    radians = math.radians(-degrees)
    rotation = np.array(
        [[math.cos(radians), math.sin(radians)], [-math.sin(radians), math.cos(radians)]]
    )
    points = ((eyes_mouth - middle) @ rotation + middle).astype(np.float32)
    turned = Face(upright.box, 1.0, points)
    for alignment in (Alignment.EYES, Alignment.EYES_MOUTH):
        rule = CropRule(alignment=alignment)
        expected, _ = cut(photo, upright, rule)
        level, _ = cut(turned_photo, turned, rule)
        crooked, _ = cut(turned_photo, turned)
        error = np.abs(level.astype(int) - expected).mean()
        assert error < 4
        assert error < 0.25 * np.abs(crooked.astype(int) - expected).mean()


@pytest.mark.parametrize("alignment", list(Alignment))
def test_without_landmarks_a_face_is_cut_upright(alignment: Alignment) -> None:
    expected, _ = cut(ramp(200, 200), face(20, 30, 60, 80))
    crop, _ = cut(ramp(200, 200), face(20, 30, 60, 80), CropRule(alignment=alignment))
    np.testing.assert_array_equal(crop, expected)


def test_a_profile_whose_landmarks_coincide_still_has_a_square() -> None:
    profile = Face(Box(20, 30, 60, 80), 1.0, np.full((5, 2), 40, np.float32))
    _, native_px = cut(ramp(200, 200), profile, CropRule(alignment=Alignment.EYES_MOUTH))
    assert native_px > 10


def test_gray_is_opencvs_gray() -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [10, 20, 30]]], np.uint8)
    assert to_gray(colours).tolist() == [[76, 150, 29, 18]]


@pytest.mark.parametrize("options", [{"margin": 0.0}, {"margin": math.nan}, {"shift": 2.0}])
def test_impossible_rules_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must lie between"):
        CropRule(**options)


@pytest.mark.parametrize(("is_full", "level"), [(False, 128), (True, 126)])
def test_a_face_in_a_video_is_cut_out_in_full_range(is_full: bool, level: int) -> None:
    flat = VideoFrame.from_ndarray(np.full((120, 80), 126, np.uint8), format="yuv420p")
    flat.color_range = ColorRange.JPEG if is_full else ColorRange.MPEG
    frame = Frame("flat", 0, 0.0, None, decoded(flat))
    crop, native_px = cut_out(frame, face(10, 10, 60, 60))
    assert np.unique(crop).tolist() == [level]
    assert native_px == cut(frame.luma.levels, face(10, 10, 60, 60))[1]
