"""The files of a checkpoint: results that are appended to, and a state that is replaced.

The state says how much of the results counts, so whatever a kill or a power cut leaves, the two
together are as they were at a checkpoint. Both consist of blocks with a checksum.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

from ..formats import FILE_NAMES, UNDER_WAY_NAMES, Format
from ..memory import from_bytes, to_bytes
from ..sinks.atomic import partial_path, sync, writing
from ..sinks.codecs import VideoCodec
from ..sinks.earlier_video import EarlierVideo, find_earlier_video
from ..types import FaceResult

VIDEO, RESULTS, STATE, NEW_STATE = UNDER_WAY_NAMES

_HEAD = struct.Struct("<II")


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What was found in one frame.

    Attributes:
        failed_readings: see `FrameResult`.
        faces: see `FrameResult`.
    """

    failed_readings: int
    faces: tuple[FaceResult, ...]


@dataclass(slots=True)
class State:
    """Where an export is.

    Attributes:
        frames: so many are analysed.
        size: so many bytes of the results belong to them.
        memories: what each stage remembers.
        video: numbers of the frames at which the annotated video can be continued, in order.
    """

    frames: int = 0
    size: int = 0
    memories: list[bytes] = field(default_factory=list)
    video: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What an interrupted export has left.

    Attributes:
        folder: where it is.
        state: where that export was.
    """

    folder: Path
    state: State

    def results(self) -> Generator[Found, None, None]:
        """What was found in every frame, in order.

        Raises:
            OSError: if the file cannot be read.
            ValueError: if it is damaged.
        """
        with partial_path(self.folder / RESULTS).open("rb") as file:
            _read_block(file)
            while file.tell() < self.state.size:
                yield from from_bytes(_read_block(file), list[Found])

    def take_video(self, codec: VideoCodec) -> EarlierVideo | None:
        """Put aside what is encoded of the annotated video; None if that is nothing.

        Raises:
            ExportError: if the disk fails.
        """
        whole = self.folder / FILE_NAMES[Format.VIDEO]
        aside = partial_path(self.folder / VIDEO)
        paths = (aside, partial_path(whole), whole)
        found = find_earlier_video(paths, codec, self.state.video)
        if found is None:
            return None
        if found.path != aside:
            with writing(found.path):
                found.path.replace(aside)
        return found._replace(path=aside)


def find_earlier(folder: Path, subject: Callable[[], str]) -> Earlier | None:
    """What an interrupted export of just this has left; None if there is nothing of use.

    Args:
        folder: of the results.
        subject: says what is exported, and how; asked only where something is left.
    """
    try:
        with partial_path(folder / STATE).open("rb") as file:
            state = from_bytes(_read_block(file), State)
        with partial_path(folder / RESULTS).open("rb") as file:
            if _read_block(file) != subject().encode():
                return None
        earlier = Earlier(folder, state)
        # Read once ahead, so that nothing can go wrong when it is too late to begin anew.
        return earlier if sum(1 for _ in earlier.results()) == state.frames else None
    except (OSError, ValueError):
        return None


class Writer:
    """Writes the files of a checkpoint.

    Args:
        folder: where they go.
        earlier: what is continued, or None.

    Raises:
        ExportError: by every method, if the disk is full or fails.
    """

    def __init__(self, folder: Path, earlier: Earlier | None) -> None:
        self.state = State() if earlier is None else replace(earlier.state)
        self._folder = folder
        self._path = folder / RESULTS
        self._file: IO[bytes] | None = None

    def close(self) -> None:
        """Close the files, which stay."""
        if self._file is not None:
            self._file.close()

    def append(
        self, found: Sequence[Found], memories: list[bytes], subject: Callable[[], str]
    ) -> None:
        """Add results; they count when the state is written next.

        Args:
            found: in the frames after those that are written.
            memories: of the stages, after these frames.
            subject: see `find_earlier`.
        """
        with writing(self._path, self.state.frames):
            if self._file is None:
                self._file = self._open(b"" if self.state.size else subject().encode())
            self._write_block(to_bytes(found))
            self.state.frames += len(found)
            self.state.size = self._file.tell()
            self.state.memories = memories

    def write_state(self) -> None:
        """Make what was added count."""
        new = partial_path(self._folder / NEW_STATE)
        with writing(self._path, self.state.frames):
            if self._file is not None:
                os.fsync(self._file.fileno())
            new.write_bytes(_block(to_bytes(self.state)))
            sync(new)
            new.replace(partial_path(self._folder / STATE))

    def _open(self, subject: bytes) -> IO[bytes]:
        path, size = partial_path(self._path), self.state.size
        file = path.open("r+b" if size else "w+b")
        if size:
            file.truncate(size)
            file.seek(size)
        else:
            file.write(_block(subject))
        return file

    def _write_block(self, data: bytes) -> None:
        assert self._file is not None
        self._file.write(_block(data))
        self._file.flush()


def _block(data: bytes) -> bytes:
    return _HEAD.pack(len(data), zlib.crc32(data)) + data


def _read_block(file: IO[bytes]) -> bytes:
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        raise ValueError("ends early")
    size, checksum = _HEAD.unpack(head)
    data = file.read(size)
    if len(data) < size or zlib.crc32(data) != checksum:
        raise ValueError("is damaged")
    return data
