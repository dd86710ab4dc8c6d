"""Damaged and hostile model files: refused by their sha256, and without it by what they answer."""

from __future__ import annotations

import importlib.util
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import srfer
from srfer.engines import load, read_model
from srfer.engines import weights as weights_module
from srfer.errors import EngineError, ModelError
from tests.faults.damage import damaged
from tests.faults.limits import HANG_S, MUTATIONS, ROOT

PER_PROCESS = 500
MOST_MODEL_RSS_MB = 1000

CHILD = """
import json, resource, sys, time
from pathlib import Path
import numpy as np
from srfer.engines import Options, find_backend, load, read_model
from srfer.engines.spec import golden_feeds
from srfer.errors import SrferError
from tests.faults.damage import damaged
from tests.faults.limits import LIMIT_BYTES, peak_mb

folder, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
whole = read_model("srfer-base")
right = find_backend("cpu").open(whole, Options(), None).run(golden_feeds())["probabilities"]
resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
path = folder / "mutant.onnx"
for seed in range(first, last):
    path.write_bytes(damaged(whole.data, whole.data, seed))
    begun_s = time.monotonic()
    told = {"seed": seed, "error": None, "is_ours": True}
    try:
        found = load(path, "cpu")._session.run(golden_feeds())["probabilities"]
        told["difference"] = float(np.abs(found - right).max())
    except Exception as error:
        told |= {"error": str(error), "is_ours": isinstance(error, SrferError)}
    print(json.dumps({**told, "s": time.monotonic() - begun_s, "mb": peak_mb()}), flush=True)
"""


def test_every_change_of_a_shipped_file_is_refused_by_its_sha256(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = read_model("srfer-base").data
    (tmp_path / "index.json").write_text((weights_module.FOLDER / "index.json").read_text())
    monkeypatch.setattr(weights_module, "FOLDER", tmp_path)
    for seed in range(MUTATIONS):
        changed = damaged(data, data, seed)
        if changed != data:
            (tmp_path / "srfer-base.onnx").write_bytes(changed)
            with pytest.raises(ModelError, match=r"is damaged .sha256 differs."):
                read_model("srfer-base")


@pytest.mark.timeout(MUTATIONS * HANG_S)
def test_without_a_sha256_the_self_test_catches_what_matters(tmp_path: Path) -> None:
    """No crash, no hang, little memory; and what is loaded gives the answers of the whole file."""
    told: list[dict[str, Any]] = []
    for first in range(0, MUTATIONS, PER_PROCESS):
        last = min(first + PER_PROCESS, MUTATIONS)
        child = subprocess.run(
            [sys.executable, "-c", CHILD, str(tmp_path), str(first), str(last)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=PER_PROCESS * HANG_S,
        )
        assert child.returncode == 0, (child.returncode, child.stdout[-500:], child.stderr[-500:])
        told += [json.loads(line) for line in child.stdout.splitlines()]
    assert len(told) == MUTATIONS
    for one in told:
        assert one["is_ours"], one
        assert one["s"] < HANG_S, one
        assert one["mb"] < MOST_MODEL_RSS_MB, one
        if one["error"] is None:
            assert one["difference"] <= 2e-3, one
        else:
            assert one["error"].isprintable(), one
    assert sum(one["error"] is not None for one in told) > MUTATIONS / 4, "the damage is real"


@pytest.mark.parametrize("place", ["native_px", "srfer", "sr_gain"])
def test_names_that_are_no_text_are_told(tmp_path: Path, place: str) -> None:
    """Found by damaging files at random: protobuf gives such names as bytes."""
    data = read_model("srfer-base").data
    path = tmp_path / "a.onnx"
    path.write_bytes(data.replace(place.encode(), b"\xff" * len(place)))
    with pytest.raises(ModelError, match=r"a\.onnx is damaged: it has names that are no text"):
        load(path, "cpu")


def test_names_in_a_model_steer_no_terminal(tmp_path: Path) -> None:
    """Found by damaging files at random: what refuses a model quotes the names in it."""
    data = read_model("srfer-base").data
    path = tmp_path / "a.onnx"
    path.write_bytes(data.replace(b"sr_gain", b"\x1b[31m\n\x07"))
    with pytest.raises(ModelError, match=r"a\.onnx has inputs .*\\x1b\[31m\\n\\x07") as caught:
        load(path, "cpu")
    assert str(caught.value).isprintable()


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
