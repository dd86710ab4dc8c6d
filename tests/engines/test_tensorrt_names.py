"""Every name that is used of TensorRT exists, in both flavours, and takes that many arguments.

TensorRT's own libraries need gigabytes and a GPU, but its Python bindings are a small wheel. They
can be loaded where the libraries are missing, once the C functions that they want are there as
empty ones; nothing is called, only looked at. The wheel is SRFER_TENSORRT_BINDINGS, if that is set,
else pip gets it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from srfer.engines import backends

SOURCES = [
    Path(backends.__file__).with_name(name) for name in ("tensorrt.py", "tensorrt_session.py")
]
CUDA = Path(backends.__file__).with_name("cuda.py")
CHECKER = Path(__file__).parent / "tensorrt_stub" / "names.py"
WHEEL = "tensorrt_cu13_bindings"
WHEEL_VARIABLE = "SRFER_TENSORRT_BINDINGS"
ENDINGS = (b"_INTERNAL", b"PluginRegistry", b"OnnxParserVersion", b"NvInferPlugins")
"""Of the C functions that the bindings want from TensorRT's libraries."""
SURE = {
    "Builder.build_serialized_network",
    "IBuilderConfig.add_optimization_profile",
    "ICudaEngine.get_tensor_profile_shape",
    "IExecutionContext.execute_async_v3",
    "IExecutionContext.set_tensor_address",
    "ParserError.desc",
    "Runtime.deserialize_cuda_engine",
}
"""Some that the checker has to have followed, or it proves nothing."""


def look(module: str, folder: Path, *sources: Path) -> tuple[set[str], list[str]]:
    """Run the checker in a process of its own; gives the names used and what is wrong."""
    command = [sys.executable, str(CHECKER), module, str(folder), *map(str, sources)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    used, wrong = json.loads(done.stdout.splitlines()[-1])
    return set(used), wrong


@pytest.fixture(scope="session")
def bindings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the module `tensorrt_bindings` of TensorRT 11, and empty libraries for it."""
    if sys.platform != "linux" or not (compiler := shutil.which("cc") or shutil.which("gcc")):
        pytest.skip("the empty libraries are made with a C compiler on Linux")
    folder = tmp_path_factory.mktemp("bindings")
    wheel = _wheel(folder)
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    source = folder / "empty.c"
    library = (folder / "tensorrt_bindings" / "tensorrt.so").read_bytes()
    # Every word in the bindings that looks like one of the C functions; some too many do no harm.
    words = re.findall(rb"[A-Za-z_]\w{6,}", library)
    functions = [word for word in words if re.fullmatch(rb"(create|get|init)\w+", word)]
    names = sorted({word.decode() for word in functions if word.endswith(ENDINGS)})
    source.write_text("".join(f"void {name}(void) {{}}\n" for name in names))
    for wanted in sorted(set(re.findall(rb"libnv\w+\.so\.\d+", library))):
        target = folder / "tensorrt_bindings" / wanted.decode()
        command = [compiler, "-shared", "-fPIC", f"-Wl,-soname,{target.name}", "-o", str(target)]
        subprocess.run([*command, str(source)], check=True, timeout=60)
    return folder


def _wheel(folder: Path) -> Path:
    given = os.environ.get(WHEEL_VARIABLE)
    if given:
        return Path(given)
    command = [sys.executable, "-m", "pip", "download", f"{WHEEL}==11.*", "--no-deps"]
    command += ["--quiet", "--disable-pip-version-check", "--retries", "1", "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        pytest.skip(f"pip cannot get {WHEEL}, and {WHEEL_VARIABLE} names no wheel")
    return wheels[0]


def test_names_are_those_of_tensorrt(bindings: Path) -> None:
    used, wrong = look("tensorrt_bindings", bindings, *SOURCES)
    assert wrong == []
    assert used >= SURE
    assert len(used) > 50


@pytest.mark.skipif(
    importlib.util.find_spec("tensorrt_rtx") is None, reason="TensorRT-RTX is not installed"
)
def test_names_are_those_of_tensorrt_rtx(tmp_path: Path) -> None:
    used, wrong = look("tensorrt_rtx", tmp_path, *SOURCES)
    assert wrong == []
    assert used >= SURE | {"IBuilderConfig.set_compute_capability"}


@pytest.mark.skipif(importlib.util.find_spec("cuda") is None, reason="cuda-python is not installed")
def test_names_are_those_of_cuda_python(tmp_path: Path) -> None:
    used, wrong = look("cuda.bindings.runtime", tmp_path, CUDA)
    assert wrong == []
    assert used >= {"runtime.cudaGraphLaunch", "runtime.cudaMemcpyAsync", "runtime.cudaHostAlloc"}


@pytest.mark.parametrize(
    ("right", "misspelt", "message"),
    [
        (".STRONGLY_TYPED", ".EXPLICIT_BATCH", "NetworkDefinitionCreationFlag.EXPLICIT_BATCH"),
        (".BuilderFlag.TF32", ".BuilderFlag.FP16", "there is no BuilderFlag.FP16"),
        ("execute_async_v3(", "execute_async_v2(", "IExecutionContext.execute_async_v2"),
        (".set_input_shape(", ".set_binding_shape(", "IExecutionContext.set_binding_shape"),
        (".get_error(index).desc()", ".get_error(index).text()", "ParserError.text"),
        (".num_io_tensors", ".num_bindings", "ICudaEngine.num_bindings"),
        ("timings.serialize()", "timings.to_bytes()", "ITimingCache.to_bytes"),
        ("trt.Runtime(log)", "trt.Runtimes(log)", "tensorrt_bindings.Runtimes"),
        (".set_timing_cache(kept, False)", ".set_timing_cache(kept)", "takes no 1 arguments"),
        ("trt.Builder(log)", "trt.Builder(log, 1)", "Builder takes no 2 arguments"),
        (
            "set_device_memory(self._scratch.address, self._scratch.size)",
            "set_device_memory(self._scratch.address)",
            "set_device_memory takes no 1 arguments",
        ),
    ],
)
def test_a_name_that_is_wrong_is_found(
    bindings: Path, tmp_path: Path, right: str, misspelt: str, message: str
) -> None:
    changed = []
    for source in SOURCES:
        changed.append(tmp_path / source.name)
        changed[-1].write_text(source.read_text().replace(right, misspelt))
    assert any(
        path.read_text() != source.read_text()
        for path, source in zip(changed, SOURCES, strict=True)
    )
    _, wrong = look("tensorrt_bindings", bindings, *changed)
    assert any(message in text for text in wrong), wrong
