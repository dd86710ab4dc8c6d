"""What hostile input may cost, and how much of it is tried."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MUTATIONS = int(os.environ.get("SRFER_MUTATIONS", "200"))
"""How many damaged media files and how many damaged models are tried: 2000 before a release."""

HANG_S = 10.0
"""No file may take longer, in seconds."""

MOST_RSS_MB = 300
"""A process that exports small files one after the other takes no more than this, in MB."""

LIMIT_BYTES = 4 << 30
"""Address space of a process that reads hostile files: more would take the machine down."""


def peak_mb() -> float:
    """The most memory that this process has had, in MB; its parent's does not count."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
