"""A report as one HTML file that needs nothing else: no script, no font, no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ..words import counted
from .capacity import Capacity
from .plots import legend, plot_bars, plot_lines
from .report import BenchReport, Series
from .rows import (
    Rows,
    describe_capacity,
    describe_machine,
    stage_rows,
    stream_rows,
    trial_rows,
)

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5b6570; --paper: #fff; --rule: #dde1e6;
  --0: #0b62c4; --1: #c2410c; --2: #15803d; --3: #9333a8; --4: #a16207; --5: #0e7490; --6: #be123c;
  --7: #57534e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #9aa4af; --paper: #15181c;
  --rule: #333a42; --0: #6fb1ff; --1: #ff9b6a; --2: #62d48a; --3: #d59bff; --4: #e6c14a;
  --5: #55cfe6; --6: #ff8fa6; --7: #b8b2ac; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.big { font-size: 1.15rem; } .note { border-left: 4px solid var(--1); padding-left: .7rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem .2rem 0; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; }
td + td.text { white-space: normal; min-width: 7rem; }
th { color: var(--soft); font-weight: 500; } .text { text-align: left; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
svg { width: 100%; height: auto; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); }
.grid { stroke: var(--rule); stroke-width: 1; }
.line polyline { fill: none; stroke: var(--c); stroke-width: 1.6; } .line circle { fill: var(--c); }
.bar { fill: var(--0); }
.legend { list-style: none; padding: 0; margin: 0; display: flex; flex-wrap: wrap; gap: 0 1.2rem; }
.legend span { display: inline-block; width: 1rem; height: 3px; margin-right: .4rem;
  vertical-align: middle; background: var(--c); }
.c0 { --c: var(--0); } .c1 { --c: var(--1); } .c2 { --c: var(--2); } .c3 { --c: var(--3); }
.c4 { --c: var(--4); } .c5 { --c: var(--5); } .c6 { --c: var(--6); } .c7 { --c: var(--7); }
"""


def make_page(report: BenchReport, capacity: Capacity | None = None) -> str:
    """The whole page.

    Args:
        report: what to show.
        capacity: how many streams the machine carries, if that was looked for.
    """
    parts = [
        "<h1>srfer bench</h1>",
        *_summary(report, capacity),
        *(f'<p class="note">{escape(note)}</p>' for note in report.notes),
        *_capacity_part(capacity),
        "<h2>Streams</h2>",
        _table(stream_rows(report)),
        *_latency_part(report),
        "<h2>Results a second, by stream</h2>",
        _lines({s.name: s.seconds.fps for s in report.streams}, "results / s"),
        "<h2>Frames dropped a second, by stream</h2>",
        _lines({s.name: s.seconds.dropped for s in report.streams}, "frames / s", at_least=1),
        *_effort_part(report),
        "<h2>Work on a frame</h2>",
        _table(stage_rows(report)),
        *_machine_part(report),
        "<h2>What was measured</h2>",
        _about(report),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8"/>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1"/>\n'
        f"<title>srfer bench</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _summary(report: BenchReport, capacity: Capacity | None) -> Iterable[str]:
    if capacity is not None:
        yield f'<p class="big">{escape(describe_capacity(capacity))}</p>'
    total, streams = report.total, counted(len(report.streams), "stream")
    how = "as cameras give them" if report.is_paced else "as fast as they are taken"
    age = "" if total.latency_ms is None else f", 95 % of them within {total.latency_ms.p95:.0f} ms"
    yield (
        f'<p class="big">{streams}, frames {how}: {total.fps:.1f} results a '
        f"second{age}; {100 * total.drop_share:.1f} % of the frames dropped.</p>"
    )


def _capacity_part(capacity: Capacity | None) -> Iterable[str]:
    if capacity is None:
        return
    yield "<h2>Trials, in order</h2>"
    yield _table(trial_rows(capacity))
    shown = counted(max(capacity.streams, 1), "stream")
    yield f"<p>What follows is of the last trial with {shown}.</p>"


def _latency_part(report: BenchReport) -> Iterable[str]:
    if not report.is_paced:
        return
    seconds = report.seconds
    yield "<h2>Age of results, from when a frame was due to when its result was there</h2>"
    yield _lines(
        {
            "p50": seconds.latency_p50_ms,
            "p95": seconds.latency_p95_ms,
            "p99": seconds.latency_p99_ms,
        },
        "ms, of each second",
    )
    bars = {s.name: s.latency_ms.p95 for s in report.streams if s.latency_ms is not None}
    yield plot_bars(bars, "p95 ms, by stream")


def _effort_part(report: BenchReport) -> Iterable[str]:
    efforts = {stream.name: stream.seconds.effort for stream in report.streams}
    if any(any(effort) for effort in efforts.values()):
        yield "<h2>Effort, by stream: 0 everything for every frame, 3 the least</h2>"
        yield _lines(efforts, "effort", at_least=3)


def _machine_part(report: BenchReport) -> Iterable[str]:
    seconds = report.seconds
    yield "<h2>Machine</h2>"
    yield "<p>" + "<br/>".join(escape(line) for line in describe_machine(report)) + "</p>"
    yield _lines({"this process": seconds.process_cores}, "cores' worth of work", at_least=1)
    if seconds.core_shares:
        cores = {f"core {core}": _percent(share) for core, share in seconds.core_shares.items()}
        yield _lines(cores, "% busy, with anything", at_least=100)
    for name, shares in seconds.gpu_busy_share.items():
        yield _lines({f"GPU {name}": _percent(shares)}, "% busy", at_least=100)
    if any(value is not None for value in seconds.memory_mib):
        yield _lines({"memory of this process": seconds.memory_mib}, "MiB")


def _percent(shares: Series) -> Series:
    return tuple(None if share is None else 100 * share for share in shares)


def _about(report: BenchReport) -> str:
    about = report.about
    facts: dict[str, Any] = {
        "measured": about.measured,
        "srfer commit": about.commit,
        **{f"model: {key}": value for key, value in about.model.items()},
        **{f"machine: {key}": value for key, value in about.machine.items()},
        **{f"setting: {key}": value for key, value in about.settings.items()},
        "versions": about.versions,
    }
    items = (
        f"<dt>{escape(key)}</dt><dd>{escape(_word(value))}</dd>" for key, value in facts.items()
    )
    return f"<dl>{''.join(items)}</dl>"


def _word(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value is None else str(value)


def _lines(lines: Mapping[str, Series], label: str, *, at_least: float = 0.0) -> str:
    return legend(list(lines)) + plot_lines(lines, label, at_least=at_least)


def _table(content: Rows) -> str:
    kinds = [
        ' class="text"' if place in content.texts else "" for place in range(len(content.titles))
    ]

    def cells(tag: str, row: Sequence[str]) -> str:
        pairs = zip(kinds, row, strict=True)
        return "".join(f"<{tag}{kind}>{escape(cell)}</{tag}>" for kind, cell in pairs)

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in content.rows)
    return (
        f'<div class="scroll"><table><thead><tr>{cells("th", content.titles)}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
