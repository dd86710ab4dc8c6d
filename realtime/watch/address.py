"""Addresses that reports are sent to, and what of them may be shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from srfer.errors import ConfigError
from srfer.secrets import remember


@dataclass(frozen=True, slots=True)
class Address:
    """Where reports go.

    Attributes:
        display: scheme, host and port: all that may be shown. Paths of webhooks are often secret.
        scheme: in lower case.
        host: name or IP address.
        port: None if the address does not say.
        path: percent-encoded, "" or with its "/".
        user: decoded, "" if there is none.
        password: decoded, None if there is none.
        url: all of it.
    """

    display: str
    scheme: str
    host: str
    port: int | None
    path: str = field(repr=False)
    user: str = field(repr=False)
    password: str | None = field(repr=False)
    url: str = field(repr=False)


def parse_address(text: str, schemes: Collection[str], what: str) -> Address:
    """Take an address apart. From now on `redact` knows its password.

    Args:
        text: such as "mqtt://user:password@host:1883/topic".
        schemes: those that are possible, in lower case.
        what: what the address is of, for errors.

    Raises:
        ConfigError: if it is none, or can be read in two ways. No part of it is shown but a scheme
            that is possible.
    """
    scheme = text.partition("://")[0].lower()
    if "://" not in text or scheme not in schemes:
        raise ConfigError(
            f"{what}: the address has to begin with {' or '.join(f'{name}://' for name in schemes)}"
        )
    shown = f"{what}: {scheme}://..."
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ConfigError(f"{shown}: write characters that are no plain ASCII percent-encoded")
    try:
        parts = urlsplit(text)
        login, behind = parts.netloc.rpartition("@")[0], parts.path + parts.query + parts.fragment
        if "@" in login + behind:
            raise ConfigError(
                f"{shown}: it cannot be told where the password ends; write @ as %40, / as %2F, "
                "? as %3F and # as %23 in it"
            )
        host, port = parts.hostname, parts.port
    except ConfigError:
        raise
    except ValueError:
        raise ConfigError(f"{shown}: the host or the port is impossible") from None
    if not host or not _is_name(host):
        raise ConfigError(f"{shown}: the host is missing or impossible")
    if parts.password:
        remember(parts.password)
    shown_host = f"[{host}]" if ":" in host else host
    return Address(
        display=f"{scheme}://{shown_host}" + ("" if port is None else f":{port}"),
        scheme=scheme,
        host=host,
        port=port,
        path=parts.path,
        user=unquote(parts.username or ""),
        password=None if parts.password is None else unquote(parts.password),
        url=text,
    )


def _is_name(host: str) -> bool:
    try:
        host.encode("idna")
    except UnicodeError:  # a part of the name is empty or too long
        return False
    return True
