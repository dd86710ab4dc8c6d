"""What an export leaves beside its outputs so that they can be traced, checked and resumed."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from srfer.errors import ConfigError, SourceError, SourceFault

from .footage import Footage
from .formats import MANIFEST_NAME, output_paths
from .sinks.atomic import write_text, writing
from .sources import display_name, translated_errors

Stamp = tuple[int, int, int, int]
"""Device, inode, size and time of last change of a file: what tells that it has changed."""


class Content:
    """The content of an input while it is exported: read once, and the same all the time.

    Args:
        footage: the input.

    Raises:
        SourceError: if one of its files cannot be looked at.
    """

    def __init__(self, footage: Footage) -> None:
        self._footage = footage
        self._stamps = [_stamp(path) for path in footage.files]
        self._facts: dict[str, Any] | None = None

    def facts(self) -> dict[str, Any]:
        """See `describe_input`.

        Raises:
            SourceError: if a file cannot be read, or is gone.
        """
        if self._facts is None:
            self._facts = describe_input(self._footage)
        return self._facts

    def subject(self, version: str, settings: Mapping[str, Any]) -> str:
        """What an export is of, and how it is done: the same for the same content.

        Raises:
            SourceError: as for `facts`.
        """
        facts = self.facts()
        return json.dumps([version, facts["sha256"], facts.get("fps"), dict(settings)])

    def require_unchanged(self) -> None:
        """Make sure that the files are what they were from the beginning.

        Raises:
            SourceError: if one is gone, or has changed.
        """
        for path, before in zip(self._footage.files, self._stamps, strict=True):
            with _translated_loss(path):
                now = _stamp(path)
            if now != before:
                raise SourceError(
                    f"{display_name(path)}: changed while it was read; export it again when it is "
                    "complete",
                    SourceFault.CORRUPT,
                )


def describe_input(footage: Footage) -> dict[str, Any]:
    """Name, size in bytes, time of last change and sha256 of an input.

    Of pictures also their rate and names, in order. Their sha256 is that of a list as `sha256sum`
    writes it: a line with the sha256 and the name of each.

    Raises:
        SourceError: if a file cannot be read, or is gone.
    """
    digests, statuses = [], []
    for path in footage.files:
        digest, status = _read_through(path)
        digests.append(digest)
        statuses.append(status)
    changed = datetime.fromtimestamp(max(status.st_mtime for status in statuses), UTC)
    facts: dict[str, Any] = {
        "name": display_name(footage.path),
        "bytes": sum(status.st_size for status in statuses),
        "modified": changed.isoformat(timespec="seconds"),
        "sha256": digests[0],
    }
    if footage.is_sequence:
        names = [display_name(path) for path in footage.pictures]
        lines = "".join(f"{one}  {name}\n" for one, name in zip(digests, names, strict=True))
        facts["sha256"] = hashlib.sha256(lines.encode()).hexdigest()
        facts |= {"fps": str(footage.rate), "pictures": names}
    return facts


def _stamp(path: Path) -> Stamp:
    with translated_errors(path, "cannot be read"):
        status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _read_through(path: Path) -> tuple[str, os.stat_result]:
    """The sha256 of a file, and what it was while it was read."""
    with (
        _translated_loss(path),
        translated_errors(path, "cannot be read"),
        path.open("rb") as file,
    ):
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return digest, os.fstat(file.fileno())


@contextmanager
def _translated_loss(path: Path) -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        if error.fault is not SourceFault.MISSING:
            raise
        raise SourceError(
            f"{display_name(path)}: was deleted or renamed during the export; its results are "
            f"complete but for {MANIFEST_NAME}",
            SourceFault.MISSING,
        ) from None


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
    source: Footage, folder: Path, *, version: str, settings: Mapping[str, Any], is_forced: bool
) -> dict[str, Any] | None:
    """The manifest of a finished export of an input, if it is just the export that is wanted.

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
        facts = describe_input(source)
    except SourceError:
        return None  # the export will say what is wrong with it
    differing = _difference(manifest, facts, version, settings)
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
    manifest: Mapping[str, Any],
    facts: Mapping[str, Any],
    version: str,
    settings: Mapping[str, Any],
) -> str | None:
    """In which way a manifest is about something else, in words, or None."""
    known = manifest.get("input")
    if not isinstance(known, dict) or known.get("sha256") != facts["sha256"]:
        return "another file" if "fps" not in facts else "other pictures"
    if known.get("fps") != facts.get("fps"):
        return "another rate of pictures"
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
