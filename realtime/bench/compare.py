"""What differs between two reports, and what of it is beyond noise."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.errors import ConfigError

from .report import FORMAT

LEAST_SECONDS = 5
RESAMPLES = 4000
CERTAINTY = 0.99
SEED = 0

Record = Mapping[str, Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure of two reports.

    Attributes:
        name: what it is.
        unit: of `a` and `b`, or "".
        a: of the first report.
        b: of the second.
        low: 99 % of the differences that chance makes likely lie between this ...
        high: ... and this.
        verdict: "better", "worse", "more", "less" or "no difference".
    """

    name: str
    unit: str
    a: float
    b: float
    low: float
    high: float
    verdict: str

    @property
    def change(self) -> float:
        """The second less the first."""
        return self.b - self.a

    @property
    def is_beyond_noise(self) -> bool:
        """True if the seconds of each report vary too little to explain the difference."""
        return not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two reports side by side.

    Attributes:
        differences: of each figure that both have.
        notes: what the reader should know before believing it.
    """

    differences: tuple[Difference, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Figure:
    key: str
    name: str
    unit: str
    of_seconds: Callable[..., Any]
    is_more_better: bool | None


_FIGURES = (
    _Figure("fps", "results of all streams", "/s", np.mean, True),
    _Figure("drop_share", "share of frames dropped", "", np.mean, False),
    _Figure("latency_p50_ms", "median age, typical second", "ms", np.median, False),
    _Figure("latency_p95_ms", "95 % age, typical second", "ms", np.median, False),
    _Figure("faces_per_s", "faces in the results", "/s", np.mean, None),
    _Figure("process_cores", "work of the process", "cores", np.mean, None),
    _Figure("memory_mib", "memory of the process", "MiB", np.mean, None),
)


def read_report(path: Path) -> Record:
    """Read a report that was written as JSON.

    Raises:
        ConfigError: if it is not there, or is not such a file.
    """
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read: {error.strerror}") from None
    except ValueError:
        raise ConfigError(f"{path.name} is not JSON; write it with: srfer bench --json") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        raise ConfigError(f"{path.name} is not a report of this version of srfer bench ({FORMAT})")
    return record


def compare(a: Record, b: Record, *, is_forced: bool = False) -> Comparison:
    """Compare two reports, second by second.

    The seconds of each report are drawn again, in runs of neighbours, since what lies close
    together is alike (circular block bootstrap: Politis and Romano, 1992). What chance does between
    two runs, as another temperature or another layout of memory, is not in them: repeat both.

    Args:
        a: from `read_report`.
        b: likewise.
        is_forced: True also compares reports of different machines.

    Raises:
        ConfigError: if machines differ, a report is too short, or a part of it is missing.
    """
    try:
        notes = _foreign_notes(a, b, is_forced=is_forced)
        random = np.random.default_rng(SEED)
        differences = []
        for figure in _FIGURES:
            seconds = (_seconds(a, figure.key), _seconds(b, figure.key))
            if all(len(values) for values in seconds):
                differences.append(_difference(figure, *seconds, random))
    except (KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"a report lacks a part, or has another in its place: {error}") from None
    return Comparison(tuple(differences), notes)


def _foreign_notes(a: Record, b: Record, *, is_forced: bool) -> tuple[str, ...]:
    """Say what differs besides the figures."""
    notes = []
    strange = [
        key for key in ("cpu", "cores", "system", "gpus") if a["machine"][key] != b["machine"][key]
    ]
    if strange:
        said = ", ".join(f"{key}: {a['machine'][key]} / {b['machine'][key]}" for key in strange)
        if not is_forced:
            raise ConfigError(
                f"the reports are of different machines ({said}); --force compares them anyway"
            )
        notes.append(f"different machines, so the verdicts say nothing of srfer: {said}")
    for part in ("settings", "model", "versions"):
        for key in sorted({*a[part], *b[part]}):
            before, after = a[part].get(key), b[part].get(key)
            if before != after:
                notes.append(f"{part} differ: {key}: {before} / {after}")
    for name, report in (("a", a), ("b", b)):
        notes += [f"{name}: {note}" for note in report["notes"]]
    return tuple(notes)


def _seconds(report: Record, key: str) -> Floats:
    values = report["seconds"][key]
    if len(values) < LEAST_SECONDS:
        raise ConfigError(
            f"a report of {len(values)} s is too short to tell chance from difference: measure "
            f"{LEAST_SECONDS} s or more"
        )
    return np.array([value for value in values if value is not None], dtype=np.float64)


def _difference(figure: _Figure, a: Floats, b: Floats, random: np.random.Generator) -> Difference:
    spread = _resampled(figure, b, random) - _resampled(figure, a, random)
    tail = (1 - CERTAINTY) / 2
    low, high = (float(edge) for edge in np.quantile(spread, [tail, 1 - tail]))
    value_a, value_b = float(figure.of_seconds(a)), float(figure.of_seconds(b))
    verdict = "no difference"
    if not low <= 0 <= high:
        is_more = low > 0
        if figure.is_more_better is None:
            verdict = "more" if is_more else "less"
        else:
            verdict = "better" if is_more is figure.is_more_better else "worse"
    return Difference(figure.name, figure.unit, value_a, value_b, low, high, verdict)


def _resampled(figure: _Figure, values: Floats, random: np.random.Generator) -> Floats:
    """(RESAMPLES,) the figure of seconds that are drawn again."""
    places = _drawn(len(values), random)
    return np.asarray(figure.of_seconds(values[places], axis=1), dtype=np.float64)


def _drawn(count: int, random: np.random.Generator) -> NDArray[np.intp]:
    """(RESAMPLES, count) places of seconds: runs of neighbours, around the end to the beginning."""
    length = max(1, round(count ** (1 / 3)))
    runs = -(-count // length)
    starts = random.integers(0, count, (RESAMPLES, runs, 1))
    places = (starts + np.arange(length)) % count
    return places.reshape(RESAMPLES, -1)[:, :count]
