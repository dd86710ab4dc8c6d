"""Plans for TensorRT by way of NVIDIA's torch2trt, for those who use it already.

torch2trt converts PyTorch modules. Here the module is `TorchGraph`, which executes the model's ONNX
graph. It is converted with `use_onnx=True`, since torch2trt's own converters take no uint8 inputs.
The precision is in the graph, as on the other route, because TensorRT 11 has no switch for it.

torch2trt is not on PyPI. NVIDIA's version is older than TensorRT 11 and derives a class from one
that TensorRT 11 does not have any more; that is found out by reading its source, before importing
it executes anything.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from srfer.errors import ConfigError, EngineError

from ..contract import ModelFile, Options
from ..precision import convert

REMEDY = "pip install git+https://github.com/NVIDIA-AI-IOT/torch2trt"
_ONNX_ROUTE = "use route onnx, which needs no torch2trt"


def build_plan(trt: Any, model: ModelFile, options: Options) -> bytes:
    """Compile a plan through torch2trt; it needs a GPU and PyTorch's build for CUDA.

    Args:
        trt: the module `tensorrt`.
        model: the ONNX file.
        options: precision, and the shapes of every input.

    Returns:
        the plan, with the graph's names of inputs and outputs.

    Raises:
        ConfigError: if the precision is int8, or the shape of an input is not given.
        EngineError: if torch2trt or PyTorch is absent, too old for this TensorRT, or fails.
        ModelError: if PyTorch cannot execute the graph.
    """
    if options.precision == "int8":
        raise ConfigError(f"torch2trt takes no quantised graphs: {_ONNX_ROUTE}, or fp16")
    torch2trt = import_torch2trt(trt)
    try:
        torch = importlib.import_module("torch")
        from .torch_graph import TorchGraph
    except ImportError as error:
        raise EngineError(f"torch2trt needs PyTorch and onnx ({error}): {_ONNX_ROUTE}") from None
    if not torch.cuda.is_available():
        raise EngineError(f"torch2trt needs PyTorch's build for CUDA, and a GPU: {_ONNX_ROUTE}")
    graph = TorchGraph(convert(model, options.precision)).eval().cuda()
    given = [options.shapes[name] for name in graph.inputs if name in options.shapes]
    if len(given) < len(graph.inputs):
        raise ConfigError(f"torch2trt needs the shapes of all inputs: {', '.join(graph.inputs)}")
    pairs = zip(given, _dtypes(torch, model), strict=True)
    inputs = [torch.zeros(shape.usual, dtype=dtype, device="cuda") for shape, dtype in pairs]
    try:
        with torch.no_grad():
            module = torch2trt.torch2trt(
                graph,
                inputs,
                input_names=list(graph.inputs),
                output_names=list(graph.outputs),
                min_shapes=[shape.least for shape in given],
                opt_shapes=[shape.usual for shape in given],
                max_shapes=[shape.most for shape in given],
                use_onnx=True,
            )
            return bytes(module.engine.serialize())
    except Exception as error:  # of torch2trt, PyTorch's exporter and TensorRT
        raise EngineError(
            f"torch2trt cannot build {model.name} ({error}): {_ONNX_ROUTE}"
        ) from error


def import_torch2trt(trt: Any) -> Any:
    """The module torch2trt, if it fits the installed TensorRT.

    Raises:
        EngineError: if it is absent, or uses what TensorRT does not have any more.
    """
    spec = importlib.util.find_spec("torch2trt")
    if spec is None:
        raise EngineError(f"torch2trt is not installed: {REMEDY}, or {_ONNX_ROUTE}")
    for folder in spec.submodule_search_locations or ():
        for path in sorted(Path(folder).glob("*.py")):
            missing = next(_missing_bases(path, trt), None)
            if missing:
                raise _too_old(trt, f"trt.{missing} in {path.name}")
    try:
        return importlib.import_module("torch2trt")
    except (AttributeError, ImportError) as error:
        raise _too_old(trt, str(error)) from error


def _too_old(trt: Any, what: str) -> EngineError:
    return EngineError(
        f"the installed torch2trt does not fit TensorRT {trt.__version__} ({what}): "
        f"install one that was ported to it, or {_ONNX_ROUTE}"
    )


def _missing_bases(path: Path, trt: Any) -> Iterator[str]:
    """Classes of TensorRT that classes at a file's top level, which no `if` guards, derive from."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # importing it will say it better
    for node in tree.body:
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            match base:
                case ast.Attribute(value=ast.Name(id="trt"), attr=name) if not hasattr(trt, name):
                    yield name


def _dtypes(torch: Any, model: ModelFile) -> list[Any]:
    """PyTorch's types of the graph's inputs, in its order."""
    from ..onnx_file import read_form

    return [getattr(torch, tensor.dtype) for tensor in read_form(model.data, model.name).inputs]
