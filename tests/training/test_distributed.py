"""Several processes train one network: real processes, joined by gloo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from srfer.errors import TrainingError
from srfer.training.distributed import Crew, joined_crew

ROOT = Path(__file__).parents[2]

RUN = """
import json, sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from srfer.training.data import load_faces
from srfer.training.distributed import joined_crew
from srfer.training.train import RunOptions, train
from tests.training.toy import toy_recipe

data, folder = Path(sys.argv[1]), Path(sys.argv[2])
# Super-resolution has no batch norms: what the processes compute together is what one would.
recipe = toy_recipe(epochs=1, update="sr", sr="fsrcnn")
with joined_crew() as crew:
    faces = load_faces(data, "training"), load_faces(data, "validation")
    trainer = train(recipe, *faces, RunOptions(folder), crew=crew)
    total = float(sum(p.double().abs().sum() for p in trainer.network.parameters()))
    (folder / f"rank{crew.rank}.json").write_text(json.dumps([crew.size, trainer.step, total]))
"""


def launch(data: Path, folder: Path, *how: str) -> None:
    script = folder.parent / "run.py"
    script.write_text(RUN)
    folder.mkdir()
    subprocess.run(
        [sys.executable, *how, str(script), str(data), str(folder)],
        check=True,
        capture_output=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
    )


def test_two_processes_give_what_one_gives(data: Path, tmp_path: Path) -> None:
    launch(data, tmp_path / "one")
    launch(data, tmp_path / "two", "-m", "torch.distributed.run", "--nproc-per-node", "2")
    (alone,) = [json.loads(p.read_text()) for p in (tmp_path / "one").glob("rank*.json")]
    both = [json.loads(p.read_text()) for p in sorted((tmp_path / "two").glob("rank*.json"))]
    assert [size for size, _, _ in both] == [2, 2]
    assert both[0] == both[1]  # the processes agree to the last bit
    assert both[0][1] == alone[1]
    assert both[0][2] == pytest.approx(alone[2], rel=1e-6)
    assert len(list((tmp_path / "two").glob("checkpoint-*.pt"))) == 1  # only the first one saves


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(TrainingError, match="3 processes cannot share a batch of 8"):
        Crew(0, 3, torch.device("cpu")).own_part(torch.zeros(8))


def test_alone_without_a_launcher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined_crew() as crew:
        assert crew.is_first
        assert crew.agree(0.5) == 0.5
