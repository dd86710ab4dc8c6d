"""What this machine can do, and what is missing.

Every library is imported inside the check that is about it, so that one that is broken is a finding
and not the end of the examination.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec

from .errors import SrferError
from .processor import processor_name

EXTRAS = {
    "bench": ("pynvml",),
    "cluster": ("ray", "grpc"),
    "demo": ("matplotlib", "skimage"),
    "engines": ("onnx",),
    "gui": ("PyQt6", "pyqtgraph"),
    "pandas": ("pandas",),
    "parquet": ("pyarrow",),
    "train": ("torch", "onnx", "onnxscript", "scipy", "tensorboard", "matplotlib"),
    "watch": ("httpx", "paho", "prometheus_client"),
}
"""What each extra has to bring."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        subject: what it is about.
        is_fine: True if it can be used; False if not, which may be no loss.
        detail: in words; where it cannot be used, why and what to do.
        is_needed: True if srfer cannot work without it.
    """

    subject: str
    is_fine: bool
    detail: str
    is_needed: bool = True


def examine() -> list[Finding]:
    """Look at everything that srfer uses; nothing is changed, no network is touched."""
    return [
        Finding("processor", True, f"{processor_name()}, {_cores()} core(s) to use"),
        _graphics(),
        _try("pictures", _pictures),
        _try("video", _video),
        *_devices(),
        _try("tracker retinaface", _detector),
        *_trackers(),
        *_extras(),
    ]


def _try(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, check())
    except (SrferError, ImportError) as error:  # ImportError: often a library of the system
        return Finding(subject, False, str(error))


def _pictures() -> str:
    try:
        import cv2
    except ImportError as error:
        raise ImportError(f"{error}: on Debian, apt-get install libgl1 libglib2.0-0") from None
    return f"OpenCV {cv2.__version__}"


def _video() -> str:
    import av

    missing = [name for name in ("libx264", "aac") if name not in av.codecs_available]
    if missing:
        raise ImportError(
            f"PyAV {av.__version__} lacks the encoders {', '.join(missing)}: "
            "pip install --force-reinstall av"
        )
    version = ".".join(str(part) for part in av.library_versions["libavcodec"])
    return f"PyAV {av.__version__}, libavcodec {version}, H.264 and AAC encoders"


def _graphics() -> Finding:
    """NVIDIA devices, as their driver lists them."""
    tool = shutil.which("nvidia-smi")
    listed = ""
    if tool is not None:
        command = [tool, "--query-gpu=name,driver_version", "--format=csv,noheader"]
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
            listed = "; ".join(line.strip() for line in done.stdout.splitlines() if line.strip())
    detail = listed or "none with a working driver: nvidia-smi lists none"
    return Finding("NVIDIA device", bool(listed), detail, is_needed=False)


def _devices() -> Iterator[Finding]:
    """The devices that models can run on, and the shipped models."""
    try:
        from srfer.engines import BACKENDS, EngineCache, shipped
    except ImportError as error:
        yield Finding("model runtime", False, str(error))
        return
    for backend in BACKENDS:
        reason = backend.why_not()
        detail = reason or f"{backend.describe()}: {', '.join(backend.precisions)}"
        needed = backend.device == "cpu"
        yield Finding(f"device {backend.device}", reason is None, detail, is_needed=needed)
    for name in shipped():
        yield _try(f"model {name}", partial(_model, name))
    cache = EngineCache.of_user()
    built = f"{len(cache.entries())} built, kept in {cache.folder}"
    yield Finding("engines", True, built, is_needed=False)


def _model(name: str) -> str:
    from srfer.engines import load

    model = load(name)
    refused = "".join(f"; {note}" for note in model.notes)
    threads = f"{model.options.threads} thread(s)"
    chosen = f"{model.spec.version}; chosen here: {model.engine}, {threads}"
    return f"{chosen}; right by its self-test{refused}"


def _detector() -> str:
    from srfer.realtime.detection import open_detector

    with open_detector() as detector:
        return f"{detector.name}, whole"


def _trackers() -> Iterator[Finding]:
    """The trackers whose model files are not installed with srfer."""
    try:
        from srfer.realtime.known_models import KNOWN_MODELS, fetched_model
        from srfer.realtime.tracking.landmarker import HOW_TO_INSTALL
    except ImportError as error:
        yield Finding("other trackers", False, str(error), is_needed=False)
        return
    for model in KNOWN_MODELS:
        is_absent = model.name == "mediapipe" and find_spec("mediapipe") is None
        try:
            detail = HOW_TO_INSTALL if is_absent else str(fetched_model(model.name))
            is_fine = not is_absent
        except SrferError as error:
            detail, is_fine = str(error), False
        yield Finding(f"tracker {model.name}", is_fine, detail, is_needed=False)


def _extras() -> Iterator[Finding]:
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if find_spec(module) is None]
        detail = (
            f"no {', '.join(missing)}: pip install 'srfer[{extra}]'" if missing else "installed"
        )
        yield Finding(f"extra [{extra}]", not missing, detail, is_needed=False)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
