"""Training under attack: kills, a full disk, losses that explode, data with holes."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from srfer.engines import LABELS
from srfer.errors import TrainingError
from srfer.training.checkpoint import load_newest_checkpoint
from srfer.training.data import FaceSet, load_faces
from srfer.training.export import Provenance, export_model
from srfer.training.run_log import LOG_NAME, RunLog
from srfer.training.train import Progress, RunOptions, Trainer, train
from tests.training.toy import toy_recipe, write_toy_data

ROOT = Path(__file__).parents[2]
SMALL = {"sr": "unshuffle-small", "fer": "residual-small"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_data(tmp_path_factory.mktemp("data") / "toy.npz")


@pytest.fixture(scope="module")
def splits(data: Path) -> tuple[FaceSet, FaceSet]:
    return load_faces(data, "training"), load_faces(data, "validation")


ENDLESS = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from srfer.training.data import load_faces
from srfer.training.train import RunOptions, train
from tests.training.toy import toy_recipe
data = Path(sys.argv[1])
recipe = toy_recipe(epochs=1000, sr="unshuffle-small", fer="residual-small")
train(recipe, load_faces(data, "training"), load_faces(data, "validation"),
      RunOptions(Path(sys.argv[2]), save_every=2, evaluate_every=2),
      lambda progress: print(progress.step, flush=True))
"""


def test_killed_at_random_the_newest_checkpoint_always_loads(data: Path, tmp_path: Path) -> None:
    chance = random.Random(4)
    reached = 0
    for _ in range(5):
        child = subprocess.Popen(
            [sys.executable, "-c", ENDLESS, str(data), str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert child.stdout is not None
        with child, child.stdout:
            first = int(child.stdout.readline())
            assert first > reached - 2, "at most save_every steps are lost"
            kill_at = time.monotonic() + chance.uniform(0.1, 1.0)
            step = first
            for line in child.stdout:
                step = int(line)
                if time.monotonic() >= kill_at:
                    child.send_signal(signal.SIGKILL)
                    break
        state = load_newest_checkpoint(tmp_path)
        assert state is not None
        assert state["step"] >= step - 2
        reached = state["step"]
    lines = (tmp_path / LOG_NAME).read_text().splitlines()
    steps = [json.loads(line)["step"] for line in lines if line.endswith("}")]
    assert steps == sorted(set(steps)), "an evaluation is logged once"


FULL = """
import resource, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from srfer.errors import TrainingError
from srfer.training.data import load_faces
from srfer.training.train import RunOptions, train
from tests.training.toy import toy_recipe
data, folder = Path(sys.argv[1]), Path(sys.argv[2])
recipe = toy_recipe(epochs=2, sr="unshuffle-small", fer="residual-small")
def tell(progress):
    if progress.step == 4:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, resource.RLIM_INFINITY))
try:
    train(recipe, load_faces(data, "training"), load_faces(data, "validation"),
          RunOptions(folder, save_every=3, evaluate_every=9), tell)
except TrainingError as error:
    print(error)
    sys.exit(1)
"""


def test_a_full_disk_stops_the_run_and_spares_the_checkpoint(data: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(data), str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "cannot write checkpoint-00000006.pt" in done.stdout
    state = load_newest_checkpoint(tmp_path)
    assert state is not None
    assert state["step"] == 3
    assert not list(tmp_path.glob("*.part"))


def test_a_run_where_a_file_is_in_the_way_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    for folder in (tmp_path / "file" / "run", tmp_path / "file"):
        with pytest.raises(TrainingError, match=r"cannot write log\.jsonl in .*file.*: make room"):
            RunLog(folder, 0)


def test_a_loss_that_explodes_never_reaches_a_checkpoint(
    splits: tuple[FaceSet, FaceSet], tmp_path: Path
) -> None:
    recipe = toy_recipe(**SMALL)

    def poison(progress: Progress) -> None:
        if progress.step == 3:
            images = splits[0].votes
            images[:] = float("nan")

    kept = splits[0].votes.clone()
    try:
        with pytest.raises(TrainingError, match="loss became nan at step 3"):
            train(recipe, *splits, RunOptions(tmp_path, save_every=1, evaluate_every=9), poison)
    finally:
        splits[0].votes[:] = kept
    state = load_newest_checkpoint(tmp_path)
    assert state is not None
    assert state["step"] == 3
    for name in ("network", "averaged"):
        assert all(torch.isfinite(value).all() for value in state[name].values())


def test_fewer_faces_than_a_batch_are_refused(splits: tuple[FaceSet, FaceSet]) -> None:
    with pytest.raises(TrainingError, match="47 faces are fewer than one batch of 64"):
        Trainer(toy_recipe(batch=64), splits[0])


def test_an_expression_without_faces_is_survived(tmp_path: Path) -> None:
    path = write_toy_data(tmp_path / "toy.npz", count=128)
    with np.load(path) as archive:
        arrays = dict(archive)
    contempt = LABELS.index("contempt")
    arrays["ce_valid"] &= arrays["majority8"] != contempt
    arrays["majority8"][arrays["majority8"] == contempt] = -1
    np.savez(path, **arrays)
    training, validation = load_faces(path, "training"), load_faces(path, "validation")
    trainer = train(
        toy_recipe(epochs=1, logit_adjustment=0.5, **SMALL),
        training,
        validation,
        RunOptions(tmp_path / "run"),
    )
    exported = export_model(
        trainer.averaged.eval(),
        validation,
        Provenance(name="holes", version="1", recipe="0", training_data="toy"),
    )
    assert exported.with_sr[0].recall[contempt] is None
    assert 0 <= exported.with_sr[0].macro_recall <= 1


def test_a_picture_that_cannot_be_read_is_counted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for label in LABELS[:2]:
        for part in ("train", "val"):
            folder = tmp_path / part / label
            folder.mkdir(parents=True)
            for index in range(9):
                cv2.imwrite(str(folder / f"{index}.png"), np.full((48, 48), 9 * index, np.uint8))
    (tmp_path / "train" / LABELS[0] / "0.png").write_bytes(b"\x89PNG but not really")
    training = load_faces(tmp_path, "training")
    assert len(training) == 17
    assert "1" in caplog.text
    recipe = toy_recipe(epochs=1, **SMALL)
    validation = load_faces(tmp_path, "validation")
    train(recipe, training, validation, RunOptions(tmp_path / "run"))


def test_one_batch_can_be_learned_by_heart(splits: tuple[FaceSet, FaceSet]) -> None:
    """The recipe really learns: hard labels of one batch, no augmentation to hide behind."""
    chosen = torch.arange(8)
    training = splits[0]
    batch = FaceSet(
        images=training.images[chosen],
        votes=torch.nn.functional.one_hot(training.majority[chosen], 8).float(),
        majority=training.majority[chosen],
    )
    recipe = toy_recipe(epochs=200, learning_rate=3e-3, weight_decay=0.0, **SMALL)
    trainer = Trainer(recipe, batch)
    drawn = trainer.draw()
    drawn = drawn._replace(targets=batch.votes[trainer.batch_indices()])
    trainer.draw = lambda: drawn  # type: ignore[method-assign]
    trainer.network.fer.dropout.p = 0.0  # type: ignore[union-attr]
    losses = []
    for _ in range(200):
        trainer.advance()
        with torch.no_grad():
            trainer.network.train()
            out = trainer.network(drawn.degraded, drawn.native_px, drawn.gain)
            wanted = -(drawn.targets * torch.log_softmax(out.logits, dim=1)).sum(dim=1).mean()
        losses.append(float(wanted))
        if losses[-1] < 0.05:
            break
    assert losses[-1] < 0.05
