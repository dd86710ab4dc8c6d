"""Noticing that a frame does not continue the last one."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .glance import Glance, halved

COMPARED_PX = (32, 24)
"""Pictures are compared at this (width, height): noise and small motions vanish."""
SAME_SCENE_FROM = 0.6
"""Correlation from which two frames show the same scene, -1..1. On real clips frames in a row
stay above 0.9, also under fast motion; nearly all pairs of different scenes stay below 0.6."""
CHANGED_FROM = 10.0
"""Gray levels by which a place must change, apart from overall brightness, to count as changed."""
LEAST_CHANGED_SHARE = 0.4
"""In a cut more places change than this: one thing that comes or goes is no cut, though in front
of a plain wall it may be all that the correlation sees."""


@dataclass(slots=True, eq=False)
class SceneWatch:
    """Tells whether a frame shows another scene, or has another size, than the last one.

    Attributes:
        size: of the last glance, or None before the first.
        before: the last glance, reduced.
    """

    size: tuple[int, ...] | None = None
    before: NDArray[np.float64] | None = None

    def is_cut(self, seen: Glance) -> bool:
        """True if the frame of which this is the glance does not continue that of the last call."""
        size, before = self.size, self.before
        now = _reduced(seen)
        self.size, self.before = seen.shape, now
        if size is None or before is None:
            return False
        if size != seen.shape:
            return True
        change = now - before
        # Where so many places changed by so little, their median did not change by more.
        if np.count_nonzero(np.abs(change) >= CHANGED_FROM / 2) < LEAST_CHANGED_SHARE * change.size:
            return False
        change -= np.partition(change, change.size // 2, axis=None)[change.size // 2]
        changed = np.count_nonzero(np.abs(change) >= CHANGED_FROM)
        if changed < LEAST_CHANGED_SHARE * change.size:
            return False
        covariance = float(((before - before.mean()) * (now - now.mean())).mean())
        is_alike = covariance >= SAME_SCENE_FROM * float(before.std() * now.std())
        return not is_alike


def _reduced(seen: Glance) -> NDArray[np.float64]:
    """(24, 32): halving as often as that can be done leaves little to average over areas."""
    width, height = COMPARED_PX
    while seen.shape[0] >= 2 * height and seen.shape[1] >= 2 * width:
        seen = halved(seen)
    return cv2.resize(seen, COMPARED_PX, interpolation=cv2.INTER_AREA).astype(np.float64)
