"""Files that appear under their name only when they are complete.

Until then `video.mp4` is `video.partial.mp4` in the same folder. A power cut leaves either the
partial file or the whole one, never a broken file under the final name.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

from srfer.errors import ExportError, SrferError, printable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

FRAGMENT_S = Fraction(1)
"""Longest piece of media time that is lost when the process is killed, in seconds."""

SECTION_FRAMES = 200
"""An export that was killed can be continued every so many frames, or a little later."""


def partial_path(path: Path) -> Path:
    """The name of `path` while it is being written."""
    return path.with_name(f"{path.stem}.partial{path.suffix}")


def publish(path: Path) -> None:
    """Give the finished partial file its name, so that it survives a power cut.

    Raises:
        OSError: if the disk fails.
    """
    partial = partial_path(path)
    sync(partial)
    partial.replace(path)
    sync(path.parent)


def write_text(path: Path, text: str, *, is_complete: bool = True) -> None:
    """Write a whole small file at once; an incomplete one under its partial name.

    Raises:
        ExportError: if it cannot be written.
    """
    with writing(path):
        partial_path(path).write_text(text, encoding="utf-8", newline="")
        if is_complete:
            publish(path)


class TextFile:
    """A text file that grows, and appears under its name when it is complete.

    Args:
        path: the final name; its folder exists.
        header: what the file starts with.

    Raises:
        ExportError: by every method, if the file cannot be written.
    """

    def __init__(self, path: Path, header: str = "") -> None:
        self.path = path
        self._frames = 0
        self._second: tuple[Fraction, Fraction] | None = None
        with writing(path), ExitStack() as undo:
            self._file = undo.enter_context(
                partial_path(path).open("w", encoding="utf-8", newline="")
            )
            self._file.write(header)
            undo.pop_all()

    def write(self, text: str, pts: Fraction | None = None) -> None:
        """Append the lines of one frame; those of a second of media time go to the disk together.

        Args:
            text: the lines.
            pts: time of the frame in seconds, or None if it has none.
        """
        with writing(self.path, self._frames):
            self._file.write(text)
            self._frames += 1
            second = self._second
            if pts is None or second is None or not second[0] <= pts < second[1]:
                self._file.flush()
                self._second = None if pts is None else (pts, pts + FRAGMENT_S)

    def close(self, *, is_complete: bool) -> None:
        """Close the file; a complete one gets its name, an incomplete one keeps the partial."""
        with writing(self.path, self._frames):
            self._file.close()
            if is_complete:
                publish(self.path)


@contextmanager
def writing(path: Path, frames: int | None = None) -> Iterator[None]:
    """Turn errors of the operating system inside into an `ExportError` about `path`."""
    try:
        yield
    except SrferError:  # some are an OSError too, and they say already what is wrong
        raise
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        after = "" if frames is None else f" after {frames} frames"
        advice = "free some space" if error.errno in _FULL else "check its folder"
        raise ExportError(f"{shown(path)}: {reason}{after}; {advice}") from None


def shown(path: Path) -> str:
    """Folder and name of an output, safe to print: every input has outputs of the same names."""
    return printable(f"{path.parent.name}/{path.name}")


def sync(path: Path) -> None:
    """Have a file or folder written to the disk itself."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
