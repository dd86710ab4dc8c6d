"""`srfer export` in a process of its own, as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.faults.limits import ROOT


def export_command(*arguments: str | bytes | Path) -> subprocess.CompletedProcess[str]:
    """Run it to its end; what it says must be UTF-8."""
    return subprocess.run(
        [sys.executable, "-m", "srfer", "export", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
