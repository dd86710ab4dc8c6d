"""What an export leaves beside its outputs so that they can be traced and checked."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from srfer.errors import SourceError, SourceFault

from .jobs import OUTPUT_NAMES
from .sinks.atomic import write_text, writing
from .sources import display_name, translated_errors


def describe_input(path: Path) -> dict[str, Any]:
    """Name, size in bytes, time of last change and sha256 of a file.

    Raises:
        SourceError: if it cannot be read, or is gone.
    """
    try:
        with translated_errors(path, "cannot be read"), path.open("rb") as file:
            status = os.fstat(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except SourceError as error:
        if error.fault is not SourceFault.MISSING:
            raise
        raise SourceError(
            f"{display_name(path)}: was deleted or renamed during the export; its results are "
            "complete but for manifest.json",
            SourceFault.MISSING,
        ) from None
    changed = datetime.fromtimestamp(status.st_mtime, UTC)
    return {
        "name": display_name(path),
        "bytes": status.st_size,
        "modified": changed.isoformat(timespec="seconds"),
        "sha256": digest,
    }


def write_manifest(
    path: Path,
    *,
    version: str,
    input_facts: Mapping[str, Any],
    settings: Mapping[str, Any],
    result: Mapping[str, Any],
) -> None:
    """Write the manifest, the last file of an export: if it is there, the others are complete.

    Args:
        path: of the manifest; the outputs lie beside it.
        version: of srfer.
        input_facts: from `describe_input`.
        settings: model, detector and options that were used.
        result: what came of it.

    Raises:
        ExportError: if it cannot be written.
    """
    outputs = [path.with_name(name) for name in sorted(OUTPUT_NAMES) if name != path.name]
    with writing(path):
        sizes = {file.name: file.stat().st_size for file in outputs if file.exists()}
    facts = {
        "srfer": version,
        "input": dict(input_facts),
        "settings": dict(settings),
        "result": dict(result),
        "outputs_bytes": sizes,
    }
    write_text(path, json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
