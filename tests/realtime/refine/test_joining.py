"""Tracks are joined where all speaks for it, and left alone where anything does not."""

from __future__ import annotations

import numpy as np
import pytest

from srfer.realtime import Box
from srfer.realtime.refine import Refinement
from srfer.realtime.refine.appearance import Appearance
from srfer.realtime.refine.fragments import Fragment, OpenFragment, Sighting
from srfer.realtime.refine.joining import first_tracks, join
from srfer.realtime.refine.spans import Span, spans_of

FPS = 10
SIDE = 40.0


def looks(person: int) -> Appearance:
    """How a person looks: unlike everybody else."""
    random = np.random.default_rng(person)
    look = random.normal(size=(24, 24)).astype(np.float32)
    look -= look.mean()
    colours = np.zeros(64, np.float32)
    colours[person] = 1
    return Appearance(look / np.float32(np.linalg.norm(look)), colours)


def fragment(
    track: int,
    first: int,
    last: int,
    *,
    x: float = 100.0,
    speed: float = 0.0,
    side: float = SIDE,
    person: int = 1,
    is_confirmed: bool = True,
    hidden: range = range(0),
) -> Fragment:
    """A track; `x` is the middle of the face in its first frame, `speed` in pixels a frame."""
    growing = OpenFragment(track)
    for position in range(first, last + 1):
        if position not in hidden:
            middle = x + speed * (position - first)
            box = Box(middle - side / 2, 50, middle + side / 2, 50 + side)
            sighting = Sighting(position, position / FPS, box, looks(person))
            growing.see(sighting, is_confirmed=is_confirmed)
    return growing.closed()


def joined(*fragments: Fragment, cuts: tuple[int, ...] = ()) -> dict[int, int]:
    return join(fragments, cuts, Refinement())


def test_a_face_that_comes_back_where_it_was_keeps_its_number() -> None:
    assert joined(fragment(1, 0, 10), fragment(2, 40, 60)) == {2: 1}


def test_a_face_that_walks_on_behind_something_is_met_where_its_speed_took_it() -> None:
    before = fragment(1, 0, 10, x=100, speed=4)
    assert joined(before, fragment(2, 26, 40, x=186, speed=4)) == {2: 1}
    assert joined(before, fragment(2, 26, 40, x=40, speed=-4)) == {}


def test_several_gaps_make_one_face() -> None:
    parts = [fragment(1, 0, 10), fragment(4, 20, 30), fragment(9, 45, 60)]
    assert first_tracks(parts, joined(*parts)) == {1: 1, 4: 1, 9: 1}


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("too late", {"first": 60, "last": 70}),
        ("elsewhere", {"x": 260.0}),
        ("another size", {"side": 20.0}),
        ("somebody else", {"person": 2}),
        ("seen once, perhaps no face", {"is_confirmed": False}),
        ("at the same time", {"first": 5, "last": 20}),
    ],
)
def test_what_does_not_agree_is_not_joined(what: str, changed: dict[str, int | float]) -> None:
    how = {"first": 30, "last": 40} | changed
    other = fragment(2, int(how.pop("first")), int(how.pop("last")), **how)  # type: ignore[arg-type]
    assert joined(fragment(1, 0, 10), other) == {}, what


def test_nobody_is_joined_over_a_cut() -> None:
    parts = (fragment(1, 0, 10), fragment(2, 30, 40))
    assert joined(*parts, cuts=(5, 35)) == {2: 1}
    for cut in (11, 20, 30):
        assert joined(*parts, cuts=(cut,)) == {}, "the first frame of a scene is a cut"


def test_faces_that_vanish_together_get_their_own_numbers_back() -> None:
    before = [fragment(1, 0, 10, x=100, person=1), fragment(2, 0, 10, x=140, person=2)]
    after = [fragment(3, 30, 40, x=140, person=1), fragment(4, 30, 40, x=100, person=2)]
    assert joined(*before, *after) == {3: 1, 4: 2}


def test_where_nobody_can_tell_no_number_is_handed_on() -> None:
    twins = [fragment(1, 0, 10, x=100), fragment(2, 0, 10, x=140)]
    assert joined(*twins, fragment(3, 30, 40, x=120)) == {}
    assert joined(*twins, fragment(3, 30, 40, x=101)) == {3: 1}


def spans(*parts: Fragment, frames: int = 100, cuts: tuple[int, ...] = ()) -> list[Span]:
    times_s = [position / FPS for position in range(frames)]
    first_of = first_tracks(parts, joined(*parts, cuts=cuts))
    return spans_of(parts, first_of, times_s, cuts, Refinement(look_s=0.5))


def test_faces_are_looked_for_in_gaps_and_around_their_ends() -> None:
    found = spans(fragment(1, 20, 40, hidden=range(30, 33)), fragment(2, 60, 70))
    assert [(span.track, span.first, span.last) for span in found] == [
        (1, 15, 19),
        (1, 30, 32),
        (1, 41, 59),
        (1, 71, 75),
    ]


def test_nobody_is_looked_for_beyond_a_cut_or_the_end_of_the_film() -> None:
    found = spans(fragment(1, 2, 40), fragment(2, 45, 98), cuts=(43,))
    assert [(span.track, span.first, span.last) for span in found] == [
        (1, 0, 1),
        (1, 41, 42),
        (2, 43, 44),
        (2, 99, 99),
    ]


def test_a_hidden_face_is_expected_on_the_line_between_its_sightings() -> None:
    found = spans(fragment(1, 0, 40, x=100, speed=2, hidden=range(10, 20)))
    gap = next(span for span in found if span.first == 10)
    assert gap.expected(1.5).center[0] == pytest.approx(100 + 2 * 15)
