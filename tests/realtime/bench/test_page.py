"""The page, and the tables of a terminal."""

from __future__ import annotations

import io
import re
from xml.etree import ElementTree

import pytest

from srfer.realtime.bench import (
    BenchReport,
    Target,
    Trial,
    compare,
    find_capacity,
    make_page,
    print_capacity,
    print_comparison,
    print_report,
)
from srfer.realtime.bench.plots import Axis, plot_lines
from srfer.realtime.bench.summary import summarise
from tests.realtime.bench.fakes import ABOUT, Script, about, report_of, run_of

NAMES = ("1 <b>&.mp4", "2 [red]x.mp4", "3 'quote\".mp4")


def named_report(*, is_paced: bool = True) -> BenchReport:
    """Three streams with names that look like something else, and gaps in the middle one."""
    gaps = Script(latency_ms=lambda number: None if 30 <= number < 60 else 20.0)
    return summarise(
        run_of([Script(), gaps, Script()], names=NAMES, is_paced=is_paced), about(is_paced=is_paced)
    )


def tree_of(page: str) -> ElementTree.Element:
    """The page, which is well-formed XML as well."""
    head, _, body = page.partition("\n")
    assert head == "<!DOCTYPE html>"
    return ElementTree.fromstring(body)


@pytest.mark.parametrize("is_paced", [True, False])
def test_the_page_is_well_formed_and_holds_every_stream(is_paced: bool) -> None:
    tree = tree_of(make_page(named_report(is_paced=is_paced)))
    cells = ["".join(cell.itertext()) for cell in tree.iter("td")]
    titles = ["".join(title.itertext()) for title in tree.iter("title")]
    for name in NAMES:
        assert name in cells
        assert name in titles  # of its line
    plots = list(tree.iter("svg"))
    assert len(plots) >= (7 if is_paced else 5)
    assert {plot.get("aria-label") for plot in plots} >= {"results / s", "frames / s", "MiB"}


def test_the_page_needs_nothing_from_outside() -> None:
    page = make_page(named_report())
    assert "<script" not in page
    assert not re.search(r"""(https?:|src=|href=|url\(|@import|file:)""", page)


def test_the_page_is_readable_in_the_dark() -> None:
    page = make_page(named_report())
    assert "prefers-color-scheme: dark" in page
    for element in tree_of(page).iter():
        assert not {"fill", "stroke", "color", "style"} & set(element.attrib)  # all by class


def test_lines_stay_inside_and_have_gaps() -> None:
    tree = ElementTree.fromstring(
        plot_lines({"a": (1.0, 2.0, None, 4.0, 70.0, None, 3.0)}, "things")
    )
    lines = [line.get("points", "").split() for line in tree.iter("polyline")]
    assert [len(points) for points in lines] == [2, 2]
    assert len(list(tree.iter("circle"))) == 1
    width, height = (float(side) for side in tree.get("viewBox", "").split()[2:])
    for x, y in (point.split(",") for points in lines for point in points):
        assert 0 < float(x) < width
        assert 0 < float(y) < height


@pytest.mark.parametrize(
    ("most", "end", "count"), [(0, 1, 2), (7, 8, 5), (100, 100, 6), (0.013, 0.015, 4), (51, 60, 4)]
)
def test_axes_end_at_round_numbers(most: float, end: float, count: int) -> None:
    axis = Axis.to(most, "")
    assert axis.most == pytest.approx(end)
    assert len(axis.ticks) == count


def test_many_streams_are_all_there() -> None:
    report = summarise(run_of([Script()] * 20, names=[f"{n} a.mp4" for n in range(20)]), ABOUT)
    cells = ["".join(cell.itertext()) for cell in tree_of(make_page(report)).iter("td")]
    assert all(f"{number} a.mp4" in cells for number in range(20))


def test_the_terminal_shows_the_same() -> None:
    screen = io.StringIO()
    print_report(named_report(), screen)
    text = screen.getvalue()
    for name in NAMES:
        assert name in text
    assert "30.0 % (overload 30)" in text
    assert "p95 ms" in text
    screen = io.StringIO()
    print_report(report_of([Script()], is_paced=False), screen)
    streams, _, _ = screen.getvalue().partition("work on a frame")
    assert "p95 ms" not in streams


def test_capacity_and_comparison_are_shown() -> None:
    def run_trial(streams: int) -> Trial:
        holds = streams <= 3
        return Trial(streams, holds, "" if holds else "1 a.mp4 dropped 9.0 %", 25.0, 0.09, None)

    capacity = find_capacity(run_trial, Target(), most=8)
    screen = io.StringIO()
    print_capacity(capacity, screen)
    assert "This machine carries 3 streams:" in screen.getvalue()
    assert "1 a.mp4 dropped 9.0 %" in screen.getvalue()
    tree = tree_of(make_page(report_of([Script()]), capacity))
    assert any("carries 3 streams" in (part.text or "") for part in tree.iter("p"))
    a = report_of([Script()]).to_record()
    b = report_of([Script(latency_ms=lambda _: 30.0)]).to_record()
    screen = io.StringIO()
    print_comparison(compare(a, b), screen)
    assert re.search(r"median age, typical second \(ms\) +20 +30 +\+10 .* worse", screen.getvalue())
