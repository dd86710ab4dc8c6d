"""Training: it learns, survives kills, and says what is wrong."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from srfer.errors import TrainingError
from srfer.training.checkpoint import load_newest_checkpoint
from srfer.training.data import FaceSet, load_faces
from srfer.training.evaluate import evaluate
from srfer.training.run_log import LOG_NAME
from srfer.training.train import Progress, RunOptions, Trainer, train

from .toy import toy_recipe


def weights(trainer: Trainer) -> dict[str, torch.Tensor]:
    """All state that a checkpoint has to carry."""
    both = {f"network.{k}": v for k, v in trainer.network.state_dict().items()}
    return both | {f"averaged.{k}": v for k, v in trainer.averaged.state_dict().items()}


def interrupt_at(step: int) -> Callable[[Progress], None]:
    """An `on_progress` that ends the run after a step."""

    def tell(progress: Progress) -> None:
        if progress.step == step:
            raise KeyboardInterrupt

    return tell


def assert_same(one: Trainer, other: Trainer) -> None:
    """Bit for bit."""
    for name, value in weights(one).items():
        assert torch.equal(value, weights(other)[name]), name


def test_splits_leave_out_what_must_not_be_learned(splits: tuple[FaceSet, FaceSet]) -> None:
    training, validation = splits
    assert len(training) == 48 - 1  # one face also occurs in another split
    assert len(validation) == 16


def test_a_resumed_run_equals_an_uninterrupted_one(
    splits: tuple[FaceSet, FaceSet], tmp_path: Path
) -> None:
    recipe = toy_recipe()
    straight = train(recipe, *splits, RunOptions(tmp_path / "a", save_every=3, evaluate_every=1))
    assert straight.step == 10
    options = RunOptions(tmp_path / "b", save_every=3, evaluate_every=1)
    with pytest.raises(KeyboardInterrupt):
        train(recipe, *splits, options, interrupt_at(5))  # two steps after the checkpoint
    torch.manual_seed(999)  # whatever happened in between must not matter
    resumed = train(recipe, *splits, options)
    assert_same(straight, resumed)
    assert (tmp_path / "a" / LOG_NAME).read_text() == (tmp_path / "b" / LOG_NAME).read_text()


@pytest.mark.parametrize("lost", ["random", "optimizers", "averaged", "network"])
def test_every_part_of_a_checkpoint_is_needed(
    splits: tuple[FaceSet, FaceSet], tmp_path: Path, lost: str
) -> None:
    recipe = toy_recipe(epochs=1)
    straight = train(recipe, *splits, RunOptions(tmp_path / "a"))
    with pytest.raises(KeyboardInterrupt):
        train(recipe, *splits, RunOptions(tmp_path / "b", save_every=2), interrupt_at(2))
    half = load_newest_checkpoint(tmp_path / "b")
    assert half is not None
    torch.manual_seed(999)
    fresh = Trainer(recipe, splits[0])
    torch.manual_seed(999)
    fresh.restore({**half, lost: fresh.state()[lost]})
    fresh.network.train()
    while fresh.step < fresh.steps:
        fresh.advance()
    with pytest.raises(AssertionError):
        assert_same(straight, fresh)


KILLED = """
import sys
from collections.abc import Callable
from pathlib import Path
from srfer.training.data import load_faces
from srfer.training.evaluate import evaluate
from srfer.training.train import RunOptions, train
from tests.training.toy import toy_recipe

data = Path(sys.argv[1])
def tell(progress):
    print(progress.step, flush=True)
train(toy_recipe(), load_faces(data, "training"), load_faces(data, "validation"),
      RunOptions(Path(sys.argv[2]), save_every=1, evaluate_every=1), tell)
"""


def test_a_killed_process_loses_nothing(
    data: Path, splits: tuple[FaceSet, FaceSet], tmp_path: Path
) -> None:
    straight = train(toy_recipe(), *splits, RunOptions(tmp_path / "a", evaluate_every=1))
    child = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(data), str(tmp_path / "b")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    with child, child.stdout:
        for line in child.stdout:
            if int(line) >= 4:
                child.send_signal(signal.SIGKILL)
                break
    resumed = train(toy_recipe(), *splits, RunOptions(tmp_path / "b", evaluate_every=1))
    assert_same(straight, resumed)
    log = [json.loads(line) for line in (tmp_path / "b" / LOG_NAME).read_text().splitlines()]
    assert [entry["step"] for entry in log] == [5, 10]


def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    splits: tuple[FaceSet, FaceSet], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = toy_recipe(epochs=1)
    straight = train(recipe, *splits, RunOptions(tmp_path, save_every=2))
    newest = sorted(tmp_path.glob("checkpoint-*.pt"))[-1]
    newest.write_bytes(newest.read_bytes()[:1000])
    resumed = train(recipe, *splits, RunOptions(tmp_path, save_every=2))
    assert "falling back" in caplog.text
    assert_same(straight, resumed)


def test_checkpoints_are_read_without_running_code(
    splits: tuple[FaceSet, FaceSet], tmp_path: Path
) -> None:
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (str(canary),))

    torch.save({"step": Evil()}, tmp_path / "checkpoint-00000009.pt")
    train(toy_recipe(epochs=1), *splits, RunOptions(tmp_path, evaluate_every=9))
    assert not canary.exists()


def test_another_recipe_is_refused(splits: tuple[FaceSet, FaceSet], tmp_path: Path) -> None:
    train(toy_recipe(epochs=1), *splits, RunOptions(tmp_path, evaluate_every=9))
    with pytest.raises(TrainingError, match="belong to another recipe"):
        train(toy_recipe(epochs=1, seed=2), *splits, RunOptions(tmp_path))


def test_a_diverging_run_stops_and_keeps_its_weights(splits: tuple[FaceSet, FaceSet]) -> None:
    trainer = Trainer(toy_recipe(), splits[0])
    trainer.network.train()
    with torch.no_grad():
        trainer.network.fer.classifier.bias.fill_(float("nan"))
    before = {name: value.clone() for name, value in trainer.network.named_parameters()}
    with pytest.raises(TrainingError, match="loss became nan at step 0"):
        trainer.advance()
    for name, value in trainer.network.named_parameters():
        assert torch.equal(value, before[name]) or name == "fer.classifier.bias"


def test_it_learns(splits: tuple[FaceSet, FaceSet]) -> None:
    training, validation = splits
    trainer = Trainer(toy_recipe(epochs=60, batch=16, ema_decay=0.9), training)
    trainer.network.train()
    for _ in range(90):
        trainer.advance()
    (scores,) = evaluate(trainer.averaged, validation, [48])
    assert scores.accuracy >= 0.7  # chance is 1/8


def test_missing_and_broken_data_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no data set at"):
        load_faces(tmp_path / "none.npz", "training")
    (tmp_path / "text.npz").write_text("not a zip")
    with pytest.raises(TrainingError, match=r"text\.npz is not a readable"):
        load_faces(tmp_path / "text.npz", "training")
