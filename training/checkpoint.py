"""Checkpoints that survive a kill at any moment and hold no code."""

from __future__ import annotations

import logging
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from srfer.errors import TrainingError

KEPT = 2
_log = logging.getLogger(__name__)


def _path(folder: Path, step: int) -> Path:
    return folder / f"checkpoint-{step:08d}.pt"


def save_checkpoint(folder: Path, step: int, state: Mapping[str, Any]) -> Path:
    """Write tensors and plain values under a temporary name, then rename; keep the last two.

    Raises:
        TrainingError: if the disk refuses; earlier checkpoints stay as they were.
    """
    path = _path(folder, step)
    part = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, RuntimeError) as error:  # torch turns a full disk into RuntimeError
        part.unlink(missing_ok=True)
        raise TrainingError(f"cannot save {path.name}: {error}") from error
    for old in sorted(folder.glob("checkpoint-*.pt"))[:-KEPT]:
        old.unlink()
    return path


def load_newest_checkpoint(folder: Path) -> dict[str, Any] | None:
    """Read the newest checkpoint that is whole; None if there is none.

    A damaged one is passed over with a warning. Nothing is unpickled beyond tensors and plain
    values.
    """
    for path in sorted(folder.glob("checkpoint-*.pt"), reverse=True):
        try:
            state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        except (
            RuntimeError,
            OSError,
            EOFError,
            pickle.UnpicklingError,
            ValueError,
            KeyError,
        ) as error:
            _log.warning("%s is damaged (%s); falling back to the one before", path.name, error)
            continue
        return state
    return None
