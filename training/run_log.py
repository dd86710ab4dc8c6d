"""What a run writes about itself: a line of JSON per evaluation, and TensorBoard's event files."""

from __future__ import annotations

import json
from pathlib import Path

from torch.utils.tensorboard.writer import SummaryWriter

from srfer.errors import TrainingError

from .evaluate import Scores
from .files import write_whole

LOG_NAME = "log.jsonl"
EVENTS_NAME = "tensorboard"


class RunLog:
    """Both logs of a run; what lies after the checkpoint is cut off when the run goes on.

    Args:
        folder: of the run.
        step: how many steps the checkpoint holds, 0 for a fresh run.
    """

    def __init__(self, folder: Path, step: int) -> None:
        self.path = folder / LOG_NAME
        kept = []
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                try:
                    if json.loads(line)["step"] <= step:
                        kept.append(line)
                except (json.JSONDecodeError, KeyError):
                    break  # a line torn by a kill; whatever followed belongs to the future
        write_whole(self.path, "".join(line + "\n" for line in kept).encode())
        self._events = SummaryWriter(folder / EVENTS_NAME, purge_step=step + 1)

    def add_step(self, step: int, loss: float, learning_rate: float) -> None:
        """Note how training goes."""
        self._events.add_scalar("training/loss", loss, step)
        self._events.add_scalar("training/learning_rate", learning_rate, step)

    def add_scores(self, step: int, epoch: float, loss: float, scores: tuple[Scores, ...]) -> None:
        """Note an evaluation.

        Raises:
            TrainingError: if the disk refuses.
        """
        record = {
            "step": step,
            "epoch": epoch,
            "loss": round(loss, 5),
            "accuracy": {str(s.native_px): round(s.accuracy, 5) for s in scores},
            "macro_recall": {str(s.native_px): round(s.macro_recall, 5) for s in scores},
            "psnr_db": {str(s.native_px): round(s.psnr_db, 3) for s in scores if s.native_px < 48},
        }
        for item in scores:
            for name in ("accuracy", "macro_recall"):
                self._events.add_scalar(f"{name}/{item.native_px}px", getattr(item, name), step)
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
        except OSError as error:
            raise TrainingError(f"cannot write {self.path.name}: {error.strerror}") from None

    def close(self) -> None:
        """Write out what is buffered."""
        self._events.close()
