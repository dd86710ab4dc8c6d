"""Damaged and hostile model files: refused by their sha256, and without it by what they answer."""

from __future__ import annotations

import importlib.util
import os
import pickle
from pathlib import Path

import numpy as np
import pytest

import srfer
from srfer.engines import Options, find_backend, load, read_model
from srfer.engines import weights as weights_module
from srfer.engines.spec import golden_feeds
from srfer.errors import EngineError, ModelError, SrferError

MUTANTS = int(os.environ.get("SRFER_MUTANTS", "300"))


def mutate(data: bytes, random: np.random.Generator) -> bytes:
    """Flip bits, cut, double or blank a part of a file."""
    changed = bytearray(data)
    start = int(random.integers(len(data)))
    length = int(random.integers(1, 2000))
    match random.integers(5):
        case 0:
            for place in random.integers(len(data), size=int(random.integers(1, 20))):
                changed[place] ^= 1 << int(random.integers(8))
        case 1:
            del changed[start:]
        case 2:
            changed[start:start] = changed[start : start + length]
        case 3:
            changed[start : start + length] = bytes(len(changed[start : start + length]))
        case _:
            place = int(random.integers(min(4000, len(data))))  # where graphs are described
            changed[place] = int(random.integers(256))
    return bytes(changed)


def test_every_change_of_a_shipped_file_is_refused_by_its_sha256(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = read_model("srfer-base").data
    (tmp_path / "index.json").write_text((weights_module.FOLDER / "index.json").read_text())
    monkeypatch.setattr(weights_module, "FOLDER", tmp_path)
    random = np.random.default_rng(1)
    for _ in range(MUTANTS):
        changed = mutate(data, random)
        if changed != data:
            (tmp_path / "srfer-base.onnx").write_bytes(changed)
            with pytest.raises(ModelError, match=r"is damaged .sha256 differs."):
                read_model("srfer-base")


def test_without_a_sha256_the_self_test_catches_what_matters(tmp_path: Path) -> None:
    """No crash; and what is loaded gives the answers of the whole file."""
    model = read_model("srfer-base")
    right = find_backend("cpu").open(model, Options(), None).run(golden_feeds())["probabilities"]
    random = np.random.default_rng(2)
    path = tmp_path / "mutant.onnx"
    messages: list[str] = []
    differences: list[float] = []
    for _ in range(MUTANTS):
        path.write_bytes(mutate(model.data, random))
        try:
            mutant = load(path, "cpu")
        except SrferError as error:
            messages.append(str(error))
            continue
        found = mutant._session.run(golden_feeds())["probabilities"]
        differences.append(float(np.abs(found - right).max()))
    assert len(messages) + len(differences) == MUTANTS
    assert len(messages) > MUTANTS / 4
    assert all(len(message.splitlines()) == 1 for message in messages)
    assert max(differences) <= 2e-3


class Canary:
    """Writes a file if it is ever unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("name", ["model.pt", "model.pkl", "model.onnx"])
def test_a_pickle_is_never_executed(tmp_path: Path, name: str) -> None:
    canary = tmp_path / "canary"
    path = tmp_path / name
    path.write_bytes(pickle.dumps(Canary(canary)))
    with pytest.raises(ModelError, match="is no ONNX file"):
        srfer.load(path)
    assert not canary.exists()
    pickle.loads(path.read_bytes())  # noqa: S301  it would have been noticed
    assert canary.exists()


def test_without_any_other_runtime_auto_takes_the_processor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    absent = ("openvino", "ncnn", "pnnx", "torch")

    def find_spec(name: str) -> object:
        return None if name in absent else importlib.util.find_spec(name)

    for module in ("openvino", "ncnn", "torch"):
        monkeypatch.setattr(f"srfer.engines.backends.{module}.find_spec", find_spec)
    assert "on cpu" in srfer.load().description
    for device in ("openvino", "ncnn", "torch"):
        with pytest.raises(EngineError, match=rf"{device}.*not installed: pip install"):
            srfer.load(device=device)
