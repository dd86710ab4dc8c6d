"""Troubles in the person's language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from PyQt6.QtCore import QCoreApplication

from .troubles import CONTEXT, NAMED, OTHER, SENTENCES

_PLACE = re.compile(r"\{(\w+)\}")
_NESTED = frozenset({"what", "why"})
_NUMBERS = frozenset({"n", "side", "need", "free", "start", "end"})
_COLON = ": "


def spoken(text: str) -> str:
    """What another room said went wrong, in the language of the window.

    A text that is not known is shown as it is; in other languages than English, with a word that
    it is English. "" stays "".
    """
    return (_named(text) or _sentence(text) or _filled(OTHER, {"text": text})) if text else ""


class _Form(NamedTuple):
    """A sentence with places, and how it is recognised."""

    pattern: re.Pattern[str]
    shown: str


@cache
def _forms() -> tuple[_Form, ...]:
    """Those with most words of their own come first: they say most exactly what is meant."""
    templates = sorted(SENTENCES, key=lambda text: -len(_PLACE.sub("", text)))
    return tuple(_Form(_pattern(text), SENTENCES[text]) for text in templates if "{" in text)


def _pattern(template: str) -> re.Pattern[str]:
    parts = _PLACE.split(template)  # words and the names of places, in turn
    return re.compile(
        "".join(
            f"(?P<{part}>{'[0-9.]+' if part in _NUMBERS else '.+?'})"
            if index % 2
            else re.escape(part)
            for index, part in enumerate(parts)
        ),
        re.DOTALL,
    )


def _sentence(text: str) -> str | None:
    """A sentence that names nothing in front of it; None if it is not known."""
    if text in SENTENCES:
        return _filled(SENTENCES[text], {})
    for form in _forms():
        found = form.pattern.fullmatch(text)
        values = None if found is None else _values(found.groupdict())
        if values is not None:
            return _filled(form.shown, values)
    return None


def _values(found: Mapping[str, str]) -> Mapping[str, str] | None:
    """What is filled in; None if a part of it had to be known and is not."""
    values = {}
    for name, value in found.items():
        known = _reason(value) if name in _NESTED else value
        if known is None:
            return None
        values[name] = known
    return values


def _reason(text: str) -> str | None:
    """A part of a sentence; the operating system begins with a capital."""
    return _sentence(text) or _sentence(text[:1].lower() + text[1:])


def _named(text: str) -> str | None:
    """A sentence after the name of what it is about."""
    at = text.find(_COLON)
    while at > 0:
        trouble = _sentence(text[at + len(_COLON) :])
        if trouble is not None:
            return _filled(NAMED, {"name": text[:at], "trouble": trouble})
        at = text.find(_COLON, at + 1)
    return None


def _filled(template: str, values: Mapping[str, str]) -> str:
    """The translation, with what is in its places: exactly that, whatever braces it has."""
    said = QCoreApplication.translate(CONTEXT, template)
    return _PLACE.sub(lambda place: values[place[1]], said)
