"""What went wrong with a stream, from what PyAV raised and when.

The kind of exception says little: a server that does not answer is an ExitError over TCP and
InvalidData over RTSP. And its text is of no use, for it holds the address with its password.
"""

from __future__ import annotations

import errno
from enum import Enum
from typing import NamedTuple

import av.error

from srfer.errors import SourceFault

FOREIGN = (av.error.FFmpegError, OSError, EOFError, MemoryError, ValueError, LookupError)
"""What PyAV raises for damaged or missing streams. A TypeError would be a fault of ours."""


class Phase(Enum):
    """What was being done."""

    OPENING = "opening"
    READING = "reading"


class Trouble(NamedTuple):
    """What to say of a stream, after its name: `text` is one line without anything secret."""

    fault: SourceFault
    text: str


_LATE_SHARE = 0.9
_NOT_THERE = {
    errno.ECONNREFUSED: "the connection is refused; is the camera on, and is the port right?",
    errno.EHOSTUNREACH: "there is no way to this host; check the network",
    errno.ENETUNREACH: "there is no way to this host; check the network",
    errno.EIO: "the host is unknown or does not answer; check its name and the network",
    errno.ETIMEDOUT: "the host does not answer; check its address and the network",
    errno.ECONNRESET: "the connection was reset",
    errno.EADDRNOTAVAIL: "there is no way to this host; check its address",
    errno.EADDRINUSE: "the port is in use by another program",
}

_REFUSALS: tuple[tuple[type[Exception], Trouble], ...] = (
    (
        av.error.HTTPUnauthorizedError,
        Trouble(SourceFault.AUTH, "not allowed (401): check user and password"),
    ),
    (
        av.error.HTTPForbiddenError,
        Trouble(SourceFault.AUTH, "not allowed (403): check the rights of the user"),
    ),
    (
        av.error.HTTPNotFoundError,
        Trouble(SourceFault.MISSING, "the host has no such stream (404): check the path"),
    ),
    (
        av.error.HTTPClientError,
        Trouble(SourceFault.UNREACHABLE, "the host refuses the request: check the address"),
    ),
    (
        av.error.HTTPServerError,
        Trouble(SourceFault.UNREACHABLE, "the host answers that it has a fault of its own"),
    ),
    (
        av.error.ProtocolNotFoundError,
        Trouble(SourceFault.UNSUPPORTED, "this build of FFmpeg knows no addresses of this kind"),
    ),
    (
        av.error.LookupError,  # no decoder
        Trouble(SourceFault.UNSUPPORTED, "its codec is not known; choose H.264"),
    ),
    (
        av.error.ArgumentError,  # what FFmpeg says of a format that is not on the list
        Trouble(
            SourceFault.UNSUPPORTED,
            "is in no format that is read; let it send MPEG-TS, H.264, HEVC or MJPEG",
        ),
    ),
    (EOFError, Trouble(SourceFault.DISCONNECTED, "the connection was closed")),
    (MemoryError, Trouble(SourceFault.TOO_LARGE, "not enough memory")),
)


def explain(error: Exception, phase: Phase, waited_s: float, limit_s: float) -> Trouble:
    """Say what an exception of PyAV means.

    Args:
        error: the exception; only its kind and number are used.
        phase: what was being done.
        waited_s: for how long, in seconds.
        limit_s: how long it was allowed to take, in seconds.
    """
    for kind, trouble in _REFUSALS:
        if isinstance(error, kind):
            return trouble
    is_late = waited_s >= _LATE_SHARE * limit_s
    if isinstance(error, av.error.ExitError | TimeoutError) or (
        is_late and isinstance(error, av.error.InvalidDataError)
    ):
        what = "no answer within" if phase is Phase.OPENING else "no data for"
        return Trouble(SourceFault.STALLED, f"{what} {limit_s:g} s")
    if phase is Phase.READING:
        return Trouble(SourceFault.DISCONNECTED, "the connection broke off")
    if isinstance(error, OSError) and error.errno in _NOT_THERE:
        return Trouble(SourceFault.UNREACHABLE, _NOT_THERE[error.errno])
    return Trouble(SourceFault.CORRUPT, "sends nothing that is a video; check the path")
