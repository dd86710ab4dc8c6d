"""The demo's picture: what was read at which size, with and without super-resolution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.engines import LABELS, Expression, ModelSpec

from ..overlay import COLOURS
from .clip import FAR_PX, NEAR_PX

SHOWN_PX = (48, 24, 16, 12, 8)
_WITH, _WITHOUT = "#0072B2", "#D55E00"


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read in one frame of the walk.

    Attributes:
        true_px: side of the face's square in the clip, in pixels.
        expression: what was read, or None where the face was not found.
        crop: (48, 48) uint8, what the model was given, or None.
        track_id: of the face, or None.
    """

    true_px: float
    expression: Expression | None = None
    crop: NDArray[np.uint8] | None = None
    track_id: int | None = None


def draw_plot(
    path: Path,
    spec: ModelSpec,
    reference: str,
    with_sr: Sequence[Reading],
    without_sr: Sequence[Reading],
) -> None:
    """Write the picture as PNG.

    Args:
        path: where to.
        spec: of the model, for the expected accuracy.
        reference: the label read while the face was large.
        with_sr: one reading per frame.
        without_sr: the same with super-resolution off.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure = Figure(figsize=(10, 9), dpi=110, layout="constrained")
        grid = figure.add_gridspec(4, 1, height_ratios=(2.6, 0.7, 3, 3))
        _draw_faces(figure.add_subfigure(grid[0]), with_sr)
        strip = figure.add_subplot(grid[1])
        confidence = figure.add_subplot(grid[2], sharex=strip)
        accuracy = figure.add_subplot(grid[3], sharex=strip)
        _draw_labels(strip, with_sr, without_sr)
        _draw_confidence(confidence, reference, with_sr, without_sr)
        _draw_accuracy(accuracy, spec)
        figure.suptitle(
            f"{spec.name} {spec.version}: one face from {NEAR_PX:.0f} to {FAR_PX:.0f} px"
        )
        figure.savefig(path)


def _draw_faces(figure: Any, readings: Sequence[Reading]) -> None:
    """Upper row: the crops as the camera gave them; lower row: restored."""
    axes = figure.subplots(2, len(SHOWN_PX), squeeze=False)
    read = [item for item in readings if item.expression is not None and item.crop is not None]
    for column, size in enumerate(SHOWN_PX):
        item = min(read, key=lambda item: abs(item.true_px - size))
        expression = item.expression
        assert expression is not None
        pictures = (item.crop, expression.restored)
        for row, picture in enumerate(pictures):
            axes[row, column].imshow(picture, cmap="gray", vmin=0, vmax=255)
            axes[row, column].set(xticks=[], yticks=[])
        axes[0, column].set_title(f"{item.true_px:.0f} px", fontsize=10)
        axes[1, column].set_xlabel(f"{expression.label} {expression.confidence:.0%}", fontsize=9)
    axes[0, 0].set_ylabel("as seen")
    axes[1, 0].set_ylabel("restored")


def _draw_labels(axes: Any, with_sr: Sequence[Reading], without_sr: Sequence[Reading]) -> None:
    """One coloured mark per frame: the label, or nothing where the face was not found."""
    seen = set()
    for height, readings in ((1, with_sr), (0, without_sr)):
        for label in LABELS:
            sizes = [
                item.true_px
                for item in readings
                if item.expression is not None and item.expression.label == label
            ]
            if sizes:
                colour = np.array(COLOURS[label]) / 255
                name = None if label in seen else label
                axes.plot(sizes, [height] * len(sizes), "|", ms=14, color=colour, label=name)
                seen.add(label)
    axes.set(yticks=[0, 1], yticklabels=["without SR", "with SR"], ylim=(-0.7, 1.7))
    axes.set_title("label in each frame (a gap: the face was not found)", fontsize=10, loc="left")
    axes.tick_params(labelbottom=False)
    axes.legend(loc="upper right", ncols=len(seen), fontsize=8, bbox_to_anchor=(1, 1.75))


def _draw_confidence(
    axes: Any, reference: str, with_sr: Sequence[Reading], without_sr: Sequence[Reading]
) -> None:
    """Probability of the label that was read while the face was large."""
    index = LABELS.index(reference)
    for readings, colour, name in (
        (with_sr, _WITH, "with SR"),
        (without_sr, _WITHOUT, "without SR"),
    ):
        points = sorted(
            (item.true_px, float(item.expression.probabilities[index]))
            for item in readings
            if item.expression is not None
        )
        sizes, values = np.array(points).T
        axes.plot(sizes, values, ".", ms=4, color=colour, alpha=0.35)
        axes.plot(sizes, _running_median(values), color=colour, label=name)
    axes.set(ylabel=f"probability of {reference}", ylim=(0, 1.03))
    axes.tick_params(labelbottom=False)
    axes.legend(loc="lower left")


def _running_median(values: NDArray[np.float64], width: int = 9) -> NDArray[np.float64]:
    padded = np.pad(values, width // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    return np.asarray(np.median(windows, axis=1), np.float64)


def _draw_accuracy(axes: Any, spec: ModelSpec) -> None:
    """What the model reaches on validation faces of each size."""
    sizes = np.geomspace(FAR_PX, NEAR_PX, 200)
    for curve, colour, name in (
        (spec.accuracy, _WITH, "with SR"),
        (spec.accuracy_without_sr, _WITHOUT, "without SR"),
    ):
        axes.plot(sizes, [curve.at(size) for size in sizes], color=colour, label=name)
        axes.plot(curve.native_px, curve.values, "o", ms=4, color=colour)
    axes.set_xscale("log", base=2)
    ticks = [160, 96, 64, 48, 32, 24, 16, 12, 8]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.set_xticks([], minor=True)
    axes.set(
        xlim=(NEAR_PX * 1.05, FAR_PX * 0.95),
        ylim=(0.4, 1),
        xlabel="side of the face in the frame, pixels",
        ylabel="expected accuracy",
    )
    axes.grid(alpha=0.3)
    axes.legend(loc="lower left", title="measured on FER+ validation faces", title_fontsize=9)
