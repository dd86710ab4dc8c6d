"""Where a face is looked for again, and which of the faces found there are it."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..tracking.association import iou, nearness
from ..types import Box, Face
from .appearance import Appearance, resemblance
from .fragments import End, Fragment, Sighting
from .joining import LEAST_COMMON
from .settings import Refinement

LEAST_LIKENESS = 0.5
"""Correlation of the portrait with that before or after, below which it is somebody else."""
TAKEN_FROM_IOU = 0.3
"""A face that overlaps somebody else's this much is somebody else's."""
MOST_MISSES = 1
"""So many frames in a row may not show a face that is followed out of a track; then it is over."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """A face that was found where one is looked for again.

    Attributes:
        position: number of the frame.
        time_s: media time of the frame.
        face: where it is.
        looks: what it looks like.
        crop: (48, 48) uint8, for the model.
        native_px: side of the crop in the frame.
    """

    position: int
    time_s: float
    face: Face
    looks: Appearance
    crop: NDArray[np.uint8]
    native_px: float


@dataclass(slots=True, eq=False)
class Span:
    """Frames in which a face was lost: between two sightings, after the last, before the first.

    Attributes:
        track: number of the first track of the face.
        first: position of the first frame.
        last: position of the last frame.
        before: how the face was before, or None.
        after: how it was after that, or None.
        candidates: by position, the faces that were found there.
    """

    track: int
    first: int
    last: int
    before: End | None
    after: End | None
    candidates: dict[int, list[Candidate]] = field(default_factory=dict)

    def expected(self, time_s: float) -> Box:
        """Where the face should be at a time in the span."""
        if self.before is not None and self.after is not None:
            return _between(self.before, self.after, time_s)
        if self.before is not None:
            return self.before.moved(time_s - self.before.sighting.time_s)
        assert self.after is not None
        return self.after.moved(time_s - self.after.sighting.time_s)

    def linked(self) -> list[Candidate]:
        """The candidates that are the face: each agrees with its neighbours in place and looks."""
        if self.before is not None and self.after is not None:
            return self._bridge(self.before, self.after)
        # What begins in the middle of nowhere is followed out of the track, frame by frame.
        if self.before is not None:
            return list(_followed(self.before, self._by_position()))
        assert self.after is not None
        return list(_followed(self.after, reversed(self._by_position())))[::-1]

    def guesses(
        self, found: Sequence[Candidate], times_s: Sequence[float]
    ) -> Iterator[tuple[int, Box]]:
        """Where the face should be in those frames between two sightings that do not show it.

        Args:
            found: what was linked, in the order of frames.
            times_s: media time of every frame.
        """
        if self.before is None or self.after is None:
            return
        for one, two in pairwise([self.before, *map(_as_end, found), self.after]):
            for position in range(one.sighting.position + 1, two.sighting.position):
                yield position, _between(one, two, times_s[position])

    def _by_position(self) -> list[list[Candidate]]:
        return [self.candidates.get(at, []) for at in range(self.first, self.last + 1)]

    def _bridge(self, before: End, after: End) -> list[Candidate]:
        """Between two sightings, where the line between neighbours is, and from there on."""
        found: list[Candidate] = []
        near = before
        for candidates in self._by_position():
            if not candidates:
                continue
            time_s = candidates[0].time_s
            expected = _between(near, after, time_s)
            away_s = min(time_s - near.sighting.time_s, after.sighting.time_s - time_s)
            looks = [near.looks, before.looks, after.looks]
            best = _best(candidates, expected, away_s, looks)
            if best is not None:
                found.append(best)
                near = _as_end(best)
        return found


def spans_of(
    fragments: Sequence[Fragment],
    first_of: Mapping[int, int],
    times_s: Sequence[float],
    cuts: Sequence[int],
    settings: Refinement,
) -> list[Span]:
    """All stretches in which faces are looked for again, in the order of their first frames.

    Args:
        fragments: the tracks of a video.
        first_of: by number of a track, that of the first track of the same face.
        times_s: media time of every frame.
        cuts: positions of the frames that begin another scene, in their order.
        settings: how far to look.
    """
    by_face: dict[int, list[Fragment]] = {}
    for fragment in sorted(fragments, key=lambda f: (f.start.sighting.position, f.track)):
        if fragment.is_confirmed:
            by_face.setdefault(first_of[fragment.track], []).append(fragment)
    spans: list[Span] = []
    for face, parts in by_face.items():
        gaps = [gap for part in parts for gap in part.gaps]
        gaps += [(one.end, two.start) for one, two in pairwise(parts)]
        for before, after in gaps:
            last = after.sighting.position - 1
            spans.append(Span(face, before.sighting.position + 1, last, before, after))
        begins, ends = parts[0].start, parts[-1].end
        first = bisect_left(times_s, begins.sighting.time_s - settings.look_s)
        first = max(first, _scene(cuts, begins.sighting.position, len(times_s)).start)
        spans.append(Span(face, first, begins.sighting.position - 1, None, begins))
        last = bisect_right(times_s, ends.sighting.time_s + settings.look_s) - 1
        last = min(last, _scene(cuts, ends.sighting.position, len(times_s)).stop - 1)
        spans.append(Span(face, ends.sighting.position + 1, last, ends, None))
    spans = [span for span in spans if span.first <= span.last]
    return sorted(spans, key=lambda span: (span.first, span.track))


def is_taken(box: Box, others: Sequence[Box]) -> bool:
    """Whether a face lies where somebody else's is."""
    return bool((iou([box], others) >= TAKEN_FROM_IOU).any())


