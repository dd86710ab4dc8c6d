"""What people see: the right colour, words and loupe at the right place, and never a crash."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srfer.engines import LABELS
from srfer.realtime import Box, FaceResult, Frame, FrameResult, TrackState
from srfer.realtime.overlay import COLOURS, Overlay
from tests.clips import expression, face


def draw(
    *faces: FaceResult, size: tuple[int, int] = (640, 480), notice: bool = False
) -> np.ndarray:
    image = np.full((size[1], size[0], 3), 128, np.uint8)
    frame = Frame("clip", 0, 0.0, Fraction(0), image)
    return Overlay(has_notice=notice).draw(FrameResult(frame, faces))


def count(image: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((image == colour).all(axis=2).sum())


BOX = Box(300.0, 200.0, 380.0, 280.0)


def test_every_expression_has_its_own_colour() -> None:
    assert set(COLOURS) == set(LABELS)
    assert len(set(COLOURS.values())) == len(LABELS)


@pytest.mark.parametrize("label", LABELS)
def test_a_sure_face_is_drawn_in_the_colour_of_its_expression(label: str) -> None:
    image = draw(face(1, BOX, expression(label, 0.8, 80)))
    assert count(image, COLOURS[label]) > 200
    for other in set(LABELS) - {label}:
        assert count(image, COLOURS[other]) == 0


def test_an_unsure_face_is_gray_and_says_something_else() -> None:
    unsure = draw(face(1, BOX, expression("anger", 0.4, 80)))
    assert all(count(unsure, colour) == 0 for colour in COLOURS.values())
    unread = draw(face(1, BOX))
    assert (unsure != unread).any()


def test_the_expression_shown_is_the_filtered_one() -> None:
    smoothed = expression("sadness", 0.9).probabilities
    image = draw(face(1, BOX, expression("happiness", 0.9, 80), smoothed=smoothed))
    assert count(image, COLOURS["sadness"]) > 200
    assert count(image, COLOURS["happiness"]) == 0


def test_the_caption_tells_the_age_of_a_label_that_was_read_earlier() -> None:
    def drawn(ago_s: float | None) -> np.ndarray:
        smoothed = expression("sadness", 0.9).probabilities
        return draw(replace(face(1, BOX, smoothed=smoothed), read_ago_s=ago_s))

    assert (drawn(0.0) == drawn(None)).all()
    assert (drawn(0.04) == drawn(0.0)).all(), "read a frame ago: not worth saying"
    assert (drawn(0.3) != drawn(0.0)).any()
    assert (drawn(0.3) != drawn(0.6)).any()


def test_the_caption_names_the_track_the_confidence_and_the_size() -> None:
    reference = draw(face(1, BOX, expression("fear", 0.8, 80)))
    for other in (
        face(2, BOX, expression("fear", 0.8, 80)),
        face(1, BOX, expression("fear", 0.9, 80)),
        face(1, BOX, expression("fear", 0.8, 60)),
    ):
        assert (draw(other) != reference).any()


def test_the_box_is_where_the_face_is() -> None:
    changed = (draw(face(1, BOX, expression("happiness", 0.8, 80))) != 128).any(axis=2)
    rows, columns = np.nonzero(changed[205:290, 290:390])
    assert (rows.max() + 205, columns.min() + 290, columns.max() + 290) == pytest.approx(
        (280, 300, 380), abs=4
    )
    assert not changed[225:255, 325:355].any(), "the middle of the face stays free"


def test_small_faces_get_a_loupe_that_hides_no_face() -> None:
    small = Box(310.0, 230.0, 330.0, 250.0)
    neighbour = Box(290.0, 265.0, 350.0, 325.0)
    image = draw(face(1, small, expression("fear", 0.8, 20)), face(2, neighbour))
    changed = (image != 128).any(axis=2)
    assert changed.sum() > 96 * 96
    assert not changed[285:305, 310:330].any(), "the neighbour's middle stays free"
    large = draw(face(1, small, expression("fear", 0.8, 60)))
    assert (large != 128).any(axis=2).sum() < 96 * 96


def test_a_lost_face_is_marked_as_hidden() -> None:
    seen = draw(face(1, BOX, smoothed=expression("anger").probabilities))
    lost = draw(face(1, BOX, smoothed=expression("anger").probabilities, state=TrackState.LOST))
    assert count(seen, COLOURS["anger"]) > 200
    assert count(lost, COLOURS["anger"]) == 0


def test_the_notice_is_burned_in_unless_it_is_switched_off() -> None:
    for size in ((640, 480), (1920, 1080), (16, 16), (64, 48)):
        image = draw(size=size, notice=True)
        corner = image[-max(1, size[1] // 40) :, : max(1, size[0] // 20)]
        assert (corner != 128).any()
        assert (draw(size=size, notice=False) == 128).all()


def test_the_frame_itself_is_left_alone() -> None:
    image = np.full((120, 160, 3), 128, np.uint8)
    frame = Frame("clip", 0, 0.0, None, image)
    drawn = Overlay().draw(FrameResult(frame, (face(1, reading=expression()),)))
    assert (image == 128).all()
    assert drawn.flags.writeable
    assert drawn.shape == image.shape


edges = st.floats(-3000, 3000, allow_nan=False)
boxes = st.builds(
    lambda left, top, size: Box(left, top, left + size, top + size),
    edges,
    edges,
    st.floats(0.5, 900),
)


@settings(max_examples=150, deadline=None)
@given(size=st.tuples(st.integers(1, 300), st.integers(1, 300)), box=boxes, px=st.floats(1, 100))
def test_boxes_anywhere_on_frames_of_any_size_can_be_drawn(
    size: tuple[int, int], box: Box, px: float
) -> None:
    image = draw(face(1, box, expression(px=px)), face(2, box), size=size, notice=True)
    assert image.shape == (size[1], size[0], 3)
