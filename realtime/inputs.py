"""Which footage the inputs of an export stand for: files, folders, patterns, lists."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

from srfer.errors import ConfigError, SourceError, SourceFault

from .footage import Footage
from .formats import FILE_NAMES, Format, output_paths
from .sinks.atomic import partial_path
from .sinks.crops import is_crop
from .sources import display_name, refuse_stream
from .sources.container import VIDEO_SUFFIXES
from .sources.pictures import DEFAULT_RATE, find_pictures, in_order, is_numbered, is_picture_name

Found = tuple[Footage, SourceError | None]
"""An input, or what stands for none with what to say of it."""


def expand(
    texts: Sequence[str | os.PathLike[str]],
    read_list: Callable[[], str] | None = None,
    *,
    keeps_patterns: bool = False,
) -> list[Path]:
    """Turn what was named into paths: lists are read, patterns are filled in.

    `@files.txt` stands for the paths in a file, one a line, and `-` for those on the standard
    input. `*`, `?`, `[...]` and `**` are filled in where no file has just that name; a pattern that
    fits nothing stays, and fails like a missing file.

    Args:
        texts: files, folders, patterns, lists.
        read_list: gives the text of the standard input, for `-`.
        keeps_patterns: patterns stay as they are, for `find_footage` to see what they hold.

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
        elif _is_pattern(text) and not keeps_patterns:
            paths += _fitting(text) or [Path(text)]
        else:
            paths.append(Path(text))
    return paths


def find_footage(
    inputs: Iterable[Path], *, is_recursive: bool, rate: Fraction | None = None
) -> list[Found]:
    """The videos that paths stand for, each once, in order.

    A folder stands for the videos in it by their names, apart from the results of exports; with a
    rate, also for its pictures as one video. A path such as `img_%04d.png` is the pictures whose
    names have a number there, as one video. With a rate so are the pictures in each folder that
    fit a pattern.

    Args:
        inputs: files, folders, patterns.
        is_recursive: look into the subfolders of folders.
        rate: pictures per second; None takes only numbered pictures as videos, 25 a second.

    Raises:
        ConfigError: if an input is the address of a stream, or a rate is given in vain.
    """
    inputs = list(inputs)
    _refuse_streams(inputs)
    found = _distinct(_found(inputs, is_recursive, rate))
    if rate is not None and not any(one.is_sequence or error for one, error in found):
        raise ConfigError(
            "--fps is the rate of pictures that make one video, and there are none: name their "
            "folder or a quoted pattern (videos have a rate of their own; --every takes fewer "
            "frames)"
        )
    return found


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


def _is_pattern(text: str) -> bool:
    return glob.has_magic(text) and not os.path.lexists(text)


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


def _found(inputs: Iterable[Path], is_recursive: bool, rate: Fraction | None) -> Iterator[Found]:
    for path in inputs:
        if is_folder(path):
            yield from _in_folder(path, is_recursive, rate)
        elif is_numbered(path.name) and not os.path.lexists(path):
            yield from _numbered(path, rate or DEFAULT_RATE)
        elif rate is not None and _is_pattern(str(path)):
            yield from _in_pattern(path, is_recursive, rate)
        elif rate is not None and is_picture_name(path):
            raise ConfigError(
                f"{display_name(path)}: is a single picture, and --fps makes one video of many; "
                f"name their folder or a quoted pattern such as '*{path.suffix}'"
            )
        else:
            yield Footage(path), None


def _in_folder(path: Path, is_recursive: bool, rate: Fraction | None) -> Iterator[Found]:
    try:
        videos = [Footage(video) for video in _videos(path, is_recursive)]
        sequences = _sequences(path, is_recursive, rate or DEFAULT_RATE)
    except OSError as error:
        trouble = f"cannot be listed ({error.strerror}); check its permissions"
        yield Footage(path), _input_error(path, SourceFault.MISSING, trouble)
        return
    wanted = videos if rate is None else videos + sequences
    yield from ((one, None) for one in wanted)
    if not wanted:
        count = sum(len(sequence.pictures) for sequence in sequences)
        if count:
            hint = f", but {count} pictures: --fps 25 takes those of a folder as one video"
        else:
            hint = "" if is_recursive else "; --recursive also looks in its subfolders"
        trouble = f"no video in this folder{hint}"
        yield Footage(path), _input_error(path, SourceFault.UNSUPPORTED, trouble)


def _numbered(pattern: Path, rate: Fraction) -> Iterator[Found]:
    """The numbered pictures of a folder, or of each folder that fits and has some."""
    folders = _fitting(str(pattern.parent)) if _is_pattern(str(pattern.parent)) else []
    sequences, first_error = [], None
    for folder in folders or [pattern.parent]:
        one = folder / pattern.name
        try:
            sequences.append(Footage(one, tuple(find_pictures(one)), rate))
        except SourceError as error:
            first_error = first_error or error
    yield from ((one, None) for one in sequences)
    if not sequences:
        yield Footage(pattern), first_error


def _in_pattern(pattern: Path, is_recursive: bool, rate: Fraction) -> Iterator[Found]:
    """What fits a pattern; of pictures, those in one folder are one video."""
    fitting = [path for path in _fitting(str(pattern)) if not is_crop(path)]
    by_folder: dict[Path, list[Path]] = {}
    others: list[Path] = []
    for path in fitting:
        is_one = is_picture_name(path) and path.is_file()
        (by_folder.setdefault(path.parent, []) if is_one else others).append(path)
    yield from _found(others, is_recursive, rate)
    for folder, pictures in by_folder.items():
        yield Footage(folder / pattern.name, tuple(in_order(pictures)), rate), None
    if not fitting:
        trouble = "no file has such a name; quote the pattern, so that the shell leaves it"
        yield Footage(pattern), _input_error(pattern, SourceFault.MISSING, trouble)


def _videos(folder: Path, is_recursive: bool) -> list[Path]:
    return [
        file
        for file in sorted(folder.rglob("*") if is_recursive else folder.iterdir())
        if file.suffix.lower() in VIDEO_SUFFIXES
        and not file.name.startswith(".")
        and file.is_file()
        and not _is_result(file)
    ]


def _sequences(folder: Path, is_recursive: bool, rate: Fraction) -> list[Footage]:
    """The pictures of a folder, and of each of its subfolders if those count."""
    deeper = sorted(path for path in folder.rglob("*") if path.is_dir()) if is_recursive else []
    found = []
    for one in (folder, *deeper):
        own = [
            path
            for path in one.iterdir()
            if is_picture_name(path) and path.is_file() and not is_crop(path)
        ]
        if own:
            found.append(Footage(one, tuple(in_order(own)), rate))
    return found


def _is_result(file: Path) -> bool:
    """True for an annotated video: by its partial name, or beside other results."""
    video = file.with_name(FILE_NAMES[Format.VIDEO])
    if file == partial_path(video):
        return True
    others = (path for path in output_paths(file.parent) if path != video)
    return file == video and any(path.exists() or partial_path(path).exists() for path in others)


def _input_error(path: Path, fault: SourceFault, trouble: str) -> SourceError:
    return SourceError(f"{display_name(path)}: {trouble}", fault)


def _distinct(found: Iterable[Found]) -> list[Found]:
    """The same file named twice, also through links, is done once: where it was named first."""
    first: dict[str, Found] = {}
    for one in found:
        first.setdefault(os.path.realpath(one[0].path), one)
    return list(first.values())