def _scene(cuts: Sequence[int], position: int, frames: int) -> range:
    """The frames between the cuts before and after a frame."""
    borders = [0, *cuts, frames]
    place = bisect_right(cuts, position)
    return range(borders[place], borders[place + 1])


def _between(before: End, after: End, time_s: float) -> Box:
    """The box on the line between two sightings."""
    from_s, until_s = before.sighting.time_s, after.sighting.time_s
    share = (time_s - from_s) / (until_s - from_s)
    pairs = zip(before.sighting.box, after.sighting.box, strict=True)
    return Box(*(float(one + share * (other - one)) for one, other in pairs))


def _followed(end: End, frames: Iterable[list[Candidate]]) -> Iterator[Candidate]:
    """The face, from the end of a track on, until it is gone."""
    near, misses = end, 0
    for candidates in frames:
        best = None
        if candidates:
            elapsed_s = candidates[0].time_s - near.sighting.time_s
            expected = near.moved(elapsed_s)
            best = _best(candidates, expected, abs(elapsed_s), [near.looks, end.looks])
        if best is None:
            misses += 1
            if misses > MOST_MISSES:
                return
            continue
        misses = 0
        near = _as_end(best)
        yield best


def _best(
    candidates: Sequence[Candidate], expected: Box, away_s: float, looks: Sequence[Appearance]
) -> Candidate | None:
    """The candidate that is nearest to where the face should be, and looks like it."""
    reach = math.sqrt(expected.width * expected.height) * min(0.5 + away_s, 1.0)
    near = nearness([expected], [reach], [candidate.face.box for candidate in candidates])[0]
    ranked = sorted(zip(near, candidates, strict=True), key=lambda item: -item[0])
    for how_near, candidate in ranked:
        if how_near > 0 and any(_is_like(candidate.looks, look) for look in looks):
            return candidate
    return None


def _is_like(one: Appearance, other: Appearance) -> bool:
    likeness, common = resemblance(one, other)
    return likeness >= LEAST_LIKENESS and common >= LEAST_COMMON


def _as_end(candidate: Candidate) -> End:
    sighting = Sighting(candidate.position, candidate.time_s, candidate.face.box, candidate.looks)
    return End(sighting, (0.0, 0.0), candidate.looks)
