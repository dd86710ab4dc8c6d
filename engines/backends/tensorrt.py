"""TensorRT and TensorRT-RTX: graphs compiled for NVIDIA GPUs.

Both have nearly the same interface, so one class serves both. A function whose name ends with
`_rtx` uses what only TensorRT-RTX has; everything else exists in both. Networks are strongly typed:
TensorRT computes in the types that the graph names, which `srfer.engines.precision` has put there.
What was built is run by `tensorrt_session`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

from srfer.errors import BuiltEngineError, ConfigError, EngineError, ModelError

from ..cache import EngineCache
from ..contract import ModelFile, Options, Precision, ShapeRange
from ..precision import convert
from . import cuda
from .tensorrt_session import TensorRTSession, covers, log_of, tensors_of

if TYPE_CHECKING:
    import tensorrt as trt  # for annotations alone: the names are the same in both

TIMINGS = "tensorrt-timing.cache"
"""File in the engine cache with how long TensorRT's kernels took here; builds get faster by it."""

Hardware = Literal["this", "same capability", "ampere and newer"]

_TITLES = {"tensorrt": ("TensorRT", "11."), "tensorrt-rtx": ("TensorRT-RTX", "1.7.")}
"""By device: the name, and what versions begin with that srfer knows."""


@dataclass(frozen=True, slots=True)
class TensorRTSettings:
    """What a plan is to be good for; a plan for this machine alone is the fastest.

    Attributes:
        version_compatible: later versions of TensorRT can run the plan too. It gets larger by a
            runtime of its own, which is native code inside the plan, and fewer kernels can be
            chosen from.
        hardware: GPUs that can run it. "same capability" and "ampere and newer" give up cuDNN and
            cuBLAS, "ampere and newer" also shared memory above 48 KiB and some fusions.
        cuda_graphs: replay recorded work instead of queuing kernels one by one.
    """

    version_compatible: bool = False
    hardware: Hardware = "this"
    cuda_graphs: bool = True

    def __post_init__(self) -> None:
        if self.hardware not in get_args(Hardware):
            known = ", ".join(get_args(Hardware))
            raise ConfigError(f"no hardware {self.hardware!r}: choose one of {known}")


class Build(NamedTuple):
    """What TensorRT makes a plan from."""

    builder: trt.Builder
    network: trt.INetworkDefinition
    config: trt.IBuilderConfig
    profile: trt.IOptimizationProfile


