"""Fixtures of the fault tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.servers import nothing_left


@pytest.fixture
def nothing_is_left() -> Iterator[None]:
    """Fail the test if it leaves threads or open files behind."""
    with nothing_left():
        yield
