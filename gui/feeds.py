"""From what a person chose to a source: the one place that knows the kinds of sources."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlsplit

from srfer.errors import ConfigError
from srfer.realtime import Policy
from srfer.realtime.sources import display_name, open_source, printable
from srfer.realtime.stage import Source


class Kind(StrEnum):
    """What a person can choose."""

    FILE = "file"
    WEBCAM = "webcam"
    STREAM = "stream"
    SCREEN = "screen"
    SYNTHETIC = "synthetic"


_PREFIXES = {f"{kind}:": kind for kind in (Kind.WEBCAM, Kind.SCREEN, Kind.SYNTHETIC)}
_HOMES = {
    Kind.WEBCAM: ("webcam", "list_webcams"),
    Kind.STREAM: ("stream", "open_stream"),
    Kind.SCREEN: ("screen", "ScreenSource"),
    Kind.SYNTHETIC: ("synthetic", "SyntheticSource"),
}
PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")


@dataclass(frozen=True, slots=True)
class Choice:
    """A source that was chosen, and is not open yet.

    Attributes:
        kind: of source.
        title: what is shown and kept; never holds a password.
        address: what `open_source` takes. That of a stream may hold a password, so it is in no
            `repr` and is never stored.
    """

    kind: Kind
    title: str
    address: str = field(repr=False)

    @property
    def stored(self) -> str:
        """What may be kept to choose the source again: a stream's address has no password."""
        return self.title if self.kind is Kind.STREAM else self.address


def choose(text: str) -> Choice:
    """What a text stands for: the path of a file, an address, `webcam:0`, `screen:...`.

    Raises:
        ConfigError: if there is nothing in it.
    """
    text = text.strip()
    if not text:
        raise ConfigError("no source was named; give a file, an address, or webcam:0")
    for prefix, kind in _PREFIXES.items():
        if text.startswith(prefix):
            return Choice(kind, printable(text), text)
    if _ADDRESS.match(text) and not os.path.lexists(text):
        return Choice(Kind.STREAM, masked(text), text)
    path = Path(text).expanduser()
    return Choice(Kind.FILE, display_name(path), str(path.absolute()))


def masked(address: str) -> str:
    """An address without user, password and query: scheme, host, port and path."""
    try:
        parts = urlsplit(address)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return f"{address.partition(':')[0]}://..."
    host = parts.hostname or "..."
    if ":" in host:
        host = f"[{host}]"
    return printable(f"{parts.scheme}://{host}{port}{parts.path}")


@runtime_checkable
class Playable(Protocol):
    """A source that can be moved about in, as files can; any thread may give the orders."""

    speed: float
    """1 is the file's own speed."""

    @property
    def position_s(self) -> Fraction:
        """Where it is, in seconds after the first frame."""
        ...

    @property
    def duration_s(self) -> Fraction | None:
        """Length in seconds, or None if unknown."""
        ...

    @property
    def is_paused(self) -> bool:
        """True between `pause` and `resume`."""
        ...

    def pause(self) -> None:
        """Stay at this frame."""
        ...

    def resume(self) -> None:
        """Go on."""
        ...

    def seek(self, position_s: float) -> None:
        """Go to the frame that is on show at this time."""
        ...


@dataclass(frozen=True, slots=True)
class Feed:
    """A source ready to run.

    Attributes:
        choice: what it came from.
        source: not entered yet.
        policy: live sources drop frames that come too fast.
    """

    choice: Choice
    source: Source
    policy: Policy

    @property
    def player(self) -> Playable | None:
        """The source's controls, if it has any."""
        return self.source if isinstance(self.source, Playable) else None


def supports(kind: Kind) -> bool:
    """Whether sources of this kind can be opened."""
    return kind is Kind.FILE or _find(*_HOMES[kind]) is not None


def open_feed(choice: Choice) -> Feed:
    """Make the source of a choice; the pipeline opens it.

    Raises:
        SourceError: if this kind of source cannot be read.
        ConfigError: if the address is malformed.
    """
    player = _find("player", "Player")
    if choice.kind is Kind.FILE and player is not None and not is_picture(choice.address):
        return Feed(choice, player(choice.address), Policy.LIVE)
    policy = Policy.LOSSLESS if choice.kind is Kind.FILE else Policy.LIVE
    return Feed(choice, open_source(choice.address), policy)


def is_picture(path: str) -> bool:
    """Whether a file is a still picture, by its suffix: there is nothing to play in it."""
    return Path(path).suffix.lower() in PICTURE_SUFFIXES


def list_webcams() -> list[Choice]:
    """The webcams of this machine, by name."""
    find = _find(*_HOMES[Kind.WEBCAM])
    return (
        [] if find is None else [Choice(Kind.WEBCAM, str(w.name), f"webcam:{w.id}") for w in find()]
    )


def region_address(region: tuple[int, int, int, int], ratio: float) -> str:
    """The address of a part of the screen.

    Args:
        region: left, top, width and height in the units of windows.
        ratio: pixels of the screen for one such unit.
    """
    left, top, width, height = (round(value * ratio) for value in region)
    return f"screen:{left},{top},{width},{height}"


def _find(module: str, name: str) -> Any:
    """What `realtime.sources` has by this name, or None."""
    home = f"srfer.realtime.sources.{module}"
    return getattr(import_module(home), name) if find_spec(home) is not None else None