@dataclass(frozen=True, slots=True)
class TensorRTBackend:
    """TensorRT, or TensorRT-RTX.

    Attributes:
        device: "tensorrt" or "tensorrt-rtx".
        precisions: what it can compute in.
        settings: what its plans are to be good for.
    """

    device: str = "tensorrt"
    precisions: tuple[Precision, ...] = ("fp16", "fp32", "int8")
    settings: TensorRTSettings = field(default_factory=TensorRTSettings)

    def __post_init__(self) -> None:
        if self.device not in _TITLES:
            raise ConfigError(f"no device {self.device!r}: choose one of {', '.join(_TITLES)}")
        fixed = self.settings.hardware != "this" or self.settings.version_compatible
        if self._is_rtx and fixed:
            raise ConfigError("TensorRT-RTX has no compatible plans: use the device tensorrt")

    @property
    def _is_rtx(self) -> bool:
        return self.device == "tensorrt-rtx"

    @property
    def _title(self) -> str:
        return _TITLES[self.device][0]

    def why_not(self) -> str | None:
        """See `srfer.engines.contract.Backend.why_not`."""
        if importlib.util.find_spec(self.device.replace("-", "_")) is None:
            return f"{self._title} is not installed: pip install 'srfer[{self.device}]'"
        try:
            cuda.find_gpu()
            self._load()
        except EngineError as error:
            return str(error)
        return None

    def describe(self) -> str:
        """See `srfer.engines.contract.Backend.describe`."""
        words = f"{self._title} {self._load().__version__} on {cuda.find_gpu()}"
        if self.settings.version_compatible:
            words += ", for later versions too"
        return words if self.settings.hardware == "this" else f"{words}, {self.settings.hardware}"

    def needs_build(self, options: Options) -> bool:  # noqa: ARG002
        """Always: TensorRT runs plans."""
        return True

    def build(self, model: ModelFile, options: Options) -> bytes:
        """Compile a plan; TensorRT-RTX can do it without a GPU, then for all from Ampere on.

        See `srfer.engines.contract.Backend.build`.
        """
        if options.route == "torch2trt":
            if self._is_rtx:
                raise ConfigError("TensorRT-RTX has no route torch2trt: use the device tensorrt")
            from .torch2trt import build_plan

            with cuda.on_gpu():
                return build_plan(self._load(), model, options)
        with self._on_gpu_if_any() as has_gpu:
            job = self.prepare(model, options, has_gpu)
            log = log_of(self._load())
            plan = job.builder.build_serialized_network(job.network, job.config)
            if plan is None:
                raise EngineError(f"{self._title} cannot build {model.name}: {log.take()}")
            if not self._is_rtx:
                _keep_timings(job.config)
            return bytes(plan)

    def prepare(self, model: ModelFile, options: Options, has_gpu: bool) -> Build:
        """Read a graph into TensorRT and say how it is to be compiled; see `build`.

        Args:
            model: the ONNX file.
            options: precision and shapes.
            has_gpu: whether to compile for the GPU of this machine.
        """
        trt = self._load()
        log = log_of(trt)
        log.take()
        try:
            builder = trt.Builder(log)
        except TypeError:  # what a null pointer becomes
            raise EngineError(f"{self._title} cannot build: {log.take()}") from None
        network = _parse(trt, builder, convert(model, options.precision), model.name)
        profile = _profile(builder, network, options.shapes, model.name)
        config = builder.create_builder_config()
        if config.add_optimization_profile(profile) < 0:
            raise EngineError(f"{self._title} refuses the shapes {dict(options.shapes)}")
        # It would round what single precision multiplies to 10 bits; fp16 is there for speed.
        config.clear_flag(trt.BuilderFlag.TF32)
        if self._is_rtx:
            _aim_rtx(trt, config, has_gpu)
            return Build(builder, network, config, profile)
        if self.settings.version_compatible:
            config.set_flag(trt.BuilderFlag.VERSION_COMPATIBLE)
        levels = trt.HardwareCompatibilityLevel
        config.hardware_compatibility_level = {
            "this": levels.NONE,
            "same capability": levels.SAME_COMPUTE_CAPABILITY,
            "ampere and newer": levels.AMPERE_PLUS,
        }[self.settings.hardware]
        _use_timings(config)
        return Build(builder, network, config, profile)

    def open(self, model: ModelFile, options: Options, built: bytes | None) -> TensorRTSession:
        """See `srfer.engines.contract.Backend.open`."""
        trt = self._load()
        description = self.describe()  # without a driver it ends here, with its reason
        log = log_of(trt)
        log.take()
        with cuda.on_gpu():
            try:
                runtime = trt.Runtime(log)
            except TypeError:  # what a null pointer becomes
                raise EngineError(f"{self._title} cannot run: {log.take()}") from None
            # Such plans bring code for the processor along; ours was built here and is checked.
            runtime.engine_host_code_allowed = self.settings.version_compatible
            engine = runtime.deserialize_cuda_engine(built or b"")
            if engine is None:
                reason = log.take()
                raise BuiltEngineError(f"{self._title} refuses the plan of {model.name}: {reason}")
            inputs = tensors_of(trt, engine, trt.TensorIOMode.INPUT)
            if not covers(inputs, options.shapes):
                raise BuiltEngineError(f"the plan of {model.name} was built for other shapes")
            return TensorRTSession(
                trt,
                engine,
                description,
                is_rtx=self._is_rtx,
                cuda_graphs=self.settings.cuda_graphs,
            )

    def _load(self) -> Any:
        """The module, if its version is one that srfer knows.

        Raises:
            EngineError: if it is absent, broken or of another version.
        """
        title, known = _TITLES[self.device]
        remedy = f"pip install 'srfer[{self.device}]'"
        try:
            module = importlib.import_module(self.device.replace("-", "_"))
            version = str(module.__version__)
        except Exception as error:  # without its libraries it fails in many ways
            raise EngineError(f"{title} cannot be imported ({error}): {remedy}") from error
        if not version.startswith(known):
            raise EngineError(f"{title} {version} is installed, srfer needs {known}*: {remedy}")
        return module

    @contextmanager
    def _on_gpu_if_any(self) -> Iterator[bool]:
        try:
            cuda.find_gpu()
            has_gpu = True
        except EngineError:
            if not self._is_rtx:
                raise
            has_gpu = False
        with cuda.on_gpu() if has_gpu else nullcontext():
            yield has_gpu


