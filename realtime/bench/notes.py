"""What a reader should know before believing a report."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from .report import MachineLoad, StreamReport
from .run import Run

OTHERS_FROM = 0.1
"""Share of the cores from which other programs disturb the measurement."""
STOLEN_FROM = 0.02
"""The same for other virtual machines."""
BEHIND_FROM_S = 0.5
"""A stream whose next frame is later than this is not read in time."""


def find_notes(
    run: Run, streams: Sequence[StreamReport], load: MachineLoad, effort: NDArray[np.float64]
) -> Iterator[str]:
    """Yield a sentence for each thing that makes the figures worth less, or another thing.

    Args:
        run: what was noted.
        streams: what each stream did.
        load: what the machine did.
        effort: (n,) of each result of the window.
    """
    yield from _of_machine(run, load)
    yield from _of_streams(streams, effort)
    live = [stream.name for stream in run.streams if not stream.reading.size]
    if live:
        yield f"live, so ages count from when a frame was read, not due: {', '.join(live)}"
    missed = sum(stream.missed for stream in run.streams)
    if missed:
        yield f"{missed} notes found no room: percentiles are of the time before that"
    if not run.plan.is_paced:
        yield "unpaced: frames wait until they are wanted, so there is no latency"


def _of_machine(run: Run, load: MachineLoad) -> Iterator[str]:
    cores = len(load.core_shares)
    if load.others_cores is not None and load.others_cores > OTHERS_FROM * cores:
        yield (
            f"other programs kept {load.others_cores:.1f} of {cores} cores busy: repeat this on an "
            "idle machine"
        )
    if load.stolen_cores is not None and load.stolen_cores > STOLEN_FROM * cores:
        yield f"other virtual machines took {load.stolen_cores:.2f} of {cores} cores"
    if run.peak_memory_mib is not None and not run.is_peak_of_window:
        yield "the peak of memory may lie before the window: this system does not reset it"
    if run.gpu_note:
        yield run.gpu_note


def _of_streams(streams: Sequence[StreamReport], effort: NDArray[np.float64]) -> Iterator[str]:
    eased = float((effort > 0).mean()) if effort.size else 0.0
    if eased:
        yield (
            f"less than everything was done for {100 * eased:.0f} % of the results, since the "
            "machine did not keep up; --effort full always does everything"
        )
    late = [stream.name for stream in streams if (stream.seconds.behind_s[-1] or 0) > BEHIND_FROM_S]
    if late:
        yield f"not decoded in time, so that frames were still due at the end: {', '.join(late)}"
    yield from (f"{stream.name} ended: {stream.error}" for stream in streams if stream.error)
