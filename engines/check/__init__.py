"""Proof that engines agree, and what each of them costs on this machine."""

from __future__ import annotations

from .agreement import (
    TOLERANCES,
    Agreement,
    Candidate,
    Tolerance,
    check_engines,
    measure_agreement,
)
from .faces import FACE_SHARE, fixed_faces, portrait
from .speed import BATCHES, Speed, gemm_peak_gflops, measure_speed

__all__ = [
    "BATCHES",
    "FACE_SHARE",
    "TOLERANCES",
    "Agreement",
    "Candidate",
    "Speed",
    "Tolerance",
    "check_engines",
    "fixed_faces",
    "gemm_peak_gflops",
    "measure_agreement",
    "measure_speed",
    "portrait",
]
