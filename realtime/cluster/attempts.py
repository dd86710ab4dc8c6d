"""Folders of attempts: a node writes into one of its own, and this machine alone publishes.

A node that was thought lost may still be at work while another has begun the same input again. As
each attempt has a folder of its own, the two never write to the same file; the one that is told of
first is published, and whatever else is left is removed.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import uuid
from collections.abc import Iterable
from pathlib import Path

from ..formats import output_paths
from ..outputs import clear_outputs
from ..sinks.atomic import partial_path, sync, writing

_NAME = re.compile(r"(\.srfer-attempt-[0-9a-f]{16})-[0-9a-f]{32}")


def new_attempt(folder: Path) -> Path:
    """A folder for an attempt, not made yet: beside the final one, so that links stay right."""
    return folder.with_name(f"{_stem(folder)}-{uuid.uuid4().hex}")


def publish(attempt: Path, folder: Path) -> None:
    """Move what an attempt has made to where it belongs, the manifest last.

    Of an attempt that failed before it began, there is nothing, and what was there before stays.

    Raises:
        ExportError: if it cannot be moved, or something in the way cannot be removed.
    """
    if not attempt.is_dir():
        return
    clear_outputs(folder)
    with writing(folder):
        for path in output_paths(folder):
            for name in (partial_path(path).name, path.name):
                if (attempt / name).exists():
                    shutil.move(attempt / name, folder / name)
        sync(folder)
    shutil.rmtree(attempt, ignore_errors=True)


def sweep(out: Path, folders: Iterable[Path]) -> None:
    """Remove what attempts at these folders have left in `out` and was never published."""
    stems = {_stem(folder) for folder in folders}
    for path in out.iterdir():
        match = _NAME.fullmatch(path.name)
        if match is not None and match[1] in stems:
            shutil.rmtree(path, ignore_errors=True)


def _stem(folder: Path) -> str:
    return f".srfer-attempt-{hashlib.sha256(folder.name.encode()).hexdigest()[:16]}"
