"""What each engine of this machine answers and costs.

    python -m benchmarks.engines

For every engine that can be used here, in every precision: agreement with ONNX Runtime in single
precision on 256 fixed faces; milliseconds a face at batch 1, 8 and 32 on one thread, as a share of
the matrix-multiplication peak that is measured in the same rounds; and, each in a process of its
own, the time to open the model and the memory that the process then has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before libraries make their threads

from srfer.engines import read_model
from srfer.engines.check import Candidate, check_engines, fixed_faces, measure_speed

from .harness import percentiles, write_result

MODEL = "srfer-base"
ROUNDS = 30
OPENINGS = 5
PROBE = """
import json, pathlib, time
began = time.perf_counter()
import srfer
imported = time.perf_counter()
model = srfer.load({model!r}, {device!r}, 1, precision={precision!r})
opened = time.perf_counter()
from srfer.engines.check import fixed_faces
faces, sizes = fixed_faces(32)
for _ in range(3):
    model.read_faces(faces, sizes)
status = pathlib.Path("/proc/self/status").read_text().split()
peak = int(status[status.index("VmHWM:") + 1]) / 1024  # getrusage has the parent's, too
print(json.dumps([imported - began, opened - imported, peak]))
"""


def opening(candidate: Candidate) -> dict[str, Any]:
    """Seconds to open the model and MB of memory, in processes of their own."""
    code = PROBE.format(model=MODEL, device=candidate.device, precision=candidate.precision)
    runs = []
    for _ in range(OPENINGS):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        runs.append(json.loads(done.stdout))
    _, seconds, memory = zip(*runs, strict=True)
    return {"open_s": percentiles(seconds), "peak_memory_mb": percentiles(memory, 1)}


def main() -> None:
    """Measure, print the table, write the JSON file."""
    found = [one for one in check_engines(MODEL, *fixed_faces(256)) if one.model is not None]
    speeds = measure_speed([one.model for one in found if one.model is not None], ROUNDS)
    engines = {}
    for candidate, speed in zip(found, speeds, strict=True):
        assert candidate.agreement is not None
        assert candidate.model is not None
        figures = opening(candidate)
        name = f"{candidate.device}, {candidate.precision}"
        engines[name] = {
            "engine": candidate.model.engine,
            "is_right": candidate.is_right,
            "largest_difference": candidate.agreement.largest,
            "same_labels": candidate.agreement.same_labels,
            "ms_per_face": {str(b): round(ms, 3) for b, ms in speed.ms_per_face.items()},
            "faces_per_s": round(speed.faces_per_s, 1),
            "share_of_gemm_peak": round(speed.share_of_peak, 3),
            **figures,
        }
        times = " / ".join(f"{ms:.2f}" for ms in speed.ms_per_face.values())
        print(
            f"{name:16} {times} ms a face, {speed.share_of_peak:.0%} of "
            f"{speed.gemm_gflops:.0f} GFLOP/s, opens in {figures['open_s']['p50']:.2f} s, "
            f"{figures['peak_memory_mb']['p50']:.0f} MB"
        )
    data = {
        "model": read_model(MODEL).sha256[:12],
        "rounds": ROUNDS,
        "gemm_gflops": round(speeds[0].gemm_gflops, 1),
        "engines": engines,
    }
    print(write_result("engines", data))


if __name__ == "__main__":
    main()
