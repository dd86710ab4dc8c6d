"""Engines that were built on this machine, kept for the next time.

What a compiler gives is native code: whoever can write into the cache can run code as its user. So
the folder belongs to the user alone, nothing in it is ever downloaded, and an entry is used only if
its sha256 is the one that was noted when it was built. Its key changes with the model, the runtime
and its version, the device and every option, so that an engine is never given to a runtime that has
not built it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from srfer.errors import EngineError

from .contract import Backend, ModelFile, Options

FOLDER_VARIABLE = "SRFER_CACHE"
LOCK_TIMEOUT_S = 900.0
"""How long to wait for another process that builds the same engine."""

Notify = Callable[[str], None]
"""Told in a line what the user should know."""


@dataclass(frozen=True, slots=True)
class Key:
    """What an engine was built from, by and for.

    Attributes:
        model: name of the model file.
        model_sha256: of the model file.
        device: name of the backend.
        runtime: the backend in words, with its version and device.
        options: everything that the build was asked for, in words.
    """

    model: str
    model_sha256: str
    device: str
    runtime: str
    options: str

    @classmethod
    def of(cls, backend: Backend, model: ModelFile, options: Options) -> Key:
        """The key of what a backend would build; threads do not matter to it."""
        shapes = {name: dataclasses.astuple(shape) for name, shape in options.shapes.items()}
        words = f"{options.precision}, {options.route}, {shapes}"
        return cls(model.name, model.sha256, backend.device, backend.describe(), words)

    @property
    def digest(self) -> str:
        """Twenty hexadecimal digits: the name of the entry's files."""
        text = json.dumps(dataclasses.asdict(self) | {"model": ""}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:20]


@dataclass(frozen=True, slots=True)
class Entry:
    """An engine in the cache.

    Attributes:
        key: what it was built from.
        size: in bytes.
        sha256: of the engine.
        built: when, in UTC.
    """

    key: Key
    size: int
    sha256: str
    built: str


class EngineCache:
    """A folder of built engines.

    Args:
        folder: where they are; made, for the user alone, when the first one is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def of_user(cls) -> EngineCache:
        """The cache of this user: where SRFER_CACHE points, else in the system's place for it."""
        chosen = os.environ.get(FOLDER_VARIABLE)
        return cls(Path(chosen) if chosen else user_cache_path("srfer", appauthor=False))

    def fetch(self, key: Key, build: Callable[[], bytes], notify: Notify) -> bytes:
        """Give an engine; build and keep it where there is none that can be used.

        Of several processes that want the same one, one builds and the others wait.

        Args:
            key: what it is built from.
            build: makes it.
            notify: told when a kept one could not be used.

        Raises:
            EngineError: if the folder is not the user's alone or cannot be written, or another
                process has been building the same engine for too long.
        """
        found = self._read(key, notify)
        if found is not None:
            return found
        self._make_folder()
        try:
            with FileLock(self._path(key, "lock"), timeout=LOCK_TIMEOUT_S):
                found = self._read(key, lambda _: None)  # another process may have just built it
                if found is None:
                    found = build()
                    self._keep(key, found)
                return found
        except TimeoutError:
            raise EngineError(f"another process is still building {key.model}") from None
        except OSError as error:
            raise EngineError(f"the engine cache cannot be written: {error.strerror}") from None

    def holds(self, key: Key) -> bool:
        """Whether there is an engine for a key; it may still turn out to be damaged."""
        return self._path(key, "json").is_file()

    def discard(self, key: Key) -> None:
        """Forget an engine, whether there is one or not."""
        for suffix in ("json", "engine"):
            self._path(key, suffix).unlink(missing_ok=True)

    def entries(self) -> list[Entry]:
        """What is in the cache, the oldest first; damaged descriptions are left out."""
        found = (_entry(path) for path in self.folder.glob("*.json"))
        return sorted((entry for entry in found if entry), key=lambda entry: entry.built)

    def clear(self) -> int:
        """Remove everything that belongs to the cache; gives the number of engines removed."""
        count = sum(1 for _ in self.folder.glob("*.engine"))
        for path in self._files():
            path.unlink(missing_ok=True)
        return count

    def write(self, name: str, data: bytes) -> None:
        """Keep a file of another kind beside the engines, whole or not at all.

        Raises:
            EngineError: if the folder cannot be written.
        """
        self._make_folder()
        try:
            self._write(self.folder / name, data)
        except OSError as error:
            raise EngineError(f"the engine cache cannot be written: {error.strerror}") from None

    def _files(self) -> Iterator[Path]:
        for suffix in ("json", "engine", "lock", "new", "cache"):
            yield from self.folder.glob(f"*.{suffix}")

    def _path(self, key: Key, suffix: str) -> Path:
        return self.folder / f"{key.digest}.{suffix}"

    def _read(self, key: Key, notify: Notify) -> bytes | None:
        """An engine that is whole and the user's own; None if there is none."""
        entry = _entry(self._path(key, "json"))
        if entry is None:
            return None
        self._refuse_shared(self.folder)
        path = self._path(key, "engine")
        try:
            self._refuse_shared(path)
            data = path.read_bytes()
        except OSError:
            data = b""
        if entry.key.digest != key.digest or hashlib.sha256(data).hexdigest() != entry.sha256:
            notify(f"the kept engine of {key.model} for {key.device} is damaged: building it again")
            return None
        return data

    def _refuse_shared(self, path: Path) -> None:
        """Whoever else can write an engine could have it do anything.

        Raises:
            EngineError: if somebody else owns it or can write to it.
        """
        if os.name != "posix":
            return  # on Windows a user's cache folder is closed to others by inheritance
        status = path.stat()
        if status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise EngineError(
                f"others can write to {path}: engines are native code, so make it yours alone "
                f"(chmod go-w) or name another folder in {FOLDER_VARIABLE}"
            )

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise EngineError(
                f"the engine cache {self.folder} cannot be made: {error.strerror}"
            ) from None
        self._refuse_shared(self.folder)

    def _keep(self, key: Key, data: bytes) -> None:
        """Write engine and description under other names, then rename: the description last."""
        entry = Entry(
            key=key,
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
            built=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        self._write(self._path(key, "engine"), data)
        self._write(self._path(key, "json"), json.dumps(dataclasses.asdict(entry)).encode())

    def _write(self, path: Path, data: bytes) -> None:
        handle, name = tempfile.mkstemp(suffix=".new", dir=self.folder)  # readable by the user only
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _entry(path: Path) -> Entry | None:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return Entry(**table | {"key": Key(**table["key"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
