"""`srfer engine`, as people run it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srfer.engines import EngineCache
from tests.test_cli import run
from tests.training.toy import write_toy_data


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SRFER_CACHE", str(tmp_path / "engines"))
    return tmp_path / "engines"


def test_build_list_use_clear(capsys: pytest.CaptureFixture[str], own_cache: Path) -> None:
    code, data, _ = run(capsys, "engine", "build", "--device", "ncnn", "--max-batch", "16")
    record = json.loads(data)
    assert code == 0
    assert (record["device"], record["precision"], record["max_batch"]) == ("ncnn", "fp32", 16)
    assert record["bytes"] > 1e6
    assert record["build_s"] > 0
    assert str(record["threads"]) in record["ms_by_threads"]

    code, data, talk = run(capsys, "engine", "list")
    (line,) = data.splitlines()
    assert code == 0
    assert json.loads(line)["model"] == "srfer-base.onnx"
    assert f"1 engine(s) in {own_cache}" in talk

    _, data, _ = run(capsys, "engine", "build", "--device", "ncnn", "--max-batch", "16")
    assert json.loads(data)["build_s"] == 0

    code, _, talk = run(capsys, "engine", "clear")
    assert code == 0
    assert talk == f"removed 1 engine(s) from {own_cache}\n"
    assert EngineCache(own_cache).entries() == []


def test_what_needs_no_building_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    code, data, _ = run(capsys, "engine", "build")
    record = json.loads(data)
    assert code == 0
    assert (record["device"], record["bytes"]) == ("cpu", 0)
    assert record["ms_by_threads"]


def test_check_prints_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, data, talk = run(
        capsys, "engine", "check", "--device", "cpu,openvino,cuda", "--precision", "fp32",
        "--faces", "16",
    )  # fmt: skip
    assert code == 0
    title, *lines = data.splitlines()
    assert title.split()[:2] == ["engine", "answers"]
    rows = [line for line in lines if " right " in line]
    assert [row.split(",")[0] for row in rows] == ["cpu", "openvino"]
    assert all(row.rstrip().endswith("%") for row in rows)
    assert "GFLOP/s, fp32; compared on 16 faces with ONNX Runtime on cpu, fp32" in data
    assert "not checked: cuda fp32: the installed ONNX Runtime lacks" in talk


@pytest.mark.parametrize(
    ("arguments", "expected", "message"),
    [
        (["--device", "tpu"], 2, "error: no device 'tpu' to check: choose of tensorrt, "),
        (["--device", "auto"], 2, "error: no device 'auto' to check: choose of tensorrt, "),
        (["--device", "cuda"], 1, "error: nothing was checked, as none of these engines can be"),
        (["--device", "cpu", "--precision", "fp16"], 1, "error: nothing was checked"),
    ],
)
def test_a_check_of_nothing_is_no_success(
    capsys: pytest.CaptureFixture[str], arguments: list[str], expected: int, message: str
) -> None:
    code, data, talk = run(capsys, "engine", "check", "--faces", "8", *arguments)
    assert (code, data) == (expected, "")
    assert talk.splitlines()[-1].startswith(message)


def test_the_peak_is_compared_with_single_precision_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, data, _ = run(capsys, "engine", "check", "--device", "cpu", "--faces", "8")
    title, *rows = [line for line in data.splitlines() if line.strip()][:3]
    assert title.endswith("of GEMM peak")
    assert [row.rstrip().endswith("%") for row in rows] == [True, False]


def test_check_on_a_data_set_as_json(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    toys = write_toy_data(tmp_path / "toy.npz")
    code, data, _ = run(
        capsys, "engine", "check", "--device", "openvino", "--precision", "fp32", "--json",
        "--data", toys, "--faces", "12",
    )  # fmt: skip
    (record,) = [json.loads(line) for line in data.splitlines()]
    assert code == 0
    assert record["faces"] == 12
    assert record["is_right"] is True
    assert record["largest_difference"] < 1e-4
    assert set(record["ms_per_face"]) == {"1", "8", "32"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--device", "tpu"], "no device 'tpu': choose auto"),
        (["--device", "torch", "--precision", "int8"], "torch does not compute in int8: only fp32"),
        (["--model", "nope"], "no model 'nope'"),
        (["--device", "cuda"], "the installed ONNX Runtime lacks CUDAExecutionProvider"),
    ],
)
def test_what_cannot_be_built_is_a_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    code, data, talk = run(capsys, "engine", "build", *arguments)
    assert code in (1, 2)
    assert data == ""
    (line,) = talk.splitlines()
    assert line.startswith("error: ")
    assert message in line
