"""What an export tells: how far it is, and what became of each input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .sources import display_name, printable


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """How far an export is.

    Attributes:
        input: name of the file at work.
        number: which of the inputs it is, from 1.
        inputs: number of inputs.
        frames: frames of this input that are done; each counts once for every pass over it.
        expected: about how many it will be, or None if unknown.
        passes: over the input.
    """

    input: str
    number: int
    inputs: int
    frames: int
    expected: int | None
    passes: int = 1


@dataclass(frozen=True, slots=True)
class ExportOutcome:
    """What became of one input.

    Attributes:
        input: the file.
        folder: where its outputs are.
        frames: frames written.
        face_rows: faces written, counted in every frame.
        failed_readings: those of them for which the engine gave no finite numbers.
        elapsed_s: time it took, in seconds.
        error: why it is not complete, or None; what was done before is in `.partial` files.
        notes: what is peculiar about the file, and what was done about it.
        is_resumed: it was finished before, and nothing was done.
        tracks: number of different faces.
        known_frames: so many of the frames had been analysed before, by an interrupted export.
    """

    input: Path
    folder: Path
    frames: int
    face_rows: int
    failed_readings: int
    elapsed_s: float
    error: Exception | None = None
    notes: tuple[str, ...] = ()
    is_resumed: bool = False
    tracks: int = 0
    known_frames: int = 0

    def to_record(self) -> dict[str, Any]:
        """The outcome as plain JSON types."""
        return {
            "input": display_name(self.input),
            "folder": printable(str(self.folder)),
            "frames": self.frames,
            "face_rows": self.face_rows,
            "tracks": self.tracks,
            "failed_readings": self.failed_readings,
            "elapsed_s": round(self.elapsed_s, 3),
            "error": None if self.error is None else str(self.error),
            "notes": list(self.notes),
            "resumed": self.is_resumed,
            "known_frames": self.known_frames,
        }


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """What became of all inputs, in their order."""

    outcomes: tuple[ExportOutcome, ...]

    @property
    def exit_code(self) -> int:
        """0 if all are complete, 1 if nothing came of any, 3 for anything between."""
        if all(outcome.error is None for outcome in self.outcomes):
            return 0
        return 3 if any(outcome.frames for outcome in self.outcomes) else 1
