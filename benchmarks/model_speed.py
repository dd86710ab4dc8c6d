"""What reading one face costs.

    python -m benchmarks.model_speed

Milliseconds a face at batch 1, 8 and 32 on one processor core, as a share of the core's measured
matrix-multiplication peak; time to open the model.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before numpy loads its BLAS
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import srfer

from .harness import percentiles, write_result

ROUNDS = 30
BATCHES = (1, 8, 32)


def clock(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    """Measure in turn, round by round, so that a slow moment of the machine hits all alike."""
    opening_s = [clock(srfer.load) for _ in range(5)]
    model = srfer.load()
    random = np.random.default_rng(1)
    square = random.random((1024, 1024), np.float32)
    faces = random.integers(0, 256, (max(BATCHES), 48, 48), np.uint8)
    sizes = np.full(max(BATCHES), 20, np.float32)
    seconds: dict[int, list[float]] = {batch: [] for batch in BATCHES}
    peak: list[float] = []
    for _ in range(ROUNDS):
        peak.append(2 * 1024**3 / clock(lambda: square @ square) / 1e9)
        for batch in BATCHES:

            def read(count: int = batch) -> None:
                model.read_faces(faces[:count], sizes[:count])

            seconds[batch].append(min(clock(read) for _ in range(3)) / batch)
    gflop = 2 * model.spec.macs / 1e9
    gemm = percentiles(peak)["p50"]
    data: dict[str, Any] = {
        "model": model.description,
        "macs": model.spec.macs,
        "open_s": percentiles(opening_s),
        "gemm_gflops": percentiles(peak),
        "ms_per_face": {str(b): percentiles([s * 1e3 for s in seconds[b]]) for b in BATCHES},
    }
    data["share_of_gemm_peak"] = {
        str(b): round(gflop / float(np.median(seconds[b])) / gemm, 3) for b in BATCHES
    }
    print(f"{model.description}: opens in {data['open_s']['p50']:.2f} s")
    for b in BATCHES:
        figures = data["ms_per_face"][str(b)]
        share = data["share_of_gemm_peak"][str(b)]
        print(f"batch {b}: {figures['p50']:.2f} ms a face, {share:.0%} of {gemm:.0f} GFLOP/s")
    print(write_result("model_speed", data))


if __name__ == "__main__":
    main()
