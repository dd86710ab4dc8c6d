"""What this machine can do, and what is missing."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from srfer.engines import BACKENDS, load, shipped
from srfer.errors import SrferError


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
    findings = [Finding("processor", True, f"{processor_name()}, {_cores()} core(s) to use")]
    for backend in BACKENDS:
        reason = backend.why_not()
        findings.append(
            Finding(
                f"device {backend.device}",
                reason is None,
                reason or "can be used",
                is_needed=backend.device == "cpu",
            )
        )
    for name in shipped():
        findings.append(_try(f"model {name}", partial(_model, name)))
    findings.append(_try("face detector", _detector))
    findings.append(_try("video", _video))
    return findings


def _try(subject: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, check())
    except SrferError as error:
        return Finding(subject, False, str(error))
    except ImportError as error:  # a system library that a wheel needs
        return Finding(subject, False, f"{error}: install the system library that it names")


def _model(name: str) -> str:
    return f"{load(name).description}, whole and right by its self-test"


def _detector() -> str:
    from .detection import open_detector

    with open_detector() as detector:
        return f"{detector.name}, searching at {detector.input_px} px"


def _video() -> str:
    import av

    encoders = [name for name in ("libx264", "aac") if name in av.codecs_available]
    version = ".".join(str(part) for part in av.library_versions["libavcodec"])
    return f"PyAV {av.__version__}, libavcodec {version}, encoders {', '.join(encoders)}"


def processor_name() -> str:
    """Model of the processor, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
