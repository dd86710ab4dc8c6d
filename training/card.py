"""The model card: what a model was made from, what it reaches, and where it must not be used."""

from __future__ import annotations

from pathlib import Path

from srfer.engines import FACE_PX, LABELS

from .data import FaceSet
from .evaluate import EVALUATED_PX, Scores
from .export import ExportedModel
from .recipe import Recipe

_TEMPLATE = Path(__file__).parent / "card_template.md"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _unseen(recipe: Recipe) -> str:
    """Which of the evaluated sizes were never trained on."""
    sizes = [size for size in EVALUATED_PX if size != FACE_PX and size not in recipe.mix.sizes_px]
    if not sizes:
        return "All of these sizes occur in training."
    names = ", ".join(f"{size} px" for size in sizes)
    return f"No training face was ever reduced to {names}."


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


def write_card(model: ExportedModel, recipe: Recipe, training: FaceSet) -> str:
    """Compose the card.

    Args:
        model: with its measured scores.
        recipe: how it was trained.
        training: the faces it learned from.

    Returns:
        Markdown.
    """
    spec = model.spec
    return _TEMPLATE.read_text(encoding="utf-8").format(
        name=spec.name,
        version=spec.version,
        sr=recipe.sr,
        fer=recipe.fer,
        macs=spec.macs / 1e6,
        parameters=spec.parameters / 1e6,
        labels=", ".join(LABELS),
        source=training.source,
        faces=len(training),
        recipe=spec.recipe,
        seed=recipe.seed,
        epochs=recipe.epochs,
        how=_how(recipe),
        unseen=_unseen(recipe),
        licence=spec.licence,
        count=model.with_sr[0].count,
        table=_table(model),
        recall=_recall(model.with_sr),
        rare=_rare(training),
    )


def _how(recipe: Recipe) -> str:
    """What the recipe did beside fitting labels and pixels, in words."""
    start, losses = recipe.start, recipe.losses
    parts = [f"{recipe.update} updates on {recipe.labels} labels"]
    if start.sr or start.fer:
        names = " and ".join(sorted({Path(name).name for name in (start.sr, start.fer) if name}))
        share = f", of whose weights {100 * recipe.start_share:.0f} % stay"
        parts.append(f"began with {names}{share if recipe.start_share else ''}")
    for name in ("attention", "prediction", "distillation"):
        if getattr(losses, name):
            teacher = f"{Path(start.teacher).name} ({start.teacher_fer or recipe.fer})"
            parts.append(f"{name} through {teacher}, weight {getattr(losses, name):g}")
    if max(recipe.adjustment.values):
        small, full = recipe.adjustment.values
        parts.append(f"logit adjustment {full:g} at 48 px, {small:g} at 8 px")
    return "; ".join(parts)


def _rare(training: FaceSet) -> str:
    """The three expressions with the fewest training faces."""
    counts = {label: int((training.majority == index).sum()) for index, label in enumerate(LABELS)}
    fewest = sorted(counts, key=lambda label: counts[label])[:3]
    return ", ".join(f"{label} {counts[label]}" for label in fewest)
