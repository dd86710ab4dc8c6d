"""The model card: what a model was made from, what it reaches, and where it must not be used."""

from __future__ import annotations

from pathlib import Path

from srfer.engines import LABELS

from .evaluate import Scores
from .export import ExportedModel
from .recipe import Recipe

_TEMPLATE = Path(__file__).parent / "card_template.md"


def _percent(value: float) -> str:
    return "-" if value < 0 else f"{100 * value:.1f}"


def _table(model: ExportedModel) -> str:
    lines = [
        "| native size | accuracy % | without SR % | macro recall % | ECE % | PSNR dB | bicubic |",
        "|---|---|---|---|---|---|---|",
    ]
    for with_sr, without in zip(reversed(model.with_sr), reversed(model.without_sr), strict=True):
        psnr = f"{with_sr.psnr_db:.2f} | {without.psnr_db:.2f}"
        lines.append(
            f"| {with_sr.native_px} px | {_percent(with_sr.accuracy)} | "
            f"{_percent(without.accuracy)} | {_percent(with_sr.macro_recall)} | "
            f"{_percent(with_sr.ece)} | {psnr if with_sr.native_px < 48 else '- | -'} |"
        )
    return "\n".join(lines)


def _recall(scores: tuple[Scores, ...]) -> str:
    lines = ["| native size | " + " | ".join(LABELS) + " |", "|---|" + "---|" * len(LABELS)]
    for item in reversed(scores):
        cells = " | ".join(_percent(value) for value in item.recall)
        lines.append(f"| {item.native_px} px | {cells} |")
    return "\n".join(lines)


def write_card(
    model: ExportedModel, recipe: Recipe, faces: int, class_counts: tuple[int, ...]
) -> str:
    """Compose the card.

    Args:
        model: with its measured scores.
        recipe: how it was trained.
        faces: number of training faces.
        class_counts: (8,) those of them that have a majority label, by label.

    Returns:
        Markdown.
    """
    rare = ", ".join(
        f"{label} {class_counts[LABELS.index(label)]}" for label in ("fear", "disgust", "contempt")
    )
    spec = model.spec
    return _TEMPLATE.read_text(encoding="utf-8").format(
        name=spec.name,
        version=spec.version,
        sr=recipe.sr,
        fer=recipe.fer,
        macs=spec.macs / 1e6,
        parameters=spec.parameters / 1e6,
        labels=", ".join(LABELS),
        training_data=spec.training_data,
        faces=faces,
        recipe=spec.recipe,
        licence=spec.licence,
        count=model.with_sr[0].count,
        table=_table(model),
        recall=_recall(model.with_sr),
        rare=rare,
    )
