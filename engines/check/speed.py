"""What an engine costs: milliseconds a face, and how much of the processor's peak that is."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from ..model import Model
from ..types import FACE_PX

BATCHES = (1, 8, 32)
ROUNDS = 7
MATRIX = 1024
"""Side of the square matrices whose product counts as the processor's peak."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What was measured, all medians over rounds.

    Attributes:
        ms_per_face: by batch, in milliseconds.
        gflops: multiplications and additions that the model does a second at batch 8, in 10^9.
        gemm_gflops: those of a matrix product on as many threads, in the same rounds.
    """

    ms_per_face: Mapping[int, float]
    gflops: float
    gemm_gflops: float

    @property
    def faces_per_s(self) -> float:
        """At the best of the batches."""
        return 1000 / min(self.ms_per_face.values())

    @property
    def share_of_peak(self) -> float:
        """Of the matrix product's speed, at batch 8; more than 1 where fewer operations do."""
        return self.gflops / self.gemm_gflops


def seconds_of(work: Callable[[], object]) -> float:
    """Seconds that one call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def gemm_peak_gflops(threads: int = 1) -> float:
    """Speed of one product of two square float32 matrices, in 10^9 operations a second."""
    square = np.random.default_rng(1).random((MATRIX, MATRIX), np.float32)
    with threadpool_limits(threads, user_api="blas"):
        return 2 * MATRIX**3 / seconds_of(lambda: square @ square) / 1e9


def measure_speed(models: Sequence[Model], rounds: int = ROUNDS) -> list[Speed]:
    """Measure engines in turn, round by round, so that a slow moment of the machine hits all.

    Args:
        models: opened with equal numbers of threads.
        rounds: how often each is measured at each batch.
    """
    random = np.random.default_rng(2)
    faces = random.integers(0, 256, (max(BATCHES), FACE_PX, FACE_PX), np.uint8)
    sizes = np.full(max(BATCHES), 20, np.float32)
    found: list[dict[int, list[float]]] = [{batch: [] for batch in BATCHES} for _ in models]
    peak: list[float] = []
    for number in range(rounds + 1):  # the first is for warming up
        gemm = gemm_peak_gflops(models[0].options.threads)
        for model, seconds in zip(models, found, strict=True):
            for batch in BATCHES:

                def read(one: Model = model, count: int = batch) -> None:
                    one.read_faces(faces[:count], sizes[:count])

                each = min(seconds_of(read) for _ in range(2)) / batch
                if number:
                    seconds[batch].append(each)
        if number:
            peak.append(gemm)
    return [_speed(model, times, peak) for model, times in zip(models, found, strict=True)]


def _speed(model: Model, seconds: dict[int, list[float]], peak: list[float]) -> Speed:
    medians = {batch: statistics.median(times) for batch, times in seconds.items()}
    return Speed(
        ms_per_face={batch: 1000 * median for batch, median in medians.items()},
        gflops=2 * model.spec.macs / medians[8] / 1e9,
        gemm_gflops=statistics.median(peak),
    )
