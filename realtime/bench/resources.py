"""What this process and its processor are doing, from Linux' own counts."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_STAT = Path("/proc/stat")
_STATUS = Path("/proc/self/status")
_CLEAR = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"


@dataclass(frozen=True, slots=True)
class CoreTimes:
    """How long a core was busy since the machine started, in seconds.

    Attributes:
        busy_s: with anything, this process or others.
        stolen_s: taken by other virtual machines; part of `busy_s`.
    """

    busy_s: float
    stolen_s: float


def process_cpu_s() -> float:
    """Processor seconds of this process so far, of all its threads."""
    return time.process_time()


def core_times() -> Mapping[int, CoreTimes]:
    """The cores that this process may use, by number; empty where the system does not say."""
    tick_s = 1 / os.sysconf("SC_CLK_TCK")
    allowed = os.sched_getaffinity(0)
    cores = {}
    with suppress(OSError):
        for line in _STAT.read_text(encoding="ascii").splitlines():
            name, *fields = line.split()
            if not name.startswith("cpu") or name == "cpu" or int(name[3:]) not in allowed:
                continue
            ticks = [int(field) for field in fields[:8]]
            user, nice, system, _idle, _io_wait, irq, soft_irq, steal = ticks
            busy = user + nice + system + irq + soft_irq + steal  # user holds guests' time
            cores[int(name[3:])] = CoreTimes(busy * tick_s, steal * tick_s)
    return cores


def memory_mib() -> float | None:
    """Memory of this process that is in RAM now; None where the system does not say."""
    return _status_mib("VmRSS")


def peak_memory_mib() -> float | None:
    """Most of it since the start or `reset_peak_memory`.

    Not getrusage's ru_maxrss, which a process inherits from the one that started it.
    """
    return _status_mib("VmHWM")


def reset_peak_memory() -> bool:
    """Let the peak begin now; False where the system does not allow it."""
    try:
        _CLEAR.write_text(_RESET_PEAK, encoding="ascii")
    except OSError:
        return False
    return True


def _status_mib(name: str) -> float | None:
    with suppress(OSError):
        for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) / 1024
    return None
