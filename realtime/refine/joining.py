"""Which tracks are the same person before and after a gap."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence

import numpy as np

from ..tracking.association import assign
from .appearance import resemblance
from .fragments import End, Fragment
from .settings import Refinement

LEAST_SIZE_RATIO = 0.6
"""Faces whose sides differ by more are not the same one, a few seconds later."""
LEAST_LIKENESS = 0.6
"""Correlation of portraits below which it is somebody else, or the face has turned too far."""
LEAST_COMMON = 0.7
"""Share of common colours below which it is somebody else."""
LEAST_SCORE = 0.05
RIVAL_SHARE = 0.8
"""If another pairing scores more than this share of the best, nobody knows, and none is made. That
is, a pairing with a face that is somebody else, since both are seen at the same time."""


def join(
    fragments: Sequence[Fragment], cuts: Sequence[int], settings: Refinement
) -> dict[int, int]:
    """Join tracks over gaps.

    An end and a start of one scene make a pair if the gap is short and place, size, motion and
    looks agree; pairs are one to one with the greatest total score, and where two pairings are
    nearly as good, neither is made: a number that goes to somebody else is worse than a new one.

    Args:
        fragments: all tracks of a video.
        cuts: positions of the frames that begin another scene, in their order.
        settings: how long a gap may be.

    Returns:
        By number of a track, the number of the track that it continues.
    """
    ends = sorted(_sure(fragments), key=lambda f: (f.end.sighting.position, f.track))
    starts = sorted(ends, key=lambda f: (f.start.sighting.position, f.track))
    of = {fragment.track: fragment for fragment in ends}
    continues: dict[int, int] = {}
    for pairs in _groups(_scores(ends, starts, cuts, settings)):
        rows, columns = sorted({row for row, _ in pairs}), sorted({column for _, column in pairs})
        table = np.zeros((len(rows), len(columns)))
        for (row, column), score in pairs.items():
            table[rows.index(row), columns.index(column)] = score
        for row, column in assign(table, at_least=LEAST_SCORE):
            before, after = rows[row], columns[column]
            if not _has_rival(pairs, before, after, of):
                continues[after] = before
    return continues


def first_tracks(fragments: Sequence[Fragment], continues: Mapping[int, int]) -> dict[int, int]:
    """By number of a track, the number of the first track of the same face."""
    found: dict[int, int] = {}
    for fragment in sorted(fragments, key=lambda f: (f.start.sighting.position, f.track)):
        before = continues.get(fragment.track)
        found[fragment.track] = fragment.track if before is None else found[before]
    return found


def pair_score(before: End, after: End) -> float:
    """How well a start continues an end: 0 if it cannot, else up to 1, less after a longer gap."""
    gap_s = after.sighting.time_s - before.sighting.time_s
    sides = [_side(end) for end in (before, after)]
    if min(sides) < LEAST_SIZE_RATIO * max(sides):
        return 0.0
    forward = _distance(before.moved(gap_s).center, after.sighting.box.center)
    backward = _distance(after.moved(-gap_s).center, before.sighting.box.center)
    reach = float(np.mean(sides)) * min(0.75 + 0.75 * gap_s, 2.0)
    near = 1 - (forward + backward) / 2 / reach
    likeness, common = resemblance(before.looks, after.looks)
    if near <= 0 or likeness < LEAST_LIKENESS or common < LEAST_COMMON:
        return 0.0
    return near * likeness * common / (1 + gap_s)


def _sure(fragments: Sequence[Fragment]) -> list[Fragment]:
    """Without those that were detected only once, which may be no faces."""
    return [fragment for fragment in fragments if fragment.is_confirmed]


def _scores(
    ends: Sequence[Fragment],
    starts: Sequence[Fragment],
    cuts: Sequence[int],
    settings: Refinement,
) -> dict[tuple[int, int], float]:
    """Scores of all possible pairs, by the tracks' numbers."""
    times = np.array([fragment.start.sighting.time_s for fragment in starts])
    scores: dict[tuple[int, int], float] = {}
    for one in ends:
        end = one.end.sighting
        last = int(np.searchsorted(times, end.time_s + settings.join_gap_s, "right"))
        first = int(np.searchsorted(times, end.time_s, "left"))
        for other in starts[first:last]:
            start = other.start.sighting
            is_one_scene = bisect_right(cuts, end.position) == bisect_right(cuts, start.position)
            if start.position > end.position and is_one_scene:
                score = pair_score(one.end, other.start)
                if score >= LEAST_SCORE:
                    scores[one.track, other.track] = score
    return scores


def _groups(
    scores: Mapping[tuple[int, int], float],
) -> list[dict[tuple[int, int], float]]:
    """The pairs in groups that have no end and no start in common, so that tables stay small."""
    leader: dict[tuple[str, int], tuple[str, int]] = {}

    def find(node: tuple[str, int]) -> tuple[str, int]:
        while leader.setdefault(node, node) != node:
            node = leader[node]
        return node

    for row, column in scores:
        leader[find(("end", row))] = find(("start", column))
    groups: dict[tuple[str, int], dict[tuple[int, int], float]] = {}
    for (row, column), score in scores.items():
        groups.setdefault(find(("end", row)), {})[row, column] = score
    return list(groups.values())


def _has_rival(
    pairs: Mapping[tuple[int, int], float], before: int, after: int, of: Mapping[int, Fragment]
) -> bool:
    """Whether another person could be the one before or after nearly as well."""
    least = RIVAL_SHARE * pairs[before, after]
    others = ((pair, score) for pair, score in pairs.items() if score > least)
    return any(
        (one == before and _overlap(of[other], of[after]))
        or (other == after and _overlap(of[one], of[before]))
        for (one, other), _ in others
        if (one, other) != (before, after)
    )


def _overlap(one: Fragment, other: Fragment) -> bool:
    """Whether two tracks have frames in common, so that they are not the same face."""
    return (
        one.start.sighting.position <= other.end.sighting.position
        and other.start.sighting.position <= one.end.sighting.position
    )


def _side(end: End) -> float:
    return float((end.sighting.box.width * end.sighting.box.height) ** 0.5)


def _distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))
