"""The report of a whole batch: one page that leads to those of its videos."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from .formats import FILE_NAMES, Format
from .sinks.atomic import write_text
from .sinks.html import UNSURE_COLOUR, colour_of, document, legend, percent
from .words import counted

BATCH_PAGE_NAME = "index.html"


class Entry(NamedTuple):
    """One input on the page.

    Attributes:
        name: of the input.
        folder: name of its folder of results.
        result: from its manifest; empty if there is none.
        error: why it is not complete, or "".
    """

    name: str
    folder: str
    result: dict[str, Any]
    error: str


def write_batch_page(out: Path, entries: Sequence[Entry], made_by: str) -> None:
    """Write `index.html` into the folder of a batch.

    Raises:
        ExportError: if it cannot be written.
    """
    done = sum(not entry.error for entry in entries)
    rows = "".join(_row(entry) for entry in entries)
    body = (
        f"<h1>{done} of {counted(len(entries), 'video')}</h1>{legend()}"
        "<table><tr><th>video</th><th>frames</th><th>faces</th><th>time by expression</th>"
        f"<th>not sure</th></tr>{rows}</table>"
        f"<h2>Made by</h2><p><code>{escape(made_by)}</code></p>"
    )
    write_text(out / BATCH_PAGE_NAME, document(counted(len(entries), "video"), body))


def _row(entry: Entry) -> str:
    name = escape(entry.name)
    if entry.error:
        return f'<tr><th>{name}</th><td colspan="4">{escape(entry.error)}</td></tr>'
    result = entry.result
    link = f"{quote(entry.folder)}/{FILE_NAMES[Format.HTML]}"
    shown_s = {**result["expressions_s"], "unsure": result["unsure_s"]}
    total_s = sum(shown_s.values())
    bars = "".join(
        f'<div class="bar" title="{label} {percent(seconds, total_s)}" '
        f'style="width:{240 * seconds / total_s:.1f}px;background:{colour_of(label)}"></div>'
        for label, seconds in shown_s.items()
        if seconds
    )
    notes = "".join(f"<br><small>{escape(note)}</small>" for note in result.get("notes", ()))
    return (
        f'<tr><th><a href="./{link}">{name}</a>{notes}</th><td>{result["frames"]}</td>'
        f'<td>{result["tracks"]}</td><td><div style="display:flex">{bars}</div></td>'
        f'<td style="color:{UNSURE_COLOUR}">{percent(result["unsure_s"], total_s)}</td></tr>'
    )
