"""Recipes ask for what they say: who learns from what, under each kind of update."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest
import torch

from srfer.errors import ConfigError, TrainingError
from srfer.training.data import FaceSet
from srfer.training.initial import Beginning, Weights
from srfer.training.networks import build_cascade
from srfer.training.objective import Batch, mix_patches
from srfer.training.recipe import Attention, Losses, Recipe, Start
from srfer.training.train import Progress, RunOptions, Trainer, train

from .toy import toy_recipe

Faces = tuple[FaceSet, FaceSet]

TEACHER = Start(teacher="a run")
EVERYTHING = Losses(
    pixel=16.0,
    attention=1.0,
    prediction=1.0,
    task_feature=1.0,
    adversarial=0.1,
    distillation=1.0,
    centre=0.1,
)


def beginning() -> Beginning:
    torch.manual_seed(11)
    values = dict(build_cascade("none", "residual-small").state_dict())
    return Beginning(teacher=Weights(values, False, "a run"))


def small(**changes: object) -> Recipe:
    return toy_recipe(sr="unshuffle-small", fer="residual-small", **changes)


def after_a_step(recipe: Recipe, faces: FaceSet) -> tuple[set[str], Trainer]:
    """The networks that changed in one step; the averaged copy shows what they were."""
    trainer = Trainer(recipe, faces, beginning())
    before = {name: value.clone() for name, value in trainer.network.named_parameters()}
    trainer.advance()
    changed = {
        name.split(".")[0]
        for name, value in trainer.network.named_parameters()
        if not torch.equal(value, before[name])
    }
    return changed, trainer


@pytest.mark.parametrize(
    ("update", "learners"),
    [("together", {"sr", "fer"}), ("alternating", {"sr", "fer"}), ("sr", {"sr"}), ("fer", {"fer"})],
)
def test_only_who_should_learns(splits: Faces, update: str, learners: set[str]) -> None:
    recipe = small(update=update, losses=Losses(pixel=16.0))
    assert after_a_step(recipe, splits[0])[0] == learners


def test_a_frozen_network_keeps_its_norms_too(splits: Faces) -> None:
    recipe = small(update="sr", losses=Losses(pixel=16.0))
    trainer = Trainer(recipe, splits[0])
    norm = trainer.network.get_buffer("fer.stem_norm.running_mean").clone()
    trainer.advance()
    assert torch.equal(trainer.network.get_buffer("fer.stem_norm.running_mean"), norm)


@pytest.mark.parametrize("kind", get_args(Attention))
@pytest.mark.parametrize("update", ["together", "alternating"])
def test_all_losses_at_once(splits: Faces, update: str, kind: Attention) -> None:
    losses = dataclasses.replace(EVERYTHING, attention_kind=kind)
    recipe = small(update=update, losses=losses, start=TEACHER)
    changed, trainer = after_a_step(recipe, splits[0])
    assert changed == {"sr", "fer"}
    assert {"sr", "fer", "discriminator"} == set(trainer.optimizers)
    teacher = trainer.objective.teacher
    assert teacher is not None
    for name, value in teacher.network.state_dict().items():
        wanted = beginning().teacher
        assert wanted is not None
        assert torch.equal(value, wanted.values[f"fer.{name}"]), "the teacher must never change"


@pytest.mark.parametrize(
    "losses",
    [{"attention": 5.0}, {"prediction": 5.0}, {"task_feature": 5.0}, {"adversarial": 5.0}],
    ids=lambda losses: next(iter(losses)),
)
def test_each_loss_moves_super_resolution(splits: Faces, losses: dict[str, float]) -> None:
    """With nothing else to learn from, the residual leaves zero because of this loss alone."""
    only = Losses(expression=0.0, **losses)  # type: ignore[arg-type]
    recipe = small(update="sr", losses=only, start=TEACHER)
    assert after_a_step(recipe, splits[0])[0] == {"sr"}


def test_resume_is_exact_with_every_loss(splits: Faces, tmp_path: Path) -> None:
    recipe = small(update="alternating", losses=EVERYTHING, start=TEACHER, cycle=1, epochs=2)
    runs = []
    for folder, stops in ((tmp_path / "a", False), (tmp_path / "b", True)):
        options = RunOptions(folder, save_every=3, evaluate_every=9)
        if stops:
            with pytest.raises(KeyboardInterrupt):
                train(recipe, *splits, options, _stop_at(7), start=beginning())
            torch.manual_seed(999)
        runs.append(train(recipe, *splits, options, start=beginning()))
    for one, other in zip(
        runs[0].network.state_dict().values(), runs[1].network.state_dict().values(), strict=True
    ):
        assert torch.equal(one, other)
    assert runs[0].seconds > 0


def _stop_at(step: int) -> Callable[[Progress], None]:
    def tell(progress: Progress) -> None:
        if progress.step == step:
            raise KeyboardInterrupt

    return tell


def test_a_cycle_repeats_faces_but_not_degradations(splits: Faces) -> None:
    trainer = Trainer(small(cycle=1, epochs=3), splits[0])
    first = trainer.draw()
    trainer.step = trainer.steps_per_epoch
    again = trainer.draw()
    assert torch.equal(first.originals, again.originals)
    assert first.key == again.key
    assert not torch.equal(first.degraded, again.degraded)


def test_the_teacher_is_asked_once_a_cycle(splits: Faces) -> None:
    recipe = small(cycle=1, epochs=3, losses=Losses(distillation=1.0), start=TEACHER)
    trainer = Trainer(recipe, splits[0], beginning())
    teacher = trainer.objective.teacher
    assert teacher is not None
    asked: list[int] = []
    teacher.network.classifier.register_forward_hook(lambda *_: asked.append(1))
    while trainer.step < trainer.steps:
        trainer.advance()
    assert len(asked) == trainer.steps_per_epoch


def test_patch_mixes_are_made_of_both() -> None:
    count = 3
    dice = torch.rand(count, 17, generator=torch.Generator().manual_seed(1))
    dice[:, 0] = torch.tensor([0.1, 0.6, 0.9])  # restored, mixed, original
    batch = Batch(
        originals=torch.ones(count, 1, 48, 48),
        degraded=torch.zeros(count, 1, 48, 48),
        native_px=torch.full((count,), 12.0),
        gain=torch.ones(count),
        targets=torch.full((count, 8), 1 / 8),
        dice=dice,
    )
    faces, sizes = mix_patches(batch, torch.zeros(count, 1, 48, 48))
    assert float(faces[0].max()) == 0
    assert float(faces[2].min()) == 1
    patches = faces[1, 0].reshape(4, 12, 4, 12).permute(0, 2, 1, 3).reshape(16, -1)
    assert (patches.min(dim=1).values == patches.max(dim=1).values).all()
    assert 0 < float(patches.mean()) < 1
    assert sizes.tolist() == [12.0, 12.0, 48.0]


def test_a_teacher_that_is_missing_is_named(splits: Faces) -> None:
    with pytest.raises(ConfigError, match=r"need start\.teacher"):
        small(losses=Losses(distillation=1.0))
    recipe = small(losses=Losses(distillation=1.0), start=TEACHER)
    with pytest.raises(TrainingError, match=r"name one in start\.teacher"):
        Trainer(recipe, splits[0])
