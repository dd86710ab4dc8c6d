"""The pictures of the report."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..files import write_whole
from .comparison import SMALL_PX, Systems, compare
from .result import Result
from .tables import SHOWN_PX, main_rows, shown_name
from .verdict import SEEDS_NEEDED
from .wording import listing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ACCURACY_NAME = "protocol_accuracy.png"
GAINS_NAME = "protocol_gains.png"
REFERENCES = ("B0", "B3")

_STYLE: dict[Any, Any] = {"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}


class Line(NamedTuple):
    """How a row is drawn."""

    colour: str
    marker: str
    dashes: str = "-"
    width: float = 1.4


# Okabe and Ito's palette, which colour-blind people can tell apart; the markers differ as well.
LINES: Mapping[str, Line] = {
    "B0": Line("#000000", "o"),
    "B3": Line("#0072B2", "s"),
    "B5": Line("#CC79A7", "v"),
    "B6": Line("#009E73", "^"),
    "B8": Line("#E69F00", "D"),
    "B9": Line("#56B4E9", "P"),
    "P3": Line("#D55E00", "o", width=2.6),
    "P3-fsrcnn": Line("#D55E00", "X", "--"),
}
"""The rows of the first picture."""
FAR = ("B0", "B5")
"""Never fitted to small faces, and so far below that the others would become one line."""
NEAR_POINTS = 5.0
"""Gains over B3 beyond this are written, not drawn, for the same reason."""


def draw_accuracy(path: Path, systems: Systems) -> None:
    """Accuracy against native size; where B3 was measured, also the difference from it."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    has_reference = "B3" in systems
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(9, 8.4 if has_reference else 5), dpi=110, layout="constrained")
        if has_reference:
            top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3, 2))
            _draw_lines(bottom, systems, reference="B3")
            bottom.set_ylabel("difference from B3, points")
        else:
            top = bottom = figure.subplots()
        _draw_lines(top, systems)
        top.set(ylabel="accuracy, %", title="Accuracy on validation faces (D1, mean over seeds)")
        if top.lines:
            top.legend(loc="lower left", ncols=2)
        bottom.set(xlabel="native size of the face, pixels", xlim=(SHOWN_PX[0] * 1.06, 7.5))
        bottom.set_xticks(SHOWN_PX, [str(size) for size in SHOWN_PX])
        _save(figure, path)


def _draw_lines(axes: Axes, systems: Systems, reference: str = "") -> None:
    """Draw a line for each row, or, with a reference, for its difference from that row."""
    for name, line in LINES.items():
        row = systems.get(name, ())
        values = _difference(row, systems[reference]) if reference else _curve(row)
        if not values or (reference and name in FAR):
            continue
        axes.plot(
            list(values),
            [100 * value for value in values.values()],
            line.dashes,
            color=line.colour,
            marker=line.marker,
            ms=5,
            lw=line.width,
            label=shown_name(name),
        )
    # Both panels share this axis: what is said of one holds for the other.
    axes.set_xscale("log", base=2)
    axes.set_xticks([], minor=True)
    axes.grid(alpha=0.3)


def _difference(row: Sequence[Result], base: Sequence[Result]) -> dict[int, float]:
    """Of the curves of two rows, over the seeds that both have."""
    shared = {result.seed for result in row} & {result.seed for result in base}
    first, second = (_curve([item for item in x if item.seed in shared]) for x in (row, base))
    return {size: first[size] - second[size] for size in first if size in second}


def _curve(row: Sequence[Result]) -> dict[int, float]:
    """Mean accuracy over seeds at each size that was measured."""
    curve = {}
    for size in SHOWN_PX:
        found = [result.condition("D1", size) for result in row]
        values = [item.accuracy for item in found if item is not None]
        if values:
            curve[size] = statistics.mean(values)
    return curve


def draw_gains(path: Path, systems: Systems, titles: Mapping[str, str]) -> None:
    """Gain of each row over B1 and over B3, with its interval."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    rows = [name for name in main_rows(systems) if name != "B0"]
    with mpl.rc_context(_STYLE):
        height = 1.7 + 0.34 * max(len(rows), 1)
        figure = Figure(figsize=(11, height), dpi=110, layout="constrained")
        panels: Sequence[Axes] = figure.subplots(1, 2, sharey=True)
        for axes, reference in zip(panels, REFERENCES, strict=True):
            _draw_gains(axes, systems, rows, reference)
        panels[0].set_yticks(range(len(rows)), [_row_label(name, titles) for name in rows])
        panels[0].set_ylim(len(rows) - 0.4, -0.6)
        sizes = listing([str(size) for size in SMALL_PX])
        figure.suptitle(
            f"Gain in mean accuracy over {sizes} px, with 95 % intervals\n"
            f"(hollow: fewer than {SEEDS_NEEDED} seeds)",
            fontsize=11,
        )
        _save(figure, path)


def _row_label(name: str, titles: Mapping[str, str]) -> str:
    title = titles.get(name, "")
    return f"{title}  {name}" if title else name


def _draw_gains(axes: Axes, systems: Systems, rows: Sequence[str], reference: str) -> None:
    for height, name in enumerate(rows):
        made = compare(systems, name, reference) if name != reference else None
        if made is None:
            continue
        colour = "#D55E00" if name.startswith("P") else "#0072B2"
        middle, low, high = (100 * value for value in (made.gain, *made.interval))
        if reference == "B3" and abs(middle) > NEAR_POINTS:
            edge = axes.get_yaxis_transform()
            axes.text(0.01, height, f"{middle:+.1f}", color=colour, va="center", transform=edge)
            continue
        fill = colour if len(made.seeds) >= SEEDS_NEEDED else "white"
        axes.plot([low, high], [height, height], color=colour, lw=2, solid_capstyle="butt")
        axes.plot(middle, height, "o", ms=7, color=colour, markerfacecolor=fill)
    axes.axvline(0, color="black", lw=1)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel(f"points over {'B1' if reference == 'B0' else reference}")


def _save(figure: Figure, path: Path) -> None:
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    write_whole(path, buffer.getvalue())
