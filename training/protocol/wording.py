"""How figures are written in the report."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from .statistics import Interval


def percent(value: float | None) -> str:
    """A share, e.g. "81.7"."""
    return "-" if value is None else f"{100 * value:.1f}"


def points(value: float) -> str:
    """A difference of shares, e.g. "+0.42"."""
    return f"{100 * value:+.2f}"


def point_interval(interval: Interval) -> str:
    """An interval of a difference of shares, e.g. "+0.10 to +0.74"."""
    return f"{points(interval.low)} to {points(interval.high)}"


def p_value(p: float) -> str:
    """Three decimals, or that it is smaller."""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def spread(shares: Sequence[float]) -> str:
    """Mean and, of several, the sample's standard deviation, in per cent: "81.7 ± 0.3"."""
    if not shares:
        return "-"
    mean = percent(statistics.mean(shares))
    return mean if len(shares) == 1 else f"{mean} ± {percent(statistics.stdev(shares))}"


def listing(names: Sequence[str], last: str = "and") -> str:
    """Names in a sentence: "B3, B6 and B8"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def number_of(count: int, noun: str) -> str:
    """A number and what it counts: "1 seed", "3 seeds"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
