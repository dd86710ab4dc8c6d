"""What is cut out of a frame to be searched, and what is compared to know whether to search."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

import cv2
import numpy as np
import pytest

from srfer.realtime.picture import Luma
from srfer.realtime.tracking.first_look import look_at_all
from srfer.realtime.tracking.glance import beyond, changed, glance, is_news, places
from srfer.realtime.tracking.placing import searched_size
from srfer.realtime.tracking.second_look import (
    FACE_IN_WINDOW_PX,
    FOLLOWED_IN_WINDOW_PX,
    WINDOW_PX,
    look_again,
)
from srfer.realtime.types import Box, Face, Frame, RgbImage

WIDTH, HEIGHT = 640, 480


class BrightSpot:
    """A detector that finds the bright spot of a window."""

    name = "spot"
    detect_px = 640
    least_face_px = 8.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
        assert {image.shape for image in images} == {(WINDOW_PX, WINDOW_PX, 3)}
        return [self._detect(image) for image in images]

    def _detect(self, image: RgbImage) -> tuple[Face, ...]:
        rows, columns = np.nonzero(image[..., 1] >= 128)
        if not len(rows):
            return ()
        box = Box(*map(float, (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)))
        eye = np.array([[box.left, box.top]] * 5, np.float32)
        return (Face(box, 0.9, eye),)


def spotted(box: Box) -> Frame:
    """A frame that is dark but for a rectangle, sampled 4 times as finely."""
    fine = np.zeros((4 * HEIGHT, 4 * WIDTH, 3), np.uint8)
    left, top, right, bottom = (round(4 * edge) for edge in box)
    fine[max(0, top) : bottom, max(0, left) : right] = 255
    image = cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return Frame("spot", 0, 0.0, None, np.asarray(image, np.uint8))


@pytest.mark.parametrize("face_px", [FACE_IN_WINDOW_PX, FOLLOWED_IN_WINDOW_PX])
@pytest.mark.parametrize("side", [10.5, 40.0, 64.0, 100.25, 300.0])
@pytest.mark.parametrize("middle", [(320.0, 240.0), (101.5, 333.25), (597.5, 457.0), (8.0, 7.0)])
def test_a_face_in_its_window_is_where_it_is_in_the_frame(
    face_px: float, side: float, middle: tuple[float, float]
) -> None:
    x, y = middle
    box = Box(x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    inside = Box(max(0, box.left), max(0, box.top), min(WIDTH, box.right), min(HEIGHT, box.bottom))
    ((face,),) = look_again(BrightSpot(), spotted(box), [box], face_px)
    # Beyond the border the border repeats, so there the spot goes on.
    for found, edge, seen in zip(face.box, box, inside, strict=True):
        assert edge != seen or found == pytest.approx(edge, abs=1.2 * max(1, side / face_px))
    assert face.landmarks is not None
    np.testing.assert_allclose(face.landmarks[0], face.box[:2], atol=1e-3)


def test_windows_beyond_the_frame_do_no_harm() -> None:
    frame = spotted(Box(0.0, 0.0, 640.0, 480.0))
    far = [Box(-900.0, -900.0, -890.0, -890.0), Box(2000.0, 100.0, 2300.0, 400.0)]
    assert len(look_again(BrightSpot(), frame, far)) == 2
    tiny = Frame("tiny", 0, 0.0, None, np.full((1, 1, 3), 255, np.uint8))
    assert len(look_again(BrightSpot(), tiny, [Box(0.0, 0.0, 1.0, 1.0), far[1]])) == 2


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (16, 8), (333, 247), (1920, 1080)], ids=str)
def test_a_glance_shows_the_means_of_eighths_of_every_fourth_line(size: tuple[int, int]) -> None:
    width, height = size
    gray = np.random.default_rng(3).integers(0, 256, (height, width), np.uint8)
    gray = cv2.GaussianBlur(gray, (0, 0), 3) if min(size) > 8 else gray
    seen = glance(Luma(np.asarray(gray, np.uint8)))
    assert seen.shape == (max(1, (height + 3) // 8), max(1, width // 8))
    if size == (1920, 1080):
        means = gray[::4].reshape(135, 2, 240, 8).mean(axis=(1, 3))
        np.testing.assert_allclose(seen, means, atol=1.5)


def test_a_glance_has_the_full_range() -> None:
    levels = np.repeat(np.array([16, 126, 235], np.uint8), 8)[:, None].repeat(8, axis=1)
    assert glance(Luma(levels, is_limited=True)).tolist() == [[0.0], [128.0], [255.0]]
    assert glance(Luma(levels)).tolist() == [[16.0], [126.0], [235.0]]


def test_a_small_face_is_news_and_half_of_one_is_not() -> None:
    before = np.full((480, 640), 100, np.uint8)
    for side, is_seen in ((16, True), (8, False)):
        after = before.copy()
        after[80 : 80 + side, 160 : 160 + side] = 130
        change = changed(glance(Luma(before)), glance(Luma(after)))
        assert is_news(change) is is_seen
        assert not is_news(change & beyond(change.shape, [Box(150.0, 70.0, 200.0, 110.0)]))
        assert is_news(change & beyond(change.shape, [Box(0.0, 0.0, 150.0, 70.0)])) is is_seen


def test_places_lie_inside() -> None:
    assert places(-50.0, -9.0, 9.0, 8.0) == (slice(0, 1), slice(0, 2))
    assert beyond((4, 4), [Box(-90.0, -90.0, -80.0, -80.0)]).all()


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ((640, 360), (640, 352)),
        ((360.0, 640.0), (352, 640)),
        ((611.9, 360.1), (608, 352)),
        ((640, 480), (640, 480)),
        ((650.4, 200.6), (640, 201)),
        ((31.6, 0.4), (32, 1)),
    ],
)
def test_a_side_is_squeezed_to_what_networks_take_where_that_is_near(
    asked: tuple[float, float], given: tuple[int, int]
) -> None:
    assert searched_size(*asked) == given


@pytest.mark.parametrize("size", [(1920, 1080), (1081, 1920), (640, 480), (300, 200)])
def test_the_whole_frame_is_searched_at_the_detectors_size(size: tuple[int, int]) -> None:
    class Whole(BrightSpot):
        def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
            (image,) = images
            assert max(image.shape) == min(640, max(size))
            assert image.shape[1] / image.shape[0] == pytest.approx(size[0] / size[1], rel=0.03)
            return [self._detect(image)]

    image = np.zeros((size[1], size[0], 3), np.uint8)
    image[60:150, 120:240] = 255
    (found,) = look_at_all(Whole(), Frame("made", 0, 0.0, None, image))
    assert found.box == pytest.approx((120, 60, 240, 150), abs=2)
    assert found.landmarks is not None
    assert found.landmarks[0] == pytest.approx(found.box[:2])
