"""Which inputs are exported where: everything that can be refused before work begins."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from srfer.errors import ConfigError

from .sources import display_name
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
    """One input and the folder for its outputs."""

    input: Path
    folder: Path


def plan(
    inputs: Sequence[Path], out: Path, *, is_recursive: bool = False, is_forced: bool = False
) -> list[Job]:
    """List what is to be done, in order, and make sure that it can be written.

    Each input gets the folder `out/<its name without suffix>`; a name that is taken gets a number.
    A folder stands for the videos in it. An input that cannot be read is no error yet.

    Raises:
        ConfigError: if there is nothing to do, or `out` cannot be used.
    """
    if not inputs:
        raise ConfigError("nothing to export: name a video or a folder of videos")
    if out.exists() and not out.is_dir():
        raise ConfigError(f"{display_name(out)}: is a file; choose a folder for the results")
    videos = _distinct(_videos(inputs, out, is_recursive))
    jobs = list(_with_folders(videos, out))
    _require_apart([*inputs, *videos], [out, *(job.folder for job in jobs)])
    if not is_forced:
        for job in jobs:
            _require_fresh(job.folder)
    _require_writable(out)
    _require_room(videos, out)
    return jobs


def _videos(inputs: Iterable[Path], out: Path, is_recursive: bool) -> Iterator[Path]:
    for path in inputs:
        if not path.is_dir():
            yield path
            continue
        try:
            found = sorted(path.rglob("*") if is_recursive else path.iterdir())
        except OSError as error:
            raise ConfigError(
                f"{display_name(path)}: cannot be listed ({error.strerror})"
            ) from None
        videos = [
            file
            for file in found
            if file.suffix.lower() in VIDEO_SUFFIXES
            and not file.name.startswith(".")
            and file.is_file()
            and not file.resolve().is_relative_to(out.resolve())
        ]
        if not videos:
            hint = "" if is_recursive else "; --recursive also looks in its subfolders"
            raise ConfigError(f"{display_name(path)}: no video in this folder{hint}")
        yield from videos


def _distinct(paths: Iterable[Path]) -> list[Path]:
    """The same file named twice, also through links, is done once."""
    return list({path.resolve(): path for path in reversed(list(paths))}.values())[::-1]


def _with_folders(videos: Iterable[Path], out: Path) -> Iterator[Job]:
    taken: set[str] = set()
    for video in videos:
        stem = display_name(video.with_name(video.stem))[:_MAX_STEM]
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        yield Job(video, out / name)


def _require_apart(inputs: Iterable[Path], folders: Iterable[Path]) -> None:
    """Refuse to write where the inputs lie: results and originals would get mixed up."""
    targets = [(folder, folder.resolve()) for folder in folders]
    for path in inputs:
        original = path.resolve()
        for folder, target in targets:
            if original.is_relative_to(target):
                raise ConfigError(
                    f"{display_name(folder)}: holds the input {display_name(path)}; "
                    "choose another folder for the results"
                )


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
    need = _ROOM_FACTOR * sum(video.stat().st_size for video in videos if video.is_file())
    free = shutil.disk_usage(out).free
    if need > free:
        raise ConfigError(
            f"{display_name(out)}: about {need / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB "
            "are free; free some space or choose another disk"
        )
