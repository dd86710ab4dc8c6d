"""Several processes on one run: as many as `torchrun` started.

    torchrun --nproc-per-node 4 -m srfer train base --data ferplus.npz

Each process computes its part of every batch, gradients are averaged, and all keep the same
weights. One process is the same code with nothing to average.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from srfer.errors import TrainingError


@dataclass(frozen=True, slots=True)
class Crew:
    """The processes of a run, seen from one of them.

    Attributes:
        rank: which of them this is, from 0.
        size: how many there are.
        device: what this one computes on.
    """

    rank: int
    size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process evaluates, logs and saves."""
        return self.rank == 0

    def own_part(self, batch: Tensor) -> Tensor:
        """The part of a batch (B, ...) that this process computes, on its device.

        Raises:
            TrainingError: if the batch cannot be divided evenly.
        """
        if len(batch) % self.size:
            raise TrainingError(f"{self.size} processes cannot share a batch of {len(batch)}")
        return batch.chunk(self.size)[self.rank].to(self.device)

    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """Replace each gradient by the mean over all processes."""
        if self.size == 1:
            return
        for parameter in parameters:
            if parameter.grad is not None:
                distributed.all_reduce(parameter.grad)
                parameter.grad /= self.size

    def agree(self, value: float) -> float:
        """The mean of a number over all processes."""
        if self.size == 1:
            return value
        shared = torch.tensor(value, device=self.device)
        distributed.all_reduce(shared)
        return float(shared) / self.size

    def synchronise_norms(self, network: nn.Module) -> None:
        """Let batch norms, in place, see the whole batch where that is possible: on GPUs."""
        if self.size > 1 and self.device.type == "cuda":
            nn.SyncBatchNorm.convert_sync_batchnorm(network)  # type: ignore[no-untyped-call]


ALONE = Crew(0, 1, torch.device("cpu"))


def _best_device(local_rank: int) -> torch.device:
    return torch.device("cuda", local_rank) if torch.cuda.is_available() else torch.device("cpu")


@contextmanager
def joined_crew() -> Iterator[Crew]:
    """Join the processes that `torchrun` started, or be the only one; leaves them at the end."""
    size = int(os.environ.get("WORLD_SIZE", "1"))
    device = _best_device(int(os.environ.get("LOCAL_RANK", "0")))
    if size == 1:
        yield Crew(0, 1, device)
        return
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Crew(distributed.get_rank(), size, device)
    finally:
        distributed.destroy_process_group()
