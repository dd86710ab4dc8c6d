"""What a figure was measured on: machine, versions, commit."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import srfer
from srfer.processor import processor_name

PACKAGES = (
    "srfer",
    "numpy",
    "opencv-python",
    "onnxruntime",
    "onnxruntime-gpu",
    "openvino",
    "ncnn",
    "tensorrt",
    "tensorrt-rtx",
    "av",
    "torch",
)


def machine() -> dict[str, Any]:
    """Describe the machine: processor, cores this process may use, memory in GiB, system."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": processor_name(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that decide about speed, where installed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The checkout's commit, with `+changes` if tracked files differ; "unknown" outside of one."""
    try:
        # An installed package may lie in a folder of somebody else's repository.
        _git("ls-files", "--error-unmatch", "__init__.py")
        head = _git("rev-parse", "--short=12", "HEAD")
        # The results themselves do not count: a benchmark changes them.
        where = (":/", ":(top,exclude)benchmarks/results")
        changes = _git("status", "--porcelain", "-uno", "--", *where)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+changes" if changes else "")


def _git(*arguments: str) -> str:
    folder = Path(srfer.__file__).resolve().parent
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()
