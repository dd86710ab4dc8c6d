"""Numbers of things in words."""

from __future__ import annotations


def counted(count: int, noun: str) -> str:
    """A number of things in words; the noun takes an s where it is not one thing."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
