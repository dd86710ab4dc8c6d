"""What an export leaves beside its outputs so that they can be traced, checked and resumed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from srfer.errors import ConfigError, SourceError, SourceFault

from .formats import MANIFEST_NAME, output_paths
from .sinks.atomic import write_text, writing
from .sources import display_name, translated_errors

Stamp = tuple[int, int, int, int]
"""Device, inode, size and time of last change of a file: what tells that it has changed."""


def stamp(path: Path) -> Stamp:
    """What a file is now.

    Raises:
        SourceError: if it cannot be looked at.
    """
    with translated_errors(path, "cannot be read"):
        status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def describe_input(path: Path, since: Stamp | None = None) -> dict[str, Any]:
    """Name, size in bytes, time of last change and sha256 of a file.

    Args:
        path: the file.
        since: what it was when it was opened, to make sure that it still is.

    Raises:
        SourceError: if it cannot be read, is gone, or has changed.
    """
    try:
        with translated_errors(path, "cannot be read"), path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            status = os.fstat(file.fileno())
    except SourceError as error:
        if error.fault is not SourceFault.MISSING:
            raise
        raise SourceError(
            f"{display_name(path)}: was deleted or renamed during the export; its results are "
            f"complete but for {MANIFEST_NAME}",
            SourceFault.MISSING,
        ) from None
    if since is not None and since != stamp(path):
        raise SourceError(
            f"{display_name(path)}: changed while it was read; export it again when it is complete",
            SourceFault.CORRUPT,
        )
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
    facts = {
        "srfer": version,
        "input": dict(input_facts),
        "settings": dict(settings),
        "result": dict(result),
        "outputs_bytes": _output_sizes(path.parent),
    }
    write_text(path, json.dumps(facts, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest in a folder of results; None if there is none that can be read."""
    try:
        found = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def finished_manifest(
    source: Path, folder: Path, *, version: str, settings: Mapping[str, Any], is_forced: bool
) -> dict[str, Any] | None:
    """The manifest of a finished export of a file, if it is just the export that is wanted.

    That is: same content, same settings, same version, and all outputs as they were left.

    Args:
        source: the input.
        folder: of its results.
        version: of srfer.
        settings: as they would be written now.
        is_forced: results of something else may be replaced.

    Raises:
        ConfigError: if the folder has finished results of something else.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        return None
    try:
        sha256 = describe_input(source)["sha256"]
    except SourceError:
        return None  # the export will say what is wrong with it
    differing = _difference(manifest, sha256, version, settings)
    if differing is None:
        is_whole = manifest.get("outputs_bytes") == _output_sizes(folder)
        return manifest if is_whole else None
    if is_forced:
        return None
    raise ConfigError(
        f"{display_name(folder)}: holds results of {differing}; replace them with --force or "
        "choose another folder"
    )


def _difference(
    manifest: Mapping[str, Any], sha256: str, version: str, settings: Mapping[str, Any]
) -> str | None:
    """In which way a manifest is about something else, in words, or None."""
    known = manifest.get("input")
    if not isinstance(known, dict) or known.get("sha256") != sha256:
        return "another file"
    if manifest.get("srfer") != version:
        return f"version {manifest.get('srfer')}"
    if manifest.get("settings") != json.loads(json.dumps(settings)):
        return "other settings"
    return None


def _output_sizes(folder: Path) -> dict[str, int]:
    """Size in bytes of every output in a folder but the manifest, folders as a whole."""
    with writing(folder / MANIFEST_NAME):
        return {
            path.name: sum(file.stat().st_size for file in _files(path))
            for path in sorted(output_paths(folder)[:-1])
            if path.exists()
        }


def _files(path: Path) -> list[Path]:
    return [file for file in path.rglob("*") if file.is_file()] if path.is_dir() else [path]
