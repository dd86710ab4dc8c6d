"""Reading a file here and there, for so long at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Readable(Protocol):
    """What the structure of a file is read from."""

    def seek(self, place: int, whence: int = 0, /) -> int:
        """Go to a place, in bytes."""
        ...

    def read(self, size: int = -1, /) -> bytes:
        """Read so many bytes, or fewer at the end."""
        ...

    def tell(self) -> int:
        """The place."""
        ...


class TimedFile:
    """A file that is read until time is up.

    Args:
        file: open for reading.
        is_time_up: asked whenever another place is gone to.
    """

    def __init__(self, file: Readable, is_time_up: Callable[[], bool]) -> None:
        self._file = file
        self._is_time_up = is_time_up

    def seek(self, place: int, whence: int = 0, /) -> int:
        """Go to a place, in bytes.

        Raises:
            TimeoutError: if time is up.
        """
        if self._is_time_up():
            raise TimeoutError
        return self._file.seek(place, whence)

    def read(self, size: int = -1, /) -> bytes:
        """Read so many bytes, or fewer at the end."""
        return self._file.read(size)

    def tell(self) -> int:
        """The place."""
        return self._file.tell()
