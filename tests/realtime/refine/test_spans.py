"""Which of the faces that are found where one was lost are believed to be it."""

from __future__ import annotations

import numpy as np
import pytest

from srfer.realtime import Box, Face
from srfer.realtime.refine.fragments import End, Sighting
from srfer.realtime.refine.spans import Candidate, Span, is_taken
from tests.realtime.refine.test_joining import FPS, SIDE, looks


def box(x: float, side: float = SIDE) -> Box:
    return Box(x - side / 2, 50, x + side / 2, 50 + side)


def end(position: int, x: float, *, speed_px_s: float = 0.0) -> End:
    sighting = Sighting(position, position / FPS, box(x), looks(1))
    return End(sighting, (speed_px_s, 0.0), looks(1))


def candidate(position: int, x: float, *, person: int = 1, side: float = SIDE) -> Candidate:
    face = Face(box(x, side), 0.6)
    crop = np.zeros((48, 48), np.uint8)
    return Candidate(position, position / FPS, face, looks(person), crop, side)


def linked(span: Span, *candidates: Candidate) -> list[tuple[int, float]]:
    """Position and middle of what is believed."""
    for one in candidates:
        span.candidates.setdefault(one.position, []).append(one)
    return [(one.position, one.face.box.center[0]) for one in span.linked()]


def gap() -> Span:
    """A face that goes from 100 to 120 while it is lost for nine frames."""
    return Span(1, 11, 19, end(10, 100), end(20, 120))


def test_in_a_gap_the_face_lies_between_its_neighbours() -> None:
    found = linked(gap(), candidate(13, 107), candidate(15, 170), candidate(17, 113))
    assert found == [(13, 107), (17, 113)]


@pytest.mark.parametrize("wrong", [candidate(15, 110, person=2), candidate(15, 110, side=15)])
def test_somebody_else_at_the_right_place_is_not_the_face(wrong: Candidate) -> None:
    assert linked(gap(), wrong) == []
    assert linked(gap(), wrong, candidate(15, 112)) == [(15, 112)]


def test_frames_that_do_not_show_the_face_are_guessed_between_those_that_do() -> None:
    span = gap()
    assert linked(span, candidate(15, 105)) == [(15, 105)]
    times_s = [position / FPS for position in range(30)]
    guesses = dict(span.guesses(span.linked(), times_s))
    assert sorted(guesses) == [11, 12, 13, 14, 16, 17, 18, 19]
    assert guesses[14].center[0] == pytest.approx(104)
    assert guesses[16].center[0] == pytest.approx(108)


def test_out_of_a_track_a_face_is_followed_until_it_is_missed_twice() -> None:
    span = Span(1, 11, 20, end(10, 100), None)
    found = linked(span, *(candidate(at, 100 + at - 10) for at in (11, 12, 14, 17)))
    assert [position for position, _ in found] == [11, 12, 14]
    assert list(span.guesses(span.linked(), [0.0] * 30)) == []


def test_before_a_track_it_is_followed_backwards() -> None:
    span = Span(1, 0, 9, None, end(10, 100, speed_px_s=20))
    found = linked(span, *(candidate(at, 100 - 2 * (10 - at)) for at in (9, 8, 7, 4)))
    assert [position for position, _ in found] == [7, 8, 9]


def test_the_speed_of_a_track_tells_where_to_look() -> None:
    span = Span(1, 11, 20, end(10, 100, speed_px_s=50), None)
    assert span.expected(1.1).center[0] == pytest.approx(105, abs=0.5)
    backward = Span(1, 0, 9, None, end(10, 100, speed_px_s=50))
    assert backward.expected(0.9).center[0] == pytest.approx(95, abs=0.5)


def test_a_face_that_somebody_has_is_taken() -> None:
    assert is_taken(box(100), [box(300), box(110)])
    assert not is_taken(box(100), [box(300)])
    assert not is_taken(box(100), [])
