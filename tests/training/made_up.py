"""Results made up for tests of the comparison."""

from __future__ import annotations

import numpy as np

from srfer.training.protocol.result import Condition, Result

FACES = 1000
SETTINGS = (
    *(("D1", size) for size in (48, 24, 16, 12, 10, 8)),
    *((kind, size) for kind in ("D2", "D3", "D4", "D5") for size in (24, 12)),
)
TITLES = {
    "B0": "FER trained on originals",
    "B3": "FER with multi-resolution augmentation",
    "B6": "our SR, then FER fitted on its output",
    "B8": "SR4IR-like",
    "B9": "distillation only, no SR",
    "P1": "SR-FER: attention consistency",
    "P3": "SR-FER: both",
    "P3-fsrcnn": "SR-FER: both, with FSRCNN",
    "A-cosine": "P3, cosine of attention",
}
ACCURACY = {"B0": 0.55, "B3": 0.68, "B6": 0.67, "B8": 0.66, "B9": 0.68, "P1": 0.69, "A-cosine": 0.7}


def make_condition(kind: str, size: int, row: str, seed: int, accuracy: float) -> Condition:
    """Answers of which exactly so many are right; the same faces are hard for every row."""
    ease = np.random.default_rng(size).random(FACES)
    luck = np.random.default_rng([size, seed, *row.encode()]).random(FACES)
    right = np.zeros(FACES, bool)
    right[np.argsort(0.8 * ease + 0.2 * luck)[: round(accuracy * FACES)]] = True
    return Condition(
        degradation=kind,
        native_px=size,
        count=FACES,
        accuracy=float(right.mean()),
        macro_recall=accuracy - 0.1,
        recall=(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, None),
        ece=0.071,
        temperature=1.3,
        ece_calibrated=0.022,
        psnr_db=24.0 + size / 10,
        ssim=0.8125,
        agreement=1.0 if size == 48 else accuracy,
        correct=tuple(right.tolist()),
    )


def make_result(row: str, seed: int = 1, accuracy: float = 0.6) -> Result:
    """A result with this accuracy at 12 px, more on larger faces and less under D2 to D5."""
    return Result(
        row=row,
        sr="none" if row in ("B0", "B3", "B9") else "unshuffle-small",
        fer="residual-small",
        seed=seed,
        recipe="0123456789ab",
        epochs=4,
        parameters=123_456,
        macs=21_500_000,
        ms_per_face=1.25,
        cost_s=321.0,
        steps=880,
        machine={"processor": "Testing 9000", "cores": "2", "python": "3.12.0", "torch": "2.13.0"},
        conditions=tuple(
            make_condition(
                kind, size, row, seed, accuracy + (size - 12) / 400 - 0.02 * (kind > "D1")
            )
            for kind, size in SETTINGS
        ),
    )


def make_results(
    p3: float = 0.72, fsrcnn: float = 0.70, seeds: tuple[int, ...] = (1, 2, 3)
) -> list[Result]:
    """All rows of `TITLES`, with these accuracies at 12 px."""
    rows = ACCURACY | {"P3": p3, "P3-fsrcnn": fsrcnn}
    return [
        make_result(row, seed, accuracy + 0.002 * seed)
        for row, accuracy in rows.items()
        for seed in seeds
    ]
