"""The one place where errors of PyAV and the operating system become `SourceError`.

PyAV raises some fifteen kinds of exception for damaged files, a few of them builtins such as
IndexError and UnicodeDecodeError, and puts the full path into the text. Callers see one kind, one
line, and the base name only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av.error

from srfer.errors import SourceError, SourceFault, printable


def display_name(path: Path) -> str:
    """The path's base name, safe to print."""
    return printable(path.name or path.absolute().name)


def source_error(path: Path, fault: SourceFault, trouble: str) -> SourceError:
    """A `SourceError` that starts with the file's name and stays on one line."""
    return SourceError(f"{display_name(path)}: {trouble}", fault)


@contextmanager
def translated_errors(path: Path, doing: str) -> Iterator[None]:
    """Turn whatever a foreign library raises inside into a `SourceError` about `path`.

    Args:
        path: the file at work.
        doing: what broke, as the middle of the message: "cannot be decoded".

    Raises:
        SourceError: instead of any other `Exception`.
    """
    try:
        yield
    except SourceError:
        raise
    except Exception as error:
        fault, trouble = _explain(error, doing)
        # `from None`: the original carries the full path, and a traceback through it may hold the
        # open container and its threads.
        raise source_error(path, fault, trouble) from None


def _explain(error: Exception, doing: str) -> tuple[SourceFault, str]:
    match error:
        case FileNotFoundError():
            result = SourceFault.MISSING, "no such file; check the path"
        case PermissionError():
            result = SourceFault.MISSING, "may not be read; change its permissions"
        case av.error.ExitError() | TimeoutError():
            result = (
                SourceFault.STALLED,
                f"{doing}: reading takes too long; copy it to a local disk",
            )
        case MemoryError():
            result = (
                SourceFault.TOO_LARGE,
                f"{doing}: too large for the memory, or too many tracks; convert it to MP4",
            )
        case av.error.ArgumentError():  # what FFmpeg says of a format that is not on the list
            result = SourceFault.UNSUPPORTED, f"{doing}; convert it to MP4"
        case av.error.LookupError() | av.error.PatchWelcomeError():
            result = SourceFault.UNSUPPORTED, f"{doing}: unsupported codec; convert it to H.264"
        case _:
            reason = getattr(error, "strerror", None) or type(error).__name__
            said = " ".join(str(reason).split())
            result = SourceFault.CORRUPT, f"{doing} ({said}); copy it again or convert it to MP4"
    return result
