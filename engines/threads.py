"""How many processor threads pay: measured once on a machine, remembered, never assumed.

Threads of one batch wait for each other at every layer. On a shared or slow machine two can be
slower than one.
"""

from __future__ import annotations

import json
import os
import statistics
import time

import numpy as np

from .cache import EngineCache, Notify
from .contract import Backend, ModelFile, Options
from .opening import open_session
from .spec import golden_inputs

FILE = "threads.json"
ROUNDS = 9
WORTH_IT = 0.8
"""More threads are chosen where they need at most this share of the time that fewer need."""


def measure_threads(
    backend: Backend, model: ModelFile, options: Options, notify: Notify
) -> dict[int, float]:
    """Time a batch of eight faces with 1, 2, 4 ... threads, up to the cores of this process.

    Returns:
        milliseconds a face by number of threads, medians of rounds in which all take turns.

    Raises:
        EngineError: if the runtime fails.
    """
    counts = [2**power for power in range(4) if 2**power <= _cores()]
    sessions = {}
    for count in counts:
        shaped = Options(options.precision, count, options.shapes, options.route)
        sessions[count] = open_session(backend, model, shaped, notify)
    faces, sizes, gains = (np.concatenate([part, part]) for part in golden_inputs())
    feeds = {"faces": faces, "native_px": sizes, "sr_gain": gains}
    seconds: dict[int, list[float]] = {count: [] for count in counts}
    for _ in range(ROUNDS):
        for count, session in sessions.items():
            began = time.perf_counter()
            session.run(feeds)
            seconds[count].append(time.perf_counter() - began)
    return {count: 1000 * statistics.median(times) / len(faces) for count, times in seconds.items()}


def best_threads(ms_by_threads: dict[int, float]) -> int:
    """The number that is worth it: each doubling has to save a fifth of the time."""
    best = min(ms_by_threads)
    for count in sorted(ms_by_threads):
        if ms_by_threads[count] <= WORTH_IT * ms_by_threads[best]:
            best = count
    return best


def remember_threads(backend: Backend, model: ModelFile, count: int, cache: EngineCache) -> None:
    """Keep a choice beside the engines of this machine.

    Raises:
        EngineError: if the cache cannot be written.
    """
    known = _read(cache)
    known[_key(backend, model)] = count
    cache.write(FILE, json.dumps(known, indent=2).encode())


def recall_threads(backend: Backend, model: ModelFile, cache: EngineCache) -> int:
    """The remembered number of threads; 1 where nothing was ever measured."""
    return _read(cache).get(_key(backend, model), 1)


def _key(backend: Backend, model: ModelFile) -> str:
    return f"{model.sha256[:20]} {backend.describe()} {_cores()} cores"


def _read(cache: EngineCache) -> dict[str, int]:
    try:
        known = json.loads((cache.folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(known, dict):
        return {}
    return {key: value for key, value in known.items() if type(value) is int and value >= 1}


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
