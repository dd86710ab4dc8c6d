"""What every benchmark shares: who ran it on what, percentiles, and the result file.

A benchmark is a script that is run by one command from the repository's root,

    python -m benchmarks.pipeline_overhead

and ends with `write_result(NAME, data)`, which writes `benchmarks/results/NAME.json`: the
figures, and beside them the machine, the versions and the commit that they belong to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.realtime.bench.machine import commit, machine, versions
from srfer.realtime.bench.percentiles import Percentiles

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"


def percentiles(
    samples: Sequence[float] | NDArray[np.float64], digits: int = 3
) -> dict[str, float]:
    """Summarise samples as p50, p95, p99, max, mean, and n, in the unit of the samples.

    Raises:
        ValueError: if there are no samples.
    """
    summary = Percentiles.of(samples, digits)
    if summary is None:
        raise ValueError("percentiles need at least one sample")
    return asdict(summary)


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
