"""A report as tables on a terminal."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..words import counted
from .capacity import Capacity
from .compare import Comparison
from .report import BenchReport
from .rows import (
    Rows,
    describe_capacity,
    describe_machine,
    stage_rows,
    stream_rows,
    trial_rows,
)

WIDTH = 160
"""Characters in a line where there is no terminal."""


def print_report(report: BenchReport, stream: TextIO) -> None:
    """Print a report."""
    console = _console(stream)
    settings, machine = report.about.settings, report.about.machine
    how = "as from cameras" if report.is_paced else "as fast as they are taken"
    _line(console, report.about.model["description"])
    _line(
        console,
        f"{counted(machine['cores'], 'core')} of {machine['cpu']}, {machine['memory_gib']} GiB",
    )
    _line(
        console,
        f"{counted(len(report.streams), 'stream')}, frames {how}, {settings['seconds']} s after a "
        f"warm-up of {settings['warm_up_s']:g} s, effort {settings['effort']}\n",
    )
    console.print(_table(stream_rows(report)), "")
    console.print(_table(stage_rows(report)), "")
    for line in describe_machine(report):
        _line(console, line)
    for note in report.notes:
        _line(console, f"note: {note}")


def print_capacity(capacity: Capacity, stream: TextIO) -> None:
    """Print how many streams the machine carries, and the trials."""
    console = _console(stream)
    console.print(_table(trial_rows(capacity)))
    _line(console, f"\n{describe_capacity(capacity)}\n")


def print_comparison(comparison: Comparison, stream: TextIO) -> None:
    """Print what differs between two reports."""
    console = _console(stream)
    titles = ("", "a", "b", "b - a", "99 % interval", "verdict")
    rows = tuple(
        (
            f"{item.name} ({item.unit})" if item.unit else item.name,
            f"{item.a:.4g}",
            f"{item.b:.4g}",
            f"{item.change:+.4g}",
            f"{item.low:+.4g} .. {item.high:+.4g}",
            item.verdict,
        )
        for item in comparison.differences
    )
    console.print(_table(Rows(titles, rows, frozenset({0, 5}))))
    for note in comparison.notes:
        _line(console, f"note: {note}")


def _table(content: Rows) -> Table:
    table = Table(box=None, pad_edge=False)
    for place, title in enumerate(content.titles):
        table.add_column(title, justify="left" if place in content.texts else "right")
    for row in content.rows:
        table.add_row(*map(Text, row))  # a name may look like markup
    return table


def _console(stream: TextIO) -> Console:
    return Console(file=stream, width=None if stream.isatty() else WIDTH, highlight=False)


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, soft_wrap=True)
