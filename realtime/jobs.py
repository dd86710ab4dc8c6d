"""Which inputs are exported where: everything that can be refused before work begins."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from srfer.errors import ConfigError, SourceError

from .footage import Footage
from .formats import output_paths
from .inputs import Found, find_footage, is_folder, path_status
from .sources import display_name, printable

_ROOM_FACTOR = 1.2
_MAX_STEM = 100
_OPEN = re.compile(r"%0?\d*d|[*?]|\[[^]]*\]")
"""What a pattern leaves open."""

FindFinished = Callable[[Footage, Path], Mapping[str, Any] | None]
"""From an input and its folder to the manifest of a finished export of just that, or None."""


@dataclass(frozen=True, slots=True)
class Job:
    """One input and the folder for its outputs.

    Attributes:
        footage: what is analysed; a folder in which there is nothing of that kind.
        folder: where its outputs go.
        error: why there is nothing to export, or None.
        finished: manifest of an earlier export that need not be repeated, or None.
    """

    footage: Footage
    folder: Path
    error: SourceError | None = None
    finished: Mapping[str, Any] | None = None

    @property
    def input(self) -> Path:
        """What the footage is called."""
        return self.footage.path


def plan(
    inputs: Sequence[Path],
    out: Path,
    *,
    is_recursive: bool = False,
    rate: Fraction | None = None,
    is_forced: bool = False,
    has_video: bool = True,
    find_finished: FindFinished | None = None,
) -> list[Job]:
    """List what is to be done, in order, and make sure that it can be written.

    Each input gets the folder `out/<its name without suffix>`; a name that is taken gets a number.
    A folder stands for the videos in it. An input that cannot be read does not stop the others.

    Args:
        inputs: files and folders.
        out: folder for the results.
        is_recursive: look into the subfolders of folders.
        rate: takes pictures as videos, so many pictures per second; see `find_footage`.
        is_forced: replace earlier results.
        has_video: annotated videos are to be written.
        find_finished: looks for finished results, to resume a batch; None: there must be none.

    Raises:
        ConfigError: if there is nothing to do, or `out` cannot be used.
    """
    if not inputs:
        raise ConfigError("nothing to export: name a video or a folder of videos")
    found = find_footage(inputs, is_recursive=is_recursive, rate=rate)
    if path_status(out) is not None and not is_folder(out):
        raise ConfigError(f"{display_name(out)}: is a file; choose a folder for the results")
    jobs = list(_with_folders(found, out))
    _require_apart(inputs, out, jobs)
    if find_finished is not None:
        jobs = [replace(job, finished=find_finished(job.footage, job.folder)) for job in jobs]
    elif not is_forced:
        for job in jobs:
            _require_fresh(job.folder)
    _require_writable(out)
    if has_video:
        _require_room([job.footage for job in jobs if job.finished is None], out)
    return jobs


def _with_folders(found: Iterable[Found], out: Path) -> Iterator[Job]:
    taken: set[str] = set()
    for footage, error in found:
        stem = _folder_name(footage)
        name, number = stem, 1
        while name.casefold() in taken or _is_taken(out / name):
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        yield Job(footage, out / name, error)


def _folder_name(footage: Footage) -> str:
    """The name without its suffix, printable; never "..", as "...mp4" would give.

    Of a pattern, what is not left open, as "img" of "img_%04d.png", or the folder's name.
    """
    path = footage.path
    stem = path.stem
    if footage.is_sequence:
        is_whole = is_folder(path)
        words = "" if is_whole else _OPEN.sub("", stem).strip(" ._-")
        stem = words or (path if is_whole else path.parent).absolute().name
    stem = printable(stem)[:_MAX_STEM]
    return stem if stem.strip(" .") else f"_{stem}"


def _is_taken(path: Path) -> bool:
    """True if the name belongs to something that is no folder."""
    return os.path.lexists(path) and not is_folder(path)


def _require_apart(inputs: Iterable[Path], out: Path, jobs: Iterable[Job]) -> None:
    """Refuse to mix results with originals, or to have results taken for originals later.

    Folders are compared by what they are, not by name, so links and upper case make no difference.
    """
    for path in inputs:
        if is_folder(path) and _identity(path) == _identity(out):
            raise ConfigError(
                f"{display_name(out)}: is an input as well; choose another folder for the results"
            )
    folders = {_identity(job.folder): job.folder for job in jobs if is_folder(job.folder)}
    for path in [*inputs, *(job.input for job in jobs)]:
        original = Path(os.path.realpath(path))
        for place in (original, *original.parents):
            if (folder := folders.get(_identity(place))) is not None:
                raise ConfigError(
                    f"{display_name(folder)}: holds the input {display_name(path)}; "
                    "choose another folder for the results"
                )


def _identity(path: Path) -> tuple[int, int] | None:
    """The same for all names of a file or folder; None if there is none."""
    status = path_status(path)
    return None if status is None else (status.st_dev, status.st_ino)


def _require_fresh(folder: Path) -> None:
    for path in output_paths(folder):
        if os.path.lexists(path):
            raise ConfigError(
                f"{display_name(folder)}/{path.name} exists already; continue with --resume, "
                "replace it with --force or choose another folder"
            )


def _require_writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigError(
            f"{display_name(out)}: cannot be written to ({reason}); choose another folder"
        ) from None


def _require_room(inputs: Iterable[Footage], out: Path) -> None:
    """An annotated video takes about as much room as its source; of pictures, it takes less."""
    files = (footage.path for footage in inputs if not footage.is_sequence)
    need = _ROOM_FACTOR * sum(status.st_size for path in files if (status := path_status(path)))
    free = shutil.disk_usage(out).free
    if need > free:
        raise ConfigError(
            f"{display_name(out)}: about {need / 1e6:.1f} MB are needed and {free / 1e6:.1f} MB "
            "are free; free some space, choose another disk, or leave the video out (--no-video)"
        )
