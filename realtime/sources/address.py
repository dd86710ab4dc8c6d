"""What a user names as a stream, taken apart once into what may be shown and what may not.

A password may hold any character, and many people paste it into an address as it is. So an address
is never shown in any form before it is clear where its password ends; where that cannot be told, it
is refused. What is shown is the scheme, host, port and path.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote

from srfer.errors import ConfigError, SourceError, SourceFault, printable
from srfer.secrets import MASK, Secret, remember

SCHEMES = ("rtsp", "rtsps", "http", "https", "tcp", "udp", "srt", "rtmp")

PASSWORD_FILE = "SRFER_RTSP_PASSWORD_FILE"
"""Environment variable that names a file with the password for RTSP addresses that hold none."""

# One slash is enough: `Path` leaves no more of "rtsp://camera".
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/{1,2}(?!/)")
_SCHEMELESS = re.compile(r"[^@:/]+:[^@]*@|[^@/]+@")
_HOST = re.compile(r"[^\s@:/?#\[\]%\\]+")
_PORT = re.compile(r"[0-9]{1,5}")
_PORT_MAX = 65_535
_PLAIN_NUMBER = re.compile(r"[0-9]{1,5}")
_AFTER_A_SIGN = re.compile(r"[:=]([^:=;&]+)")
_SECRETIVE_KEY = re.compile(r"pass|pwd|tok|auth|key|secret|sig", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """A stream.

    Attributes:
        scheme: one of `SCHEMES`.
        display: scheme, host, port and path: what may be shown, logged and stored.
        url: all of it, for the opener of the stream only.
    """

    scheme: str
    display: str
    url: Secret

    def __str__(self) -> str:
        return self.display


def scheme_of(text: str) -> str | None:
    """The scheme of the address that `text` is, in lower case, or None for a path.

    What exists as a file is a path. What has a user and a password but no scheme is none of both.

    Raises:
        ConfigError: for `user:password@host`.
    """
    if os.path.lexists(text):
        return None
    match = _SCHEME.match(text)
    if match:
        return match[1].lower()
    if _SCHEMELESS.match(text) and _is_host_behind_at(text):
        raise ConfigError(
            "this looks like user:password@host without its scheme; "
            "write rtsp:// (or http:// ...) in front"
        )
    return None


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


def parse_address(text: str, environ: Mapping[str, str] = os.environ) -> StreamAddress:
    """Take the address of a stream apart.

    The part before the host may be percent-encoded or not. From now on `redact` knows its secrets.

    Args:
        text: such as "rtsp://user:password@camera:554/stream?channel=1".
        environ: where the name of the file with the password is looked up.

    Raises:
        ConfigError: if it is not an address of a known kind, or can be read in two ways. Only its
            scheme is shown.
    """
    scheme = scheme_of(text)
    if scheme not in SCHEMES:
        kind = "this" if scheme is None else f"{printable(scheme)}://..."
        raise ConfigError(f"{kind}: not a kind of stream that is read; {', '.join(SCHEMES)} are")
    rest = _SCHEME.sub("", text, count=1)
    userinfo, rest = _split_userinfo(scheme, rest)
    authority, tail = _split_authority(rest)
    host = _checked_host(scheme, authority)
    user, colon, password = userinfo.partition(":")
    if not password and scheme in ("rtsp", "rtsps") and environ.get(PASSWORD_FILE):
        user, password = _from_file(environ[PASSWORD_FILE], unquote(user))
    else:
        user, password = unquote(user), unquote(password)
    _remember(user, password, tail)
    login = quote(user, safe="") + (":" + quote(password, safe="") if password or colon else "")
    url = f"{scheme}://{login}{'@' if login else ''}{host}{tail}"
    return StreamAddress(scheme, f"{scheme}://{host}{_shown_path(tail)}", Secret(url))


def _split_userinfo(scheme: str, rest: str) -> tuple[str, str]:
    """What is before the host, and the rest.

    By the standard, the first / ? # ends the host. A password with one of these ends it too early,
    which shows: what is left is no host and port, and an @ comes later.
    """
    authority, tail = _split_authority(rest)
    userinfo, _, host = authority.rpartition("@")
    if "@" not in tail:
        return userinfo, host + tail
    if not userinfo and tail.count("@") == 1 and not _is_host_and_port(authority):
        userinfo, _, rest = rest.rpartition("@")
        return userinfo, rest
    raise ConfigError(
        f"{scheme}://...: it cannot be told where the password ends; write @ as %40, / as %2F, "
        "? as %3F and # as %23 in it, and @ as %40 in the path"
    )


def _split_authority(rest: str) -> tuple[str, str]:
    end = re.search(r"[/?#]|$", rest)
    assert end is not None  # $ always matches
    return rest[: end.start()], rest[end.start() :]


def _is_host_and_port(authority: str) -> bool:
    name, port = _host_and_port(authority)
    if port is not None and not (_PORT.fullmatch(port) and int(port) <= _PORT_MAX):
        return False
    if name.startswith("["):
        return _is_ip(name[1:-1]) and name.endswith("]")
    return _HOST.fullmatch(name) is not None and name.isprintable()


def _host_and_port(authority: str) -> tuple[str, str | None]:
    if authority.startswith("["):
        name, bracket, port = authority.rpartition("]")
        return name + bracket, port[1:] if port.startswith(":") else port or None
    name, colon, port = authority.partition(":")
    return name, port if colon else None


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_host_behind_at(text: str) -> bool:
    """True if what follows the last @ can only be a machine, or a password stands before it."""
    before, _, behind = text.rpartition("@")
    authority, _ = _split_authority(behind)
    name, port = _host_and_port(authority)
    if ":" in before:
        return _is_host_and_port(authority)
    return _is_host_and_port(authority) and (
        port is not None or _is_ip(name.strip("[]")) or name == "localhost"
    )


def _checked_host(scheme: str, authority: str) -> str:
    if scheme == "udp" and authority.startswith(":"):  # udp://:5000 listens on every interface
        is_good = _is_host_and_port("any" + authority)
    else:
        is_good = _is_host_and_port(authority)
    if not is_good:
        raise ConfigError(
            f"{scheme}://...: the host is missing or impossible; "
            f"write {scheme}://user:password@host:port/path"
        )
    return authority


def _from_file(name: str, user: str) -> tuple[str, str]:
    """User and password, from the first line of a file: `password`, or `user:password`."""
    try:
        line = (Path(name).read_text("utf-8").splitlines() or [""])[0]
    except (OSError, ValueError):
        line = None
    if line is None:  # out here, or the new error would hold on to one that holds the content
        raise ConfigError(
            f"the file that {PASSWORD_FILE} names cannot be read; check its path and permissions"
        )
    if not user:
        user, _, line = line.partition(":")
    if not line:
        raise ConfigError(
            f"the file that {PASSWORD_FILE} names holds no password; its first line has to be "
            "the password, or user:password for addresses without a user"
        )
    return user, line


def _remember(user: str, password: str, tail: str) -> None:
    """Have everything masked that may be secret: a user alone may be a token."""
    remember(password or user)
    for pair in re.split("[&;]", tail.partition("?")[2]):
        key, _, value = pair.partition("=")
        # channel=1 or width=1920 would mask every such number in texts about anything.
        if not _PLAIN_NUMBER.fullmatch(value) or _SECRETIVE_KEY.search(key):
            remember(value or key)
    for segment in tail.partition("?")[0].split("/"):
        if _is_secretive(segment):
            remember(segment)
            for value in _AFTER_A_SIGN.findall(unquote(segment)):  # may be shown without the rest
                if not _PLAIN_NUMBER.fullmatch(value):
                    remember(value)


def _shown_path(tail: str) -> str:
    """The path without query, and without segments such as `user=admin&password=...`."""
    path = re.split(r"[?#]", tail, maxsplit=1)[0]
    return "/".join(MASK if _is_secretive(part) else printable(part) for part in path.split("/"))


def _is_secretive(segment: str) -> bool:
    return any(char in unquote(segment) for char in "=:;&")
