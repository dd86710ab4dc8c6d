"""Which files the inputs of an export stand for: files, folders, patterns, lists."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from srfer.errors import ConfigError, SourceError, SourceFault

from .formats import FILE_NAMES, Format, output_paths
from .sinks.atomic import partial_path
from .sources import display_name, refuse_stream
from .sources.container import VIDEO_SUFFIXES

Found = tuple[Path, SourceError | None]
"""A file, or what stands for none with what to say of it."""


def expand(
    texts: Sequence[str | os.PathLike[str]], read_list: Callable[[], str] | None = None
) -> list[Path]:
    """Turn what was named into paths: lists are read, patterns are filled in.

    `@files.txt` stands for the paths in a file, one a line, and `-` for those on the standard
    input. `*`, `?`, `[...]` and `**` are filled in where no file has just that name; a pattern that
    fits nothing stays, and fails like a missing file.

    Args:
        texts: files, folders, patterns, lists.
        read_list: gives the text of the standard input, for `-`.

    Raises:
        ConfigError: if a list cannot be read, or a name is empty.
    """
    paths: list[Path] = []
    for text in (os.fspath(one) for one in texts):
        if not text:  # of a variable that is not set, say; as a path it would be this folder
            raise ConfigError("an input is empty: name a video or a folder of videos")
        if text == "-" and read_list is not None:
            paths += _lines(read_list())
        elif text.startswith("@") and not os.path.lexists(text):
            paths += _lines(_read(Path(text[1:])))
        elif glob.has_magic(text) and not os.path.lexists(text):
            paths += _fitting(text) or [Path(text)]
        else:
            paths.append(Path(text))
    return paths


def find_videos(inputs: Iterable[Path], *, is_recursive: bool) -> list[Found]:
    """The videos that paths stand for, each once, in order.

    A folder stands for the videos in it by their names, apart from the results of exports.

    Raises:
        ConfigError: if an input is the address of a stream.
    """
    inputs = list(inputs)
    _refuse_streams(inputs)
    return _distinct(_found(inputs, is_recursive))


def is_folder(path: Path) -> bool:
    """True for a folder, also through links."""
    status = path_status(path)
    return status is not None and stat.S_ISDIR(status.st_mode)


def path_status(path: Path) -> os.stat_result | None:
    """None also where the system refuses to look, as for a name that is too long."""
    try:
        return path.stat()
    except (OSError, ValueError):
        return None


def _fitting(pattern: str) -> list[Path]:
    names = glob.glob(pattern, recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    return [Path(name) for name in sorted(names)]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        raise ConfigError(
            f"@{display_name(path)}: the list cannot be read ({reason}); check the path"
        ) from None


def _lines(text: str) -> list[Path]:
    return [Path(line) for line in text.splitlines() if line.strip()]


def _refuse_streams(inputs: Iterable[Path]) -> None:
    try:
        for path in inputs:
            refuse_stream(str(path))
    except SourceError as error:
        raise ConfigError(str(error)) from None


def _found(inputs: Iterable[Path], is_recursive: bool) -> Iterator[Found]:
    for path in inputs:
        if not is_folder(path):
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
    return [
        file
        for file in sorted(folder.rglob("*") if is_recursive else folder.iterdir())
        if file.suffix.lower() in VIDEO_SUFFIXES
        and not file.name.startswith(".")
        and file.is_file()
        and not _is_result(file)
    ]


def _is_result(file: Path) -> bool:
    """True for an annotated video: by its partial name, or beside other results."""
    video = file.with_name(FILE_NAMES[Format.VIDEO])
    if file == partial_path(video):
        return True
    others = (path for path in output_paths(file.parent) if path != video)
    return file == video and any(path.exists() or partial_path(path).exists() for path in others)


def _folder_error(path: Path, fault: SourceFault, trouble: str) -> SourceError:
    return SourceError(f"{display_name(path)}: {trouble}", fault)


def _distinct(found: Iterable[Found]) -> list[Found]:
    """The same file named twice, also through links, is done once: where it was named first."""
    first: dict[str, Found] = {}
    for one in found:
        first.setdefault(os.path.realpath(one[0]), one)
    return list(first.values())
