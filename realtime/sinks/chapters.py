"""The chapters of a video, carried over to the annotated one."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

from av.container import OutputContainer

from srfer.errors import SourceError

from ..sources.container import open_container
from ..sources.foreign import translated_errors


def carry_chapters(
    path: Path, output: OutputContainer, shift_s: Fraction, end_s: Fraction | None
) -> None:
    """Give a file that is being written the chapters of another.

    What lies before zero or after the end is cut off. Damaged chapters never stop the video.

    Args:
        path: the file that has the chapters.
        output: where they go; no packet has been written to it yet.
        shift_s: how much later everything is in the new file, in seconds.
        end_s: where the new file ends, or None if chapters may end where they will.
    """
    chapters = []
    with (
        suppress(SourceError),
        translated_errors(path, "chapters cannot be read"),
        open_container(path) as container,
    ):
        for chapter in container.chapters():
            unit_s = chapter["time_base"]
            if not unit_s:
                continue
            start_s = max(chapter["start"] * unit_s + shift_s, Fraction(0))
            stop_s = chapter["end"] * unit_s + shift_s
            if end_s is not None:
                stop_s = min(stop_s, end_s)
            if stop_s > start_s:
                chapter["start"] = round(start_s / unit_s)
                chapter["end"] = round(stop_s / unit_s)
                chapters.append(chapter)
    if chapters:
        output.set_chapters(chapters)
