"""Getting a model file from its makers: resumable, checked, and whole or not there."""

from __future__ import annotations

import http.client
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from srfer.errors import ModelError, printable

from .known_models import KnownModel

TIMEOUT_S = 30.0
"""How long a server may be silent."""
ATTEMPTS = 4
"""A connection that breaks off is taken up again, up to so many in all, as long as it gets on."""
LOCK_TIMEOUT_S = 600.0
_CHUNK = 1 << 16

OnProgress = Callable[[int, int], None]
"""Told how many bytes are here, and of how many."""


class _BrokeOffError(Exception):
    """A connection did not bring the rest of the file."""


def fetch(
    model: KnownModel, *, timeout_s: float = TIMEOUT_S, on_progress: OnProgress | None = None
) -> Path:
    """Download a model file into the user's data folder; nothing is done if it is there.

    What arrives is `NAME.partial` until it is complete and has the right sha256. A partial file of
    an earlier run is continued where the server can do that.

    Args:
        model: what to get.
        timeout_s: how long the server may be silent, in seconds.
        on_progress: told after every piece.

    Raises:
        ModelError: the file did not come, or another one did; says how to give it by path.
    """
    with _place_of(model) as partial:
        if model.path.is_file() and model.is_right(model.path.read_bytes()):
            return model.path
        is_resumed = partial.exists()
        _download(model, partial, timeout_s, on_progress)
        if is_resumed and not model.is_right(partial.read_bytes()):
            partial.unlink()  # its beginning may have been that of another file
            _download(model, partial, timeout_s, on_progress)
        if not model.is_right(partial.read_bytes()):
            partial.unlink()
            raise _failed(model, "what came is not the file that srfer was tested with")
        _publish(partial, model.path)
    return model.path


def install(model: KnownModel, source: Path) -> Path:
    """Take a model file that the user has got in another way.

    Raises:
        ModelError: it cannot be read, is another file, or cannot be written.
    """
    try:
        data = source.read_bytes()
    except OSError as error:
        raise ModelError(f"{source} cannot be read: {error.strerror}") from None
    if not model.is_right(data):
        raise ModelError(
            f"{source} is not the file that srfer was tested with ({model.url}); "
            "--tracker-model uses another one all the same"
        )
    with _place_of(model) as partial:
        partial.write_bytes(data)
        _publish(partial, model.path)
    return model.path


@contextmanager
def _place_of(model: KnownModel) -> Iterator[Path]:
    """The partial file, for this process alone; errors of the disk become a `ModelError`."""
    try:
        model.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(f"{model.path}.lock", timeout=LOCK_TIMEOUT_S):
            yield model.path.with_name(f"{model.file}.partial")
    except TimeoutError:
        raise ModelError(f"another process is still writing {model.path}") from None
    except OSError as error:
        raise ModelError(f"{model.path} cannot be written: {error.strerror}") from None


def _download(
    model: KnownModel, partial: Path, timeout_s: float, on_progress: OnProgress | None
) -> None:
    """Bring the partial file to its full length, over several connections if need be.

    Raises:
        ModelError: that was not possible.
        OSError: the file cannot be written.
    """
    trouble = ""
    for _ in range(ATTEMPTS):
        start = _length(partial)
        if start >= model.size:
            return
        try:
            _receive(model, partial, start, timeout_s, on_progress)
            trouble = "the server ended early"
        except _BrokeOffError as error:
            trouble = str(error)
        if _length(partial) <= start:
            break
    here = _length(partial)
    if here < model.size:
        kept = f" after {here} of {model.size} bytes, which are kept" if here else ""
        raise _failed(model, f"{trouble}{kept}")


def _receive(
    model: KnownModel, partial: Path, start: int, timeout_s: float, on_progress: OnProgress | None
) -> None:
    """Append what one connection brings; from the beginning where the server gives all again.

    Raises:
        _BrokeOffError: the connection failed.
        OSError: the file cannot be written.
    """
    with _connection(model, start, timeout_s) as response:
        is_rest = response.status == http.client.PARTIAL_CONTENT
        if is_rest and _begins_at(response) != start:
            raise _BrokeOffError("the server sent another part than it was asked for")
        with partial.open("ab" if is_rest else "wb") as file:
            while file.tell() < model.size and (piece := _read(response)):
                file.write(piece)
                if on_progress is not None:
                    on_progress(min(file.tell(), model.size), model.size)


@contextmanager
def _connection(
    model: KnownModel, start: int, timeout_s: float
) -> Iterator[http.client.HTTPResponse]:
    headers = {"User-Agent": "srfer", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    request = urllib.request.Request(model.url, headers=headers)
    with _told():
        response = urllib.request.urlopen(request, timeout=timeout_s)
    with response:
        yield response


def _read(response: http.client.HTTPResponse) -> bytes:
    with _told():
        return response.read1(_CHUNK)  # what is there, so that it is kept if no more comes


@contextmanager
def _told() -> Iterator[None]:
    """The one place where errors of the network are told in our words."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        said = printable(str(error.reason))
        raise _BrokeOffError(f"the server says {error.code} {said}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        if isinstance(reason, TimeoutError):
            raise _BrokeOffError("the server fell silent") from None
        raise _BrokeOffError(f"the connection failed ({printable(str(reason))})") from None


def _begins_at(response: http.client.HTTPResponse) -> int | None:
    """Where in the file the response begins, as it says itself."""
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    return int(found[1]) if found else None


def _publish(partial: Path, path: Path) -> None:
    """Give the file its name, so that it is whole there after a power cut too."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def _length(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _failed(model: KnownModel, trouble: str) -> ModelError:
    return ModelError(
        f"{model.file} was not fetched: {trouble}. Get it from {model.url} in another way and run "
        f"`srfer model fetch {model.name} --from PATH`"
    )
