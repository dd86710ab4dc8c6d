"""Exporting a whole file in the background, with a way to stop it."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from srfer.errors import SrferError
from srfer.realtime import describe_settings, make_stages
from srfer.realtime.api import make_second_look
from srfer.realtime.export import ExportOptions, ExportOutcome, ExportProgress, export

from .priority import step_back
from .shelf import Setup, Shelf


class ExportCancelled(SrferError):  # noqa: N818 - no error of anybody
    """A person has stopped the export."""


class ExportJob:
    """One export at work in a thread of its own. Any thread may look.

    Args:
        path: the video.
        out: folder for the results.
        setup: how to analyse.
        shelf: gives the model.
        options: what to write, and how.

    Attributes:
        progress: how far it is; None before the first frame.
        outcome: what became of it; None while it is at work, or if it was refused.
        error: why there is no result, in one line; "" if there is one.
    """

    def __init__(
        self,
        path: Path,
        out: Path,
        setup: Setup,
        shelf: Shelf,
        options: ExportOptions,
    ) -> None:
        self.path, self.out = path, out
        self.progress: ExportProgress | None = None
        self.outcome: ExportOutcome | None = None
        self.error = ""
        self._setup, self._shelf, self._options = setup, shelf, options
        self._is_cancelled = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live:export", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def cancel(self) -> None:
        """Stop after the frame at work, and remove what was written."""
        self._is_cancelled.set()

    @property
    def is_running(self) -> bool:
        """True until all is written, or nothing more comes."""
        return self._thread.is_alive()

    @property
    def is_cancelled(self) -> bool:
        """True after `cancel`."""
        return self._is_cancelled.is_set()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end; False if it is still at work."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        step_back()
        try:
            self._export()
        except SrferError as error:
            self.error = str(error)

    def _export(self) -> None:
        model, analysis = self._shelf.get(self._setup), self._setup.options
        summary = export(
            [self.path],
            self.out,
            lambda: make_stages(model, analysis),
            replace(self._options, settings=describe_settings(model, analysis)),
            make_second_look=lambda: make_second_look(model, analysis),
            on_progress=self._on_progress,
        )
        (outcome,) = summary.outcomes
        if isinstance(outcome.error, ExportCancelled):
            for partial in outcome.folder.glob("*.partial.*"):
                partial.unlink(missing_ok=True)
        if outcome.error is not None:
            raise outcome.error
        self.outcome = outcome

    def _on_progress(self, progress: ExportProgress) -> None:
        self.progress = progress
        if self._is_cancelled.is_set():
            raise ExportCancelled("the export was stopped; nothing of it is left")