def _parse(trt: Any, builder: trt.Builder, data: bytes, name: str) -> trt.INetworkDefinition:
    """An ONNX file as TensorRT's network, which computes in the types that the file names."""
    network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
    parser = trt.OnnxParser(network, log_of(trt))
    is_parsed = parser.parse(data)
    # Without complaint, the parser makes an empty network of what is no ONNX file.
    if not is_parsed or parser.num_errors or not network.num_outputs:
        reasons = [parser.get_error(index).desc() for index in range(parser.num_errors)]
        raise ModelError(f"TensorRT cannot read {name}: {'; '.join(reasons) or 'it has no graph'}")
    return network


def _profile(
    builder: trt.Builder,
    network: trt.INetworkDefinition,
    shapes: Mapping[str, ShapeRange],
    name: str,
) -> trt.IOptimizationProfile:
    """The shapes that inputs will have, for TensorRT."""
    inputs = {network.get_input(index).name for index in range(network.num_inputs)}
    for unknown in sorted(shapes.keys() - inputs):
        raise ModelError(f"{name} has no input {unknown!r}: it has {', '.join(sorted(inputs))}")
    profile = builder.create_optimization_profile()
    for key, shape in shapes.items():
        profile.set_shape(key, shape.least, shape.usual, shape.most)
    return profile


def _aim_rtx(trt: Any, config: trt.IBuilderConfig, has_gpu: bool) -> None:
    """Compile for the GPU here, or for all from Ampere on; for Turing it has no FP32 GEMM."""
    known: Mapping[str, Any] = trt.ComputeCapability.__members__
    everyone = [value for name, value in known.items() if name[:2] == "SM" and name != "SM75"]
    targets = [trt.ComputeCapability.CURRENT] if has_gpu else everyone
    config.num_compute_capabilities = len(targets)
    for index, target in enumerate(targets):
        if not config.set_compute_capability(target, index):
            raise EngineError(f"TensorRT-RTX cannot compile for {target.name}")


def _use_timings(config: trt.IBuilderConfig) -> None:
    """Let TensorRT use the timings of earlier builds, if they are of this GPU and version."""
    path = EngineCache.of_user().folder / TIMINGS
    with suppress(OSError):
        status = path.stat()
        is_own = os.name != "posix" or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
        kept = config.create_timing_cache(path.read_bytes()) if is_own else None
        if kept is not None and config.set_timing_cache(kept, False):
            return
    config.set_timing_cache(config.create_timing_cache(b""), False)


def _keep_timings(config: trt.IBuilderConfig) -> None:
    """Write the timings for the next build; where that fails, the next build is only slower."""
    folder = EngineCache.of_user().folder
    timings = config.get_timing_cache()
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".new", dir=folder)
        with os.fdopen(handle, "wb") as file:
            file.write(timings.serialize())
        Path(name).replace(folder / TIMINGS)
