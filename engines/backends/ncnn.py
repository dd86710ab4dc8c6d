"""ncnn: a small runtime without dependencies, at home on phones and boards.

pnnx, ncnn's own converter, makes its two files from the ONNX file; both are kept as one archive. It
knows no batches, so faces are computed one after the other.
"""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
import zipfile
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.errors import BuiltEngineError, EngineError, ModelError

from ..contract import Arrays, ModelFile, Options, Precision
from ..onnx_file import OnnxForm, TensorForm, read_form

NAME = "model"
PARAM, WEIGHTS = f"{NAME}.ncnn.param", f"{NAME}.ncnn.bin"
SHORT = {"float32": "f32", "uint8": "u8"}
CONVERSION_LIMIT_S = 300.0
FOREIGN = ("pnnx.", "F.", "Tensor.", "aten::", "prim::", "nn.")
"""How operators begin that pnnx could not translate. ncnn refuses them when it loads."""


class NcnnSession:
    """A loaded network; may be used from several threads."""

    def __init__(self, network: Any, form: OnnxForm, description: str) -> None:
        self._network = network
        self._form = form
        self._description = description

    def run(self, feeds: Arrays) -> dict[str, NDArray[Any]]:
        """See `srfer.engines.contract.Session.run`."""
        count = len(feeds[self._form.inputs[0].name])
        rows = [self._run_one(feeds, index) for index in range(count)]
        columns = zip(*rows, strict=True)
        names = (output.name for output in self._form.outputs)
        return {name: np.stack(values) for name, values in zip(names, columns, strict=True)}

    def _run_one(self, feeds: Arrays, index: int) -> list[NDArray[Any]]:
        import ncnn

        with self._network.create_extractor() as extractor:
            for number, tensor in enumerate(self._form.inputs):
                item = np.atleast_1d(np.asarray(feeds[tensor.name][index], np.float32))
                extractor.input(f"in{number}", ncnn.Mat(np.ascontiguousarray(item)).clone())
            found = []
            for number, tensor in enumerate(self._form.outputs):
                status, values = extractor.extract(f"out{number}")
                if status != 0:
                    raise EngineError(f"{self._description} failed with the status {status}")
                found.append(_as_formed(np.array(values), tensor))
        return found


def _as_formed(values: NDArray[Any], tensor: TensorForm) -> NDArray[Any]:
    """Give an output the axes, without the batch, and the type that it has in the ONNX file."""
    shape = [-1 if axis is None else axis for axis in tensor.shape[1:]]
    shaped = values.reshape(shape) if shape.count(-1) <= 1 else values
    return shaped.astype(tensor.dtype or np.float32)


@dataclass(frozen=True, slots=True)
class NcnnBackend:
    """ncnn on the processor."""

    device: str = "ncnn"
    precisions: tuple[Precision, ...] = ("fp32",)

    def why_not(self) -> str | None:
        """See `srfer.engines.contract.Backend.why_not`."""
        if find_spec("ncnn") is None:
            return "ncnn not installed: pip install 'srfer[ncnn]'"
        if _converter() is None:
            return "pnnx, which converts models for it, not installed: pip install --no-deps pnnx"
        return None

    def describe(self) -> str:
        """See `srfer.engines.contract.Backend.describe`."""
        return f"ncnn {metadata.version('ncnn')} on the processor"

    def needs_build(self, options: Options) -> bool:
        """Always: ncnn reads no ONNX files."""
        del options
        return True

    def build(self, model: ModelFile, options: Options) -> bytes | None:
        """Convert with pnnx; see `srfer.engines.contract.Backend.build`."""
        form = read_form(model.data, model.name)
        with tempfile.TemporaryDirectory(prefix="srfer-ncnn-") as name:
            folder = Path(name)
            (folder / f"{NAME}.onnx").write_bytes(model.data)
            _convert(folder, _arguments(form, options), model.name)
            lines = (folder / PARAM).read_text(encoding="utf-8").splitlines()
            text = "\n".join(_translated(line, model.name) for line in lines) + "\n"
            archive = io.BytesIO()
            with zipfile.ZipFile(archive, "w") as pack:
                pack.writestr(PARAM, text)
                pack.writestr(WEIGHTS, (folder / WEIGHTS).read_bytes())
        return archive.getvalue()

    def open(self, model: ModelFile, options: Options, built: bytes | None) -> NcnnSession:
        """See `srfer.engines.contract.Backend.open`."""
        import ncnn

        network = ncnn.Net()
        network.opt.num_threads = options.threads
        network.opt.use_vulkan_compute = False
        for setting in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic"):
            setattr(network.opt, setting, False)
        with tempfile.TemporaryDirectory(prefix="srfer-ncnn-") as name:
            try:
                with zipfile.ZipFile(io.BytesIO(built or b"")) as pack:
                    paths = [pack.extract(part, name) for part in (PARAM, WEIGHTS)]
            except (zipfile.BadZipFile, KeyError):
                raise BuiltEngineError(f"ncnn's files for {model.name} are damaged") from None
            # From files, since from memory ncnn keeps pointers into a buffer that Python may free.
            if network.load_param(paths[0]) != 0 or network.load_model(paths[1]) != 0:
                raise BuiltEngineError(f"ncnn cannot load its files for {model.name}")
        return NcnnSession(network, read_form(model.data, model.name), self.describe())


def _arguments(form: OnnxForm, options: Options) -> list[str]:
    """What pnnx wants to know: two sets of input shapes, so that it sees which axes change."""
    usual: list[str] = []
    least: list[str] = []
    for tensor in form.inputs:
        shapes = options.shapes[tensor.name]
        kind = SHORT.get(tensor.dtype, "f32")
        for listed, shape in ((usual, shapes.usual), (least, shapes.least)):
            axes = (1, *shape[1:])  # one at a time
            listed.append(f"[{','.join(str(axis) for axis in axes)}]{kind}")
    arguments = [f"inputshape={','.join(usual)}"]
    if usual != least:
        arguments.append(f"inputshape2={','.join(least)}")
    return [*arguments, "fp16=0"]


def _converter() -> Path | None:
    """The program inside the package pnnx, which is not imported: that would import PyTorch."""
    spec = find_spec("pnnx")
    if spec is None or not spec.submodule_search_locations:
        return None
    path = Path(spec.submodule_search_locations[0], "pnnx.exe" if os.name == "nt" else "pnnx")
    return path if path.is_file() else None


def _convert(folder: Path, arguments: list[str], name: str) -> None:
    command = [str(_converter()), f"{NAME}.onnx", *arguments]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, timeout=CONVERSION_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EngineError(f"pnnx failed on {name}: {error}") from None
    if done.returncode != 0 or not (folder / PARAM).is_file():
        raise ModelError(f"pnnx cannot convert {name} for ncnn")


def _translated(line: str, name: str) -> str:
    """A line of ncnn's description of the network.

    Changes of type become nothing, since ncnn's tensors are all of single precision.

    Raises:
        ModelError: if it is an operator that ncnn does not have.
    """
    kind = line.split(" ", 1)[0]
    if kind == "Tensor.to":
        return " ".join(["Noop", *line.split()[1:6]])
    if kind.startswith(FOREIGN):
        raise ModelError(f"ncnn cannot run {name}: it has no operator {kind}")
    return line
