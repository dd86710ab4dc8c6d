"""Keeping the passwords of streams out of everything that is shown or stored.

The rule is that a password never gets into a text at all: it lives in a `Secret`, and only the
opener of a stream looks inside. `redact` is the net under that rule, for texts that others wrote.
"""

from __future__ import annotations

import logging
import re
import threading
from typing import NoReturn
from urllib.parse import quote, unquote

MASK = "***"

SHORTEST_KNOWN = 4
"""Shorter secrets are not looked for in texts: masking every "1" would leave nothing to read."""

_URL = re.compile(r"\b([A-Za-z][A-Za-z0-9+.-]*://)([^\s'\"<>]*)")


class Secret:
    """A text that does not show itself.

    Args:
        text: what is secret.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text: for handing it to whoever needs it, and for nothing else."""
        return self._text

    def __repr__(self) -> str:
        return MASK

    def __deepcopy__(self, _memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not stored")


class _Known:
    """Every secret seen so far in this process, in all the ways in which it may be written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secret: str) -> None:
        ways = {secret, unquote(secret), quote(unquote(secret), safe=""), quote(secret, safe="")}
        with self._lock:
            self._texts |= {way for way in ways if len(way) >= SHORTEST_KNOWN}
            self._pattern = None

    def mask(self, text: str) -> str:
        with self._lock:
            if self._pattern is None and self._texts:
                longest_first = sorted(self._texts, key=len, reverse=True)
                self._pattern = re.compile("|".join(map(re.escape, longest_first)))
            pattern = self._pattern
        return text if pattern is None else pattern.sub(MASK, text)


_KNOWN = _Known()


def remember(secret: str) -> None:
    """Have `redact` mask this text from now on, as it is and percent-encoded or decoded."""
    _KNOWN.add(secret)


def redact(text: str) -> str:
    """`text` without the secrets seen so far, and without userinfo and queries of addresses."""
    return _URL.sub(_bare_url, _KNOWN.mask(text))


def _bare_url(match: re.Match[str]) -> str:
    scheme, rest = match.groups()
    userinfo, at, rest = rest.rpartition("@")
    head, question, query = rest.partition("?")
    return (
        f"{scheme}{f'{MASK}@' if at and userinfo else ''}{head}{f'?{MASK}' if query else question}"
    )


class RedactingFilter(logging.Filter):
    """Masks secrets in the message and the traceback of every record that passes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record; it is never held back."""
        record.msg, record.args = redact(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
            record.exc_info = None
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


_FILTER = RedactingFilter()


def redacted_logger(name: str) -> logging.Logger:
    """The logger of this name, with the net under it."""
    logger = logging.getLogger(name)
    logger.addFilter(_FILTER)  # adding it again changes nothing
    return logger
