"""From what a person chose to a source: the one place that knows the kinds of sources."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from srfer.errors import ConfigError
from srfer.realtime import Policy
from srfer.realtime.sources import Paced, Player, display_name, open_source, policy_for, printable
from srfer.realtime.sources import list_webcams as find_webcams
from srfer.realtime.sources.address import parse_address, scheme_of
from srfer.realtime.sources.screen import Region, ScreenRequest, parse_screen
from srfer.realtime.sources.webcam import parse_webcam
from srfer.realtime.stage import Source

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


class Kind(StrEnum):
    """What a person can choose."""

    FILE = "file"
    WEBCAM = "webcam"
    STREAM = "stream"
    SCREEN = "screen"
    SYNTHETIC = "synthetic"


_PREFIXES = {f"{kind}:": kind for kind in (Kind.WEBCAM, Kind.SCREEN, Kind.SYNTHETIC)}


@dataclass(frozen=True, slots=True)
class Choice:
    """A source that was chosen, and is not open yet.

    Attributes:
        kind: of source.
        title: what is shown and kept; never holds a password.
        address: what the source is opened by. That of a stream may hold a password, so it is in no
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
    """What a text stands for, by the rule of `open_source`.

    Raises:
        ConfigError: if there is nothing in it, or an address cannot be understood.
    """
    text = text.strip()
    if not text:
        raise ConfigError("no source was named; give a file, an address, or webcam:0")
    path = Path(text).expanduser()
    if not os.path.lexists(path):
        if text.isdecimal() and parse_webcam(text) is not None:
            text = f"webcam:{text}"
        for prefix, kind in _PREFIXES.items():
            if text.startswith(prefix):
                return Choice(kind, printable(text), text)
        if scheme_of(text) is not None:
            return Choice(Kind.STREAM, parse_address(text).display, text)
    return Choice(Kind.FILE, display_name(path), str(path.absolute()))


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
    def player(self) -> Player | None:
        """The source's controls, if it can be moved about in."""
        return self.source if isinstance(self.source, Player) else None


def open_feed(choice: Choice) -> Feed:
    """Make the source of a choice; the pipeline opens it.

    Raises:
        SourceError: if this kind of source cannot be read.
        ConfigError: if the address is malformed.
    """
    source = _source(choice)
    return Feed(choice, source, policy_for(source))


def list_webcams() -> list[Choice]:
    """The webcams of this machine, by name."""
    return [
        Choice(Kind.WEBCAM, printable(one.name), f"webcam:{one.path}") for one in find_webcams()
    ]


def region_address(region: tuple[int, int, int, int], ratio: float) -> str:
    """The address of a part of the screen.

    Args:
        region: left, top, width and height in the units of windows.
        ratio: pixels of the screen for one such unit.
    """
    return str(ScreenRequest(Region(*(round(value * ratio) for value in region))))


def region_of(choice: Choice, ratio: float) -> tuple[int, int, int, int] | None:
    """The opposite: which part of the screen a choice shows; None for all of it, or no screen."""
    request = parse_screen(choice.address)
    if request is None or request.region is None:
        return None
    left, top, width, height = (round(value / ratio) for value in request.region)
    return left, top, width, height


def _source(choice: Choice) -> Source:
    """Files are played, and made-up video comes at the pace of a camera."""
    if choice.kind is Kind.SYNTHETIC:
        return Paced(open_source(choice.address))
    path = Path(choice.address)
    is_still = path.suffix.lower() in PICTURE_SUFFIXES
    if choice.kind is Kind.FILE and not is_still and not path.is_dir():
        return Player(path)
    return open_source(choice.address)
