"""Files that are either whole or not there."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from srfer.errors import TrainingError


def write_whole(path: Path, data: bytes) -> None:
    """Write under a temporary name, sync, rename; a kill leaves the old file or the new one.

    Raises:
        TrainingError: if the disk refuses; a file that was there before stays as it was.
    """
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):  # what it lies in may be a file
            part.unlink(missing_ok=True)
        reason = (error.strerror or type(error).__name__).lower()
        raise TrainingError(
            f"cannot write {path.name} in {path.parent} ({reason}): make room, or choose another "
            "folder"
        ) from None
