"""The one door: from what a user names to the source that it means."""

from __future__ import annotations

from srfer.errors import SourceError, SourceFault

from ..route import Policy
from ..stage import Source
from .address import parse_address, scheme_of
from .foreign import printable
from .health import Monitored
from .live import LiveOptions
from .stream import open_stream
from .video import VideoFile


def open_source(text: str, options: LiveOptions | None = None) -> Source:
    """The source that `text` names: the path of a video or picture, or the address of a stream.

    Args:
        text: what the user wrote; what exists as a file is a file.
        options: for live sources; the defaults if None.

    Raises:
        ConfigError: if it is an address of an unknown kind, or cannot be understood.
    """
    if scheme_of(text) is not None:
        return open_stream(parse_address(text), options)
    return VideoFile(text)


def policy_for(source: Source) -> Policy:
    """How a source has to be run: one that is monitored is live, and the newest frame wins."""
    return Policy.LIVE if isinstance(source, Monitored) else Policy.LOSSLESS


def refuse_stream(text: str) -> None:
    """Make sure that `text` names a file, and not the address of a stream.

    Raises:
        SourceError: if it is an address. Only its scheme is shown: the rest may hold a password.
        ConfigError: if it is `user:password@host`.
    """
    scheme = scheme_of(text)
    if scheme is not None:
        raise SourceError(
            f"{printable(scheme)}://...: only files can be read here; `srfer watch` reads streams",
            SourceFault.UNSUPPORTED,
        )
