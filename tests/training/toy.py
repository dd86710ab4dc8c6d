"""A tiny data set and recipe, so that real training fits into a test."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from srfer.training.recipe import Recipe, load_recipe


def write_toy_data(path: Path, count: int = 64) -> Path:
    """Write faces in the form of the FER+ file: each class has rings of its own width."""
    random = np.random.default_rng(7)
    labels = np.arange(count) % 8
    y, x = np.mgrid[0:48, 0:48]
    radius = np.hypot(x - 24, y - 24)
    wave = np.sin(radius * (0.15 + 0.09 * labels[:, None, None]))  # looks the same in a mirror
    images = 128 + 80 * wave + random.normal(0, 8, (count, 48, 48))
    votes = np.full((count, 8), 0.02, np.float32)
    votes[np.arange(count), labels] = 0.86
    np.savez(
        path,
        images=np.clip(images, 0, 255).astype(np.uint8),
        usage=(np.arange(count) >= count * 3 // 4).astype(np.uint8),
        majority8=labels.astype(np.int8),
        ce8=votes,
        ce_valid=np.ones(count, bool),
        spans_splits=np.arange(count) == 0,
    )
    return path


def toy_recipe(**changes: object) -> Recipe:
    """The recipe `base`, cut down to a few steps; keyword arguments replace its values."""
    values: dict[str, object] = {
        "name": "toy",
        "epochs": 2,
        "batch": 8,
        "warmup_epochs": 0.2,
        "precision": "fp32",
    }
    return dataclasses.replace(load_recipe("base"), **(values | changes))  # type: ignore[arg-type]
