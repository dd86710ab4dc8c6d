"""The route through torch2trt: what is refused before anything is imported, and what is asked."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from srfer.engines import ModelFile, Options, read_model
from srfer.engines.backends.torch2trt import build_plan, import_torch2trt
from srfer.engines.ort import onnxruntime
from srfer.engines.spec import expression_shapes
from srfer.errors import ConfigError, EngineError

from .crops import crops

TRT_11 = SimpleNamespace(__version__="11.4.0", Logger=object, IHostMemory=object)
"""Of TensorRT 11, what importing torch2trt looks at."""


@pytest.fixture(scope="module")
def model() -> ModelFile:
    return read_model("srfer-base")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an empty package torch2trt that can be imported."""
    folder = tmp_path / "torch2trt"
    folder.mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "torch2trt", raising=False)
    return folder


def install(package: Path, **files: str) -> None:
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)


def test_where_it_is_absent_its_address_is_given() -> None:
    with pytest.raises(EngineError, match=r"not installed: pip install git\+https://github.com/NV"):
        import_torch2trt(TRT_11)


def test_one_that_is_too_old_is_not_even_imported(package: Path) -> None:
    install(
        package,
        __init__="raise AssertionError('imported')",
        dataset_calibrator="import tensorrt as trt\n\n"
        "class DatasetCalibrator(trt.IInt8Calibrator):\n    pass\n",
    )
    message = r"does not fit TensorRT 11\.4\.0 \(trt\.IInt8Calibrator in dataset_calibrator\.py\)"
    with pytest.raises(EngineError, match=message):
        import_torch2trt(TRT_11)
    assert "torch2trt" not in sys.modules


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import types\ntypes.SimpleNamespace().EXPLICIT_BATCH", "EXPLICIT_BATCH"),
        ("import onnx_graphsurgeon_of_another_age", "onnx_graphsurgeon_of_another_age"),
    ],
)
def test_one_that_cannot_be_imported_is_named(package: Path, text: str, message: str) -> None:
    install(package, __init__=text)
    with pytest.raises(EngineError, match=rf"does not fit TensorRT .*{message}.*route onnx"):
        import_torch2trt(TRT_11)


def test_one_that_was_ported_is_imported(package: Path) -> None:
    install(
        package,
        __init__="ported = True",
        dataset_calibrator="class Calibrator(trt.Logger):\n    pass\n\nif hasattr(trt, 'Int8'):\n"
        "    class DatasetCalibrator(trt.IInt8Calibrator):\n        pass\n",
        broken="def",  # never imported, so its syntax is nobody's concern
    )
    assert import_torch2trt(TRT_11).ported is True
    del sys.modules["torch2trt"]


def test_quantised_graphs_are_refused(model: ModelFile) -> None:
    options = Options("int8", shapes=expression_shapes(4), route="torch2trt")
    with pytest.raises(ConfigError, match="takes no quantised graphs: use route onnx"):
        build_plan(TRT_11, model, options)


def test_without_a_gpu_it_is_refused(
    package: Path, monkeypatch: pytest.MonkeyPatch, model: ModelFile
) -> None:
    torch = pytest.importorskip("torch")
    install(package, __init__="")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    options = Options("fp32", shapes=expression_shapes(4), route="torch2trt")
    with pytest.raises(EngineError, match="needs PyTorch's build for CUDA, and a GPU"):
        build_plan(TRT_11, model, options)
    del sys.modules["torch2trt"]


@pytest.mark.filterwarnings("ignore")
def test_the_graph_can_be_traced_with_a_free_batch(model: ModelFile) -> None:
    """torch2trt traces the module with PyTorch's exporter; other batches must still fit."""
    torch = pytest.importorskip("torch")
    from srfer.engines.backends.torch_graph import TorchGraph

    graph = TorchGraph(model.data).eval()
    example = tuple(torch.from_numpy(values) for values in crops(8).values())
    file = io.BytesIO()
    torch.onnx.export(
        graph,
        example,
        file,
        input_names=list(graph.inputs),
        output_names=list(graph.outputs),
        dynamic_axes={name: {0: f"batch of {name}"} for name in graph.inputs},
        dynamo=False,
    )
    sessions = [
        onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
        for data in (file.getvalue(), model.data)
    ]
    found, expected = (session.run(list(graph.outputs), crops(5)) for session in sessions)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-4)


def test_the_graph_and_its_shapes_are_handed_over(
    package: Path, monkeypatch: pytest.MonkeyPatch, model: ModelFile
) -> None:
    """A stand-in for torch2trt runs the module that it is given, on the processor."""
    torch = pytest.importorskip("torch")
    install(package, __init__="")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.nn.Module, "cuda", lambda module: module)
    zeros = torch.zeros
    monkeypatch.setattr(torch, "zeros", lambda *shape, dtype, device: zeros(*shape, dtype=dtype))
    asked: dict[str, Any] = {}

    def convert(graph: object, inputs: list[object], **options: object) -> object:
        asked.update(options, inputs=inputs, outputs=graph(*inputs))  # type: ignore[operator]
        return SimpleNamespace(engine=SimpleNamespace(serialize=lambda: bytearray(b"plan")))

    module = ModuleType("torch2trt")
    module.torch2trt = convert  # type: ignore[attr-defined]
    module.__spec__ = SimpleNamespace(submodule_search_locations=[])  # type: ignore[assignment]
    monkeypatch.setitem(sys.modules, "torch2trt", module)
    options = Options("fp32", shapes=expression_shapes(4), route="torch2trt")
    assert build_plan(TRT_11, model, options) == b"plan"
    assert asked["input_names"] == ["faces", "native_px", "sr_gain"]
    assert asked["output_names"] == ["probabilities", "restored"]
    assert asked["max_shapes"] == [(4, 1, 48, 48), (4,), (4,)]
    assert asked["use_onnx"] is True
    assert [str(tensor.dtype) for tensor in asked["inputs"]] == [
        "torch.uint8",
        "torch.float32",
        "torch.float32",
    ]
    assert [tuple(tensor.shape) for tensor in asked["outputs"]] == [(4, 8), (4, 1, 48, 48)]
    with pytest.raises(ConfigError, match="needs the shapes of all inputs: faces, native_px"):
        build_plan(TRT_11, model, Options("fp32", route="torch2trt"))
