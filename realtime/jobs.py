"""Which inputs are exported where: everything that can be refused before work begins."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from srfer.errors import ConfigError, SourceError, SourceFault

from .sinks.atomic import partial_path
from .sources import display_name, printable, refuse_stream
from .sources.container import VIDEO_SUFFIXES

VIDEO_NAME = "annotated.mp4"
JSONL_NAME = "frames.jsonl"
TABLE_NAME = "frames.csv"
MANIFEST_NAME = "manifest.json"
OUTPUT_NAMES = (VIDEO_NAME, JSONL_NAME, TABLE_NAME, MANIFEST_NAME)

_ROOM_FACTOR = 1.2
_MAX_STEM = 100


@dataclass(frozen=True, slots=True)
class Job:
    """One input and the folder for its outputs.

    Attributes:
        input: a file, or a folder in which no video was found.
        folder: where its outputs go.
        error: why there is nothing to export, or None.
    """

    input: Path
    folder: Path
    error: SourceError | None = None


def plan(
    inputs: Sequence[Path],
    out: Path,
    *,
    is_recursive: bool = False,
    is_forced: bool = False,
    has_video: bool = True,
) -> list[Job]:
    """List what is to be done, in order, and make sure that it can be written.

    Each input gets the folder `out/<its name without suffix>`; a name that is taken gets a number.
    A folder stands for the videos in it. An input that cannot be read does not stop the others.

    Raises:
        ConfigError: if there is nothing to do, or `out` cannot be used.
    """
    if not inputs:
        raise ConfigError("nothing to export: name a video or a folder of videos")
    _refuse_streams(inputs)
    if _status(out) is not None and not _is_folder(out):
        raise ConfigError(f"{display_name(out)}: is a file; choose a folder for the results")
    jobs = list(_with_folders(_distinct(_found(inputs, is_recursive)), out))
    _require_apart(inputs, out, jobs)
    if not is_forced:
        for job in jobs:
            _require_fresh(job.folder)
    _require_writable(out)
    if has_video:
        _require_room([job.input for job in jobs], out)
    return jobs


def _refuse_streams(inputs: Iterable[Path]) -> None:
    try:
        for path in inputs:
            refuse_stream(str(path))
    except SourceError as error:
        raise ConfigError(str(error)) from None


_Found = tuple[Path, SourceError | None]


def _found(inputs: Iterable[Path], is_recursive: bool) -> Iterator[_Found]:
    """The videos that the inputs stand for, and folders without any with what to say of them."""
    for path in inputs:
        if not _is_folder(path):
            yield path, None
            continue
        try:
            videos = _videos(path, is_recursive)
        except OSError as error:
            trouble = f"cannot be listed ({error.strerror}); check its permissions"
            yield path, _folder_error(path, SourceFault.MISSING, trouble)
            continue
        yield from ((video, None) for video in videos)
        if not videos:
            hint = "" if is_recursive else "; --recursive also looks in its subfolders"
            trouble = f"no video in this folder{hint}"
            yield path, _folder_error(path, SourceFault.UNSUPPORTED, trouble)


def _videos(folder: Path, is_recursive: bool) -> list[Path]:
    """The videos in a folder by their names, apart from the results of exports."""
    return [
        file
        for file in sorted(folder.rglob("*") if is_recursive else folder.iterdir())
        if file.suffix.lower() in VIDEO_SUFFIXES
        and not file.name.startswith(".")
        and file.is_file()
        and not _is_result(file)
    ]


def _is_result(file: Path) -> bool:
    """True for an annotated video, which lies beside its frames."""
    video, frames = Path(VIDEO_NAME), file.with_name(JSONL_NAME)
    return file.name in (video.name, partial_path(video).name) and (
        frames.exists() or partial_path(frames).exists()
    )


def _folder_error(path: Path, fault: SourceFault, trouble: str) -> SourceError:
    return SourceError(f"{display_name(path)}: {trouble}", fault)


def _distinct(found: Iterable[_Found]) -> list[_Found]:
    """The same file named twice, also through links, is done once."""
    return list({os.path.realpath(one[0]): one for one in reversed(list(found))}.values())[::-1]


def _with_folders(found: Iterable[_Found], out: Path) -> Iterator[Job]:
    taken: set[str] = set()
    for path, error in found:
        stem = _folder_name(path)
        name, number = stem, 1
        while name.casefold() in taken or _is_taken(out / name):
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        yield Job(path, out / name, error)


def _folder_name(path: Path) -> str:
    """The name without its suffix, printable; never "..", as "...mp4" would give."""
    stem = printable(path.stem)[:_MAX_STEM]
    return stem if stem.strip(" .") else f"_{stem}"


def _is_taken(path: Path) -> bool:
    """True if the name belongs to something that is no folder."""
    return os.path.lexists(path) and not _is_folder(path)


def _require_apart(inputs: Iterable[Path], out: Path, jobs: Iterable[Job]) -> None:
    """Refuse to mix results with originals, or to have results taken for originals later.

    Folders are compared by what they are, not by name, so links and upper case make no difference.
    """
    for path in inputs:
        if _is_folder(path) and _identity(path) == _identity(out):
            raise ConfigError(
                f"{display_name(out)}: is an input as well; choose another folder for the results"
            )
    folders = {_identity(job.folder): job.folder for job in jobs if _is_folder(job.folder)}
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
    status = _status(path)
    return None if status is None else (status.st_dev, status.st_ino)


def _is_folder(path: Path) -> bool:
    status = _status(path)
    return status is not None and stat.S_ISDIR(status.st_mode)


def _status(path: Path) -> os.stat_result | None:
    """None also where the system refuses to look, as for a name that is too long."""
    try:
        return path.stat()
    except (OSError, ValueError):
        return None


def _require_fresh(folder: Path) -> None:
    for name in OUTPUT_NAMES:
        if os.path.lexists(folder / name):
            raise ConfigError(
                f"{display_name(folder)}/{name} exists already; "
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


def _require_room(videos: Iterable[Path], out: Path) -> None:
    """An annotated video takes about as much room as its source."""
    need = _ROOM_FACTOR * sum(status.st_size for video in videos if (status := _status(video)))
    free = shutil.disk_usage(out).free
    if need > free:
        raise ConfigError(
            f"{display_name(out)}: about {need / 1e6:.1f} MB are needed and {free / 1e6:.1f} MB "
            "are free; free some space, choose another disk, or leave the video out (--no-video)"
        )
