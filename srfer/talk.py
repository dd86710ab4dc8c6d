"""What the commands say: data on stdout, talk on stderr."""

from __future__ import annotations

import json
import sys
import traceback
from typing import TYPE_CHECKING

import typer

from .errors import SrferError
from .secrets import redact

if TYPE_CHECKING:
    from srfer.realtime.outcome import ExportOutcome


def explain(error: Exception, *, is_debug: bool) -> None:
    """Say what went wrong in a line; with its traceback before it if asked for.

    Our own errors hold no secret; what others raised may.
    """
    if is_debug:
        say(redact("".join(traceback.format_exception(error)).rstrip()))
    if isinstance(error, SrferError):
        say(f"error: {error}")
    else:
        trouble = redact(f"{type(error).__name__}: {error}")
        say(f"error: unexpected {trouble}; --debug shows where")


def say(text: str) -> None:
    """Write a line of talk."""
    typer.echo(text, err=True)


class Reports:
    """Tells what became of each input: JSON on stdout, words on stderr, a summary at the end.

    At once, so that a killed batch is known as far as it went; but where a progress bar is on the
    screen, when it is gone.
    """

    def __init__(self, *, is_quiet: bool, is_debug: bool) -> None:
        self.is_quiet, self._is_debug = is_quiet, is_debug
        self._waits = sys.stderr.isatty() and not is_quiet
        self._outcomes: list[ExportOutcome] = []

    def add(self, outcome: ExportOutcome) -> None:
        """Take the result of one input."""
        self._outcomes.append(outcome)
        if not self._waits:
            self._tell(outcome)

    def finish(self) -> None:
        """Tell what was held back, and the summary."""
        if self._waits:
            for outcome in self._outcomes:
                self._tell(outcome)
        if len(self._outcomes) > 1 and not self.is_quiet:
            failed = [item.to_record()["input"] for item in self._outcomes if item.error]
            done = f"{len(self._outcomes) - len(failed)} of {len(self._outcomes)} done"
            say(f"{done}; failed: {', '.join(failed)}" if failed else done)

    def _tell(self, outcome: ExportOutcome) -> None:
        record = outcome.to_record()
        typer.echo(json.dumps(record))  # ASCII: some terminals can show nothing else
        if outcome.failed_readings:
            say(
                f"warning: {record['input']}: {outcome.failed_readings} faces were not read, the "
                "engine gave numbers that are not finite; try --device cpu"
            )
        for note in outcome.notes:
            say(f"warning: {record['input']}: {note}")
        if outcome.error is not None:
            explain(outcome.error, is_debug=self._is_debug)
        elif outcome.is_resumed and not self.is_quiet:
            say(f"{record['input']}: finished before -> {record['folder']}")
        elif not self.is_quiet:
            known = f" ({outcome.known_frames} known before)" if outcome.known_frames else ""
            say(
                f"{record['input']}: {outcome.frames} frames{known}, {_faces(outcome.tracks)} in "
                f"{outcome.elapsed_s:.1f} s -> {record['folder']}"
            )


def _faces(count: int) -> str:
    return f"{count} face{'' if count == 1 else 's'}"
