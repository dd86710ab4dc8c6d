"""A process that is as small after many sources as after the first one.

glibc gives each of several threads a heap of its own, and gives back what lies at their ends. The
threads of a source, its frames and its networks come and go, so in each heap holes of tens of MB
remain between what stays, which the next source, in other threads, does not fill.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Any

MOST_HEAPS = 2
"""With one, threads wait for each other."""
_M_ARENA_MAX = -8
"""glibc's number for that, from malloc.h."""


def keep_heaps_few() -> None:
    """Let glibc make no more heaps for threads; to be said before there are threads."""
    mallopt = _glibc("mallopt")
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, MOST_HEAPS)


def give_back_memory() -> None:
    """Have glibc give back what is free between what is in use. It takes some milliseconds."""
    malloc_trim = _glibc("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _glibc(name: str) -> Any:
    """A function of glibc, or None where memory is not glibc's."""
    return getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
