"""Who shows what from when to when: exact, without overlap, and not fooled by odd times."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from srfer.engines import LABELS
from srfer.realtime import Frame, TrackState
from srfer.realtime.sinks.segments import played_segments
from srfer.realtime.sinks.shares import shares_of_time
from srfer.realtime.sinks.timeline import BRIDGE_S, LONGEST_FRAME_S, Timeline
from tests.clips import picture
from tests.moods import Mood, acted

STEP_S = Fraction(1, 25)


def watch(acts: Iterable[tuple[Fraction | None, dict[int, Mood]]]) -> Timeline:
    timeline = Timeline()
    with timeline:
        for index, (pts, moods) in enumerate(acts):
            timeline.write(acted(Frame("a", index, 0.0, pts, picture(0, 8, 8)), moods))
    return timeline


def spans(timeline: Timeline) -> list[tuple[int, str, Fraction, Fraction]]:
    return [tuple(segment[:4]) for segment in timeline.segments()]  # type: ignore[misc]


def test_a_segment_lasts_from_its_first_frame_to_the_next_other_one() -> None:
    labels = ["fear"] * 3 + ["anger"] * 2
    timeline = watch((i * STEP_S, {1: Mood(label)}) for i, label in enumerate(labels))
    assert spans(timeline) == [
        (1, "fear", Fraction(0), 3 * STEP_S),
        (1, "anger", 3 * STEP_S, 5 * STEP_S),
    ]
    assert timeline.end_s == 5 * STEP_S


def test_faces_have_segments_of_their_own() -> None:
    acts = [(i * STEP_S, {1: Mood("fear")} | ({2: Mood()} if i > 1 else {})) for i in range(4)]
    assert spans(watch(acts)) == [
        (1, "fear", Fraction(0), 4 * STEP_S),
        (2, "happiness", 2 * STEP_S, 4 * STEP_S),
    ]


@pytest.mark.parametrize("hidden", [3, 20])
def test_only_a_short_time_out_of_sight_is_bridged(hidden: int) -> None:
    gone = Mood(state=TrackState.LOST)
    acts = [Mood()] * 5 + [gone] * hidden + [Mood()] * 5
    timeline = watch((i * STEP_S, {1: mood}) for i, mood in enumerate(acts))
    assert len(timeline.segments()) == (1 if hidden * STEP_S <= BRIDGE_S else 2)
    assert timeline.tracks[1].unread_s == pytest.approx(float(hidden * STEP_S))
    assert sum(timeline.tracks[1].shown_s) == pytest.approx(float(10 * STEP_S))


def test_a_face_that_leaves_ends_its_segment() -> None:
    acts = [(i * STEP_S, {1: Mood()} if i in (0, 1, 4) else {}) for i in range(6)]
    assert [span[2:] for span in spans(watch(acts))] == [
        (Fraction(0), 2 * STEP_S),
        (4 * STEP_S, 5 * STEP_S),
    ]


def test_what_is_not_sure_says_so() -> None:
    timeline = watch((i * STEP_S, {1: Mood("fear", 0.4)}) for i in range(5))
    (segment,) = timeline.segments()
    assert (segment.is_sure, segment.caption) == (False, "unsure (fear)")
    assert timeline.tracks[1].shown_s == pytest.approx([0] * 8 + [0.2])


def test_a_still_picture_has_a_segment_of_a_frame() -> None:
    (segment,) = watch([(None, {1: Mood()})]).segments()
    assert segment.end_s - segment.start_s == STEP_S


def test_a_jump_in_time_does_not_count_as_time() -> None:
    acts = [(Fraction(0), {1: Mood()}), (Fraction(10**9), {1: Mood()})]
    timeline = watch(acts)
    assert sum(timeline.tracks[1].shown_s) <= 2 * LONGEST_FRAME_S
    assert len(timeline.tracks[1].seconds) <= 2 * LONGEST_FRAME_S + 1


@given(
    st.lists(
        st.tuples(
            st.fractions(-3, 5, max_denominator=100),
            st.dictionaries(st.integers(1, 2), st.sampled_from(LABELS[:3]), max_size=2),
        ),
        max_size=40,
    )
)
def test_segments_never_overlap_and_add_up_to_the_time_shown(
    acts: list[tuple[Fraction, dict[int, str]]],
) -> None:
    timeline = watch((pts, {n: Mood(label) for n, label in who.items()}) for pts, who in acts)
    for track in timeline.tracks.values():
        for one, following in zip(track.segments, track.segments[1:], strict=False):
            assert one.end_s <= following.start_s
        assert all(segment.start_s < segment.end_s for segment in track.segments)
        lasted = sum(segment.end_s - segment.start_s for segment in track.segments)
        assert sum(track.shown_s) == pytest.approx(float(lasted))


def test_times_can_count_from_the_first_frame() -> None:
    timeline = watch((2 + i * STEP_S, {1: Mood()}) for i in range(5))
    assert played_segments(timeline, is_rebased=False)[0].start_s == 2
    assert played_segments(timeline, is_rebased=True)[0].start_s == 0
    early = watch((-2 * STEP_S + i * STEP_S, {1: Mood()}) for i in range(5))
    assert [one.start_s for one in played_segments(early, is_rebased=False)] == [0]


def test_shares_and_their_interval() -> None:
    shown = {second: np.eye(9)[second // 5 % 2] for second in range(100)}
    shares = shares_of_time(shown)
    assert shares.share[:3] == pytest.approx([0.5, 0.5, 0])
    assert shares.low is not None
    assert shares.high is not None
    assert shares.low[0] < 0.45
    assert shares.high[0] > 0.55
    again = shares_of_time(shown)
    assert again.low is not None
    assert np.array_equal(again.low, shares.low), "the same results give the same page"
    steady = shares_of_time({second: np.eye(9)[0] for second in range(100)})
    assert (steady.low is None, steady.low[0] if steady.low is not None else 0) == (False, 1)


def test_too_short_a_time_has_no_interval() -> None:
    assert shares_of_time({0: np.eye(9)[1]}).low is None
    assert not shares_of_time({}).share.any()


def test_the_interval_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(1)
    covered = 0
    for trial in range(200):
        shown: dict[int, np.ndarray] = {}
        for block in range(30):  # an expression that lasts as long as a block
            label = int(random.random() < 0.3)
            shown |= dict.fromkeys(range(block * 5, block * 5 + 5), np.eye(9)[label])
        shares = shares_of_time(shown, seed=trial)
        assert shares.low is not None
        assert shares.high is not None
        covered += bool(shares.low[1] <= 0.3 <= shares.high[1])
    assert covered >= 176, "of 200; 95 % would be 190, and 30 blocks are few"
