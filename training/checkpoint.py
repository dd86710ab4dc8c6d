"""Checkpoints that survive a kill at any moment and hold no code."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from .files import write_whole

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
    buffer = BytesIO()
    torch.save(dict(state), buffer)
    write_whole(path, buffer.getvalue())
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
