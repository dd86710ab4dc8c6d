"""Fixtures that the training tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from srfer.training.data import FaceSet, load_faces

from .toy import write_toy_data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy data set."""
    return write_toy_data(tmp_path_factory.mktemp("data") / "toy.npz")


@pytest.fixture(scope="module")
def splits(data: Path) -> tuple[FaceSet, FaceSet]:
    """Its training and validation faces."""
    return load_faces(data, "training"), load_faces(data, "validation")
