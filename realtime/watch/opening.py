"""From what was named on the command line to streams with names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from srfer.errors import ConfigError

from ..sources import VideoFile, display_name, open_source, printable
from ..sources.pacing import Paced
from ..stage import Source
from ..streams import Stream

T = TypeVar("T")


def choose(
    texts: Sequence[str],
    names: Sequence[str] = (),
    priorities: Sequence[int] = (),
    max_fps: Sequence[float] = (),
    *,
    is_realtime: bool = True,
) -> tuple[Stream, ...]:
    """Make streams of what texts name.

    Args:
        texts: what `open_source` takes.
        names: one for each, or none: then the file's name, or what the source calls itself.
        priorities: one for each, one for all, or none: all the same.
        max_fps: frames a second to analyse at most: one for each, one for all, or none: all.
        is_realtime: True lets files play as a camera would deliver them.

    Raises:
        ConfigError: if the numbers do not match, a source is none that can be read, or live ones
            are to be analysed without loss.
    """
    count = len(texts)
    if names and len(names) != count:
        raise ConfigError(f"--name is given {len(names)} times for {count} sources")
    if not all(name.strip() for name in names):
        raise ConfigError("--name must not be empty")
    priorities = _for_each("--priority", priorities, count, 0)
    budgets = _for_each("--max-fps", max_fps, count, None)
    taken: set[str] = set()
    streams: list[Stream] = []
    for place, text in enumerate(texts):
        named = printable(names[place]) if names else ""
        source = open_source(text)
        name = _free(named or _own_name(source, place), taken)
        is_file = isinstance(source, VideoFile)
        if not (is_file or is_realtime):
            raise ConfigError(f"{name}: --fast is for files, a live source has its own pace")
        if is_file and is_realtime:
            source = Paced(source)
        streams.append(Stream(name, source, (), priorities[place], budgets[place]))
    return tuple(streams)


def _for_each(option: str, values: Sequence[T], count: int, default: T) -> Sequence[T]:
    if len(values) in (0, 1):
        return [*values, default][:1] * count
    if len(values) != count:
        raise ConfigError(f"{option} is given {len(values)} times for {count} sources")
    return values


def _own_name(source: Source, place: int) -> str:
    """What may be shown of a source; never what it was named with, which may hold a password."""
    if isinstance(source, VideoFile):
        return display_name(source.path)
    try:
        return source.info.source_id
    except RuntimeError:  # it will only know when it is open
        return f"source-{place + 1}"


def _free(name: str, taken: set[str]) -> str:
    """`name`, with a number behind it where it is taken."""
    free, number = name, 1
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free)
    return free
