"""How large the core install is, and how long `srfer --help` takes.

    python -m benchmarks.install

Installs the checkout without extras into a fresh virtual environment, with the tested versions.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

from .harness import ROOT, percentiles, write_result

RUNS = 10


def size_mb(folder: Path) -> float:
    """Size of all files below a folder, in units of 10^6 bytes."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def main() -> None:
    """Install, measure, print and write the result file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        venv.create(folder, with_pip=True)
        (packages,) = folder.glob("lib/python*/site-packages")
        empty_mb = size_mb(packages)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        done = subprocess.run(
            [*pip, "-c", str(ROOT / "constraints.txt"), str(ROOT)],
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(done.stderr)
        core_mb = size_mb(packages) - empty_mb
        command = [str(folder / "bin" / "srfer"), "--help"]
        seconds = []
        for _ in range(RUNS + 1):
            started = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds.append(time.perf_counter() - started)
    help_s = percentiles(seconds[1:])  # the first run compiles
    print(f"core install: {core_mb:.0f} MB; srfer --help: {help_s['p50']:.2f} s (n={help_s['n']})")
    print(write_result("install", {"core_mb": round(core_mb), "help_s": help_s}))


if __name__ == "__main__":
    main()
