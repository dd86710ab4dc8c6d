"""Plots as SVG text. Colours and fonts come from the page's style sheet."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from .report import Series

WIDTH, HEIGHT = 720, 220
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 34
COLOURS = 8
"""Colours that the style sheet has, as classes c0 to c7."""
LEAST_BARS = 5
"""A few bars are no wider than if there were so many."""
MOST_NAMED = 12
"""More bars than this have no room for names."""
LETTER = 6.5
"""Width of a letter."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One direction of a plot.

    Attributes:
        label: what is along it, with its unit.
        most: where it ends; it begins at 0.
        ticks: places with a number.
    """

    label: str
    most: float
    ticks: tuple[float, ...]

    @classmethod
    def to(cls, most: float, label: str) -> Axis:
        """From 0 to a round number that is not below `most`, with about five ticks."""
        if not most > 0:
            return cls(label, 1.0, (0.0, 1.0))
        rough = most / 5
        scale = 10 ** math.floor(math.log10(rough))
        step = next(scale * nice for nice in (1, 2, 5, 10) if scale * nice >= rough * 0.999)
        count = math.ceil(most / step - 1e-9)
        return cls(label, count * step, tuple(i * step for i in range(count + 1)))


def plot_lines(lines: Mapping[str, Series], label: str, *, at_least: float = 0.0) -> str:
    """A number over the seconds of the window, a line for each name.

    Args:
        lines: by name, all of one length; there is a gap where a second has no number.
        label: what the numbers are, with their unit.
        at_least: the axis reaches at least so far.
    """
    values = [value for line in lines.values() for value in line if value is not None]
    seconds = max(map(len, lines.values()), default=0)
    down = Axis.to(max([at_least, *values]), label)
    along = Axis.to(max(seconds, 1), "seconds")
    parts = [_frame(along, down)]
    for place, (name, line) in enumerate(lines.items()):
        drawn = "".join(_stretch(stretch, along, down) for stretch in _stretches(line))
        parts.append(f'<g class="line c{place % COLOURS}"><title>{escape(name)}</title>{drawn}</g>')
    return _svg(label, parts)


def plot_bars(bars: Mapping[str, float], label: str) -> str:
    """One bar beside the other."""
    down = Axis.to(max(bars.values(), default=0.0), label)
    along = Axis(" ", max(len(bars), LEAST_BARS), ())
    parts = [_frame(along, down)]
    is_named = len(bars) <= MOST_NAMED
    letters = round((_x(1, along) - _x(0, along)) / LETTER)
    for place, (name, value) in enumerate(bars.items()):
        left, right = _x(place + 0.15, along), _x(place + 0.85, along)
        top = _y(value, down)
        parts.append(
            f'<rect class="bar" x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" '
            f'height="{_y(0, down) - top:.1f}"><title>{escape(name)}: {value:.1f}</title></rect>'
        )
        if is_named:
            is_long = len(name) > letters
            shown = name[: letters - 1] + "\N{HORIZONTAL ELLIPSIS}" if is_long else name
            middle = (left + right) / 2
            parts.append(_text(middle, HEIGHT - BOTTOM + 15, shown, "middle"))
            parts.append(_text(middle, top - 3, f"{value:.0f}", "middle"))
    return _svg(label, parts)


def legend(names: Sequence[str]) -> str:
    """What the colours of `plot_lines` mean; where they repeat, pointing at a line names it."""
    if len(names) > COLOURS:
        return f"<p>{len(names)} lines; point at one for its name.</p>"
    items = (
        f'<li class="c{place}"><span></span>{escape(name)}</li>' for place, name in enumerate(names)
    )
    return f'<ul class="legend">{"".join(items)}</ul>'


def _svg(label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )


def _frame(along: Axis, down: Axis) -> str:
    """Axes, grid and numbers."""
    parts = []
    for tick in down.ticks:
        y = _y(tick, down)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{tick:.6g}", "end"))
    for tick in along.ticks:
        parts.append(_text(_x(tick, along), HEIGHT - BOTTOM + 15, f"{tick:.6g}", "middle"))
    middle = (TOP + HEIGHT - BOTTOM) / 2
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, along.label, "middle"))
    parts.append(
        f'<text x="12" y="{middle:.1f}" text-anchor="middle" '
        f'transform="rotate(-90 12 {middle:.1f})">{escape(down.label)}</text>'
    )
    return "".join(parts)


def _stretches(line: Series) -> list[list[tuple[int, float]]]:
    """The parts of a line between its gaps."""
    numbered = [(second, value) for second, value in enumerate(line)]
    return [
        [(second, value) for second, value in stretch if value is not None]
        for is_there, stretch in groupby(numbered, key=lambda item: item[1] is not None)
        if is_there
    ]


def _stretch(points: Sequence[tuple[int, float]], along: Axis, down: Axis) -> str:
    """A line, or a dot where there is but one point."""
    # A number of a whole second stands in its middle.
    places = [(_x(second + 0.5, along), _y(value, down)) for second, value in points]
    if len(places) == 1:
        return f'<circle cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="2"/>'
    return f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in places)}"/>'


def _x(value: float, axis: Axis) -> float:
    return LEFT + value / axis.most * (WIDTH - LEFT - RIGHT)


def _y(value: float, axis: Axis) -> float:
    return HEIGHT - BOTTOM - value / axis.most * (HEIGHT - TOP - BOTTOM)


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
