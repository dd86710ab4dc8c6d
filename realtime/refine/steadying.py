"""Probabilities filtered with the frames after them too, and labels that change where they cross.

The filter of `realtime.smoothing` runs over every face forwards and backwards, which is a weighted
mean with weights that fall on both sides by `exp(-|t - t0| / time_constant)`. It lags by nothing.
Every reading counts the same; in a gap both sides are weighed by how far they are away.

The rows are gone through block by block, so memory holds one state for each face.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS

from ..smoothing import SteadyLabel
from .rows import NO_LABEL, RowFile
from .settings import Refinement


def steady(rows: RowFile, times_s: Sequence[float], settings: Refinement) -> None:
    """Fill in `smoothed` and `label` of all rows.

    Args:
        rows: in the order of frames.
        times_s: media time of every frame.
        settings: of the filter and of the label.
    """
    forward = _Filters(times_s, settings.time_constant_s)
    _go_through(rows, forward.note)
    backward = _Filters(times_s, settings.time_constant_s)
    _go_through(rows, backward.combine, is_backward=True)
    labels = _Labels(settings.lead)
    _go_through(rows, labels.choose)
    _go_through(rows, _Crossings().move, is_backward=True)


def _go_through(rows: RowFile, change: Callable[[Any], None], *, is_backward: bool = False) -> None:
    for start, block in rows.blocks(is_backward=is_backward):
        for row in reversed(block) if is_backward else block:
            change(row)
        rows.rewrite(start, block)


@dataclass(slots=True)
class _Side:
    """What one direction knows of a face: the weighted mean of its readings, and their weight."""

    mean: NDArray[np.float64] = field(default_factory=lambda: np.zeros(len(LABELS)))
    log_mass: float = -np.inf
    time_s: float = 0.0


class _Filters:
    """One direction of the filter, for all faces."""

    def __init__(self, times_s: Sequence[float], time_constant_s: float) -> None:
        self._times_s = times_s
        self._time_constant_s = time_constant_s
        self._sides: dict[int, _Side] = {}

    def note(self, row: Any) -> None:
        """Take a row, and keep in it what this direction knows by now."""
        side = self._update(row)
        row["smoothed"], row["log_mass"] = side.mean, side.log_mass

    def combine(self, row: Any) -> None:
        """Take a row that the other direction has noted, and give it the mean of both."""
        side = self._update(row)
        other, log_other = row["smoothed"].astype(np.float64), float(row["log_mass"])
        if log_other == -np.inf:
            return  # nothing was read so far, and nothing is said before that
        # Masses far from a reading are too small for a float, their ratio is not.
        most = max(side.log_mass, log_other)
        mine, theirs = np.exp(side.log_mass - most), np.exp(log_other - most)
        total, both = mine + theirs, mine * side.mean + theirs * other
        if row["native_px"] > 0:  # this reading is in both
            twice = np.exp(-most)
            total, both = total - twice, both - twice * row["probabilities"]
        row["smoothed"] = np.clip(both / total, 0.0, 1.0)

    def _update(self, row: Any) -> _Side:
        """Let time pass for the face of a row, and take its reading, if there is one."""
        side = self._sides.setdefault(int(row["track"]), _Side())
        time_s = self._times_s[row["position"]]
        side.log_mass -= abs(time_s - side.time_s) / self._time_constant_s
        side.time_s = time_s
        if row["native_px"] > 0:
            mass = 1 + np.exp(side.log_mass)
            side.mean = side.mean + (row["probabilities"] - side.mean) / mass
            side.log_mass = float(np.log(mass))
        return side


class _Labels:
    """The steady label of every face, by the rule that is used live."""

    def __init__(self, lead: float) -> None:
        self._lead = lead
        self._labels: dict[int, SteadyLabel] = {}

    def choose(self, row: Any) -> None:
        """Give a row its label."""
        if row["log_mass"] == -np.inf:
            return
        label = self._labels.setdefault(int(row["track"]), SteadyLabel(self._lead))
        row["label"] = label.update(row["smoothed"])


class _Crossings:
    """Moves every change of a label back to where the new one took the lead.

    The rule waits until the lead is large enough to last. Afterwards it is known that it did.
    """

    def __init__(self) -> None:
        self._labels: dict[int, int] = {}

    def move(self, row: Any) -> None:
        """Take the rows of a face from the last to the first."""
        label = int(row["label"])
        if label == NO_LABEL:
            return
        later = self._labels.get(int(row["track"]), label)
        if row["smoothed"][later] > row["smoothed"][label]:
            row["label"] = label = later
        self._labels[int(row["track"])] = label
