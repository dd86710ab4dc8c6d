"""What every benchmark shares: who ran it on what, percentiles, and the result file.

A benchmark is a script that is run by one command from the repository's root,

    python -m benchmarks.pipeline_overhead

and ends with `write_result(NAME, data)`, which writes `benchmarks/results/NAME.json`: the
figures, and beside them the machine, the versions and the commit that they belong to.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from srfer.processor import processor_name

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
PACKAGES = ("srfer", "numpy", "opencv-python", "onnxruntime", "av", "torch")


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
    """The checkout's commit, with `+changes` if tracked files differ; "unknown" without git."""
    try:
        head = _git("rev-parse", "--short=12", "HEAD")
        # The results themselves do not count: a benchmark changes them.
        changes = _git("status", "--porcelain", "-uno", "--", ".", ":!benchmarks/results")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head + ("+changes" if changes else "")


def percentiles(samples: Sequence[float], digits: int = 3) -> dict[str, float]:
    """Summarise samples as p50, p95, p99, mean, and n, in the unit of the samples.

    Raises:
        ValueError: if there are no samples.
    """
    if not len(samples):
        raise ValueError("percentiles need at least one sample")
    values = np.asarray(samples, dtype=np.float64)
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    figures = {"p50": p50, "p95": p95, "p99": p99, "mean": values.mean()}
    return {name: round(float(value), digits) for name, value in figures.items()} | {
        "n": len(values)
    }


def write_result(name: str, data: Mapping[str, Any]) -> Path:
    """Write `data`, and what it was measured on, to `benchmarks/results/<name>.json`.

    Args:
        name: of the benchmark; a later run replaces an earlier one.
        data: the figures, anything that JSON can hold; names carry their units (`_ms`, `_px`).

    Returns:
        The file that was written.
    """
    report = {
        "benchmark": name,
        "measured": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": machine(),
        "versions": versions(),
        **data,
    }
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    return path


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()
