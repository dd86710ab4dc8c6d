"""What became of an input, as the plain types in which a node tells it."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

from srfer import errors
from srfer.errors import SourceError, SourceFault, SrferError

from ..jobs import Job
from ..outcome import ExportOutcome


def pack(outcome: ExportOutcome, attempt: Path, folder: Path) -> dict[str, Any]:
    """Describe the outcome of an attempt.

    Args:
        outcome: of the attempt.
        attempt: folder in which it was made.
        folder: where its outputs will be; errors speak of this one.
    """
    return {
        "attempt": str(attempt),
        "frames": outcome.frames,
        "face_rows": outcome.face_rows,
        "tracks": outcome.tracks,
        "failed_readings": outcome.failed_readings,
        "elapsed_s": outcome.elapsed_s,
        "notes": list(outcome.notes),
        "error": _pack_error(outcome.error, attempt.name, folder.name),
    }


def unpack(told: dict[str, Any], job: Job) -> ExportOutcome:
    """The outcome of a job, from what a node has told."""
    return ExportOutcome(
        input=job.input,
        folder=job.folder,
        frames=told["frames"],
        face_rows=told["face_rows"],
        failed_readings=told["failed_readings"],
        elapsed_s=told["elapsed_s"],
        error=_unpack_error(told["error"]),
        notes=tuple(told["notes"]),
        tracks=told["tracks"],
    )


def _pack_error(error: Exception | None, attempt: str, folder: str) -> dict[str, str] | None:
    if error is None:
        return None
    return {
        "kind": type(error).__name__ if isinstance(error, SrferError) else "",
        "text": str(error).replace(attempt, folder),
        "fault": error.fault.value if isinstance(error, SourceError) else "",
        "unexpected": type(error).__name__,
        "trace": "".join(traceback.format_exception(error)),
    }


def _unpack_error(told: dict[str, str] | None) -> Exception | None:
    """An error of the same kind; of a kind that is not ours, one with the same words."""
    if told is None:
        return None
    error: Exception
    if told["kind"] == SourceError.__name__:
        error = SourceError(told["text"], SourceFault(told["fault"]))
    elif told["kind"]:
        kind: type[SrferError] = getattr(errors, told["kind"])
        error = kind(told["text"])
    else:
        error = RuntimeError(f"{told['unexpected']} on a node: {told['text']}")
    error.add_note(f"On the node:\n{told['trace']}")
    return error
