"""Fixtures that every room's tests share."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.synthetic import no_threads_left


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The folder with training data, clips and detector models that are never published."""
    default = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("SRFER_SHARED", default))
    if not (folder / "data").is_dir():
        pytest.skip(f"no shared data in {folder.name}/ (set SRFER_SHARED)")
    return folder


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Engines that tests build do not go where the user's are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SRFER_CACHE", str(tmp_path_factory.mktemp("engines")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c() -> None:
    """Take Ctrl-C, which shells have programs in the background ignore, and their children too."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def threads_are_checked() -> Iterator[None]:
    """Fail the test if it leaves a thread behind."""
    with no_threads_left():
        yield
