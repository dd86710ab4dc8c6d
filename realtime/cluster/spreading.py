"""A batch as tasks of Ray: one an input, begun again where a worker or a node is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from srfer.errors import ClusterError, ExportError, SrferError

from ..export import Ends, export_batch
from ..export_input import earlier_outcome
from ..jobs import Job
from ..outcome import ExportOutcome, ExportProgress, ExportSummary
from ..outputs import ExportOptions
from ..side_by_side import Together
from ..sources import display_name, printable
from .attempts import publish, sweep
from .connecting import Cluster, connected
from .messages import unpack
from .nodes import agreed_facts, fit_nodes, require_shared_storage
from .recipe import Recipe
from .work import Board, Order, work

RETRIES = 3
"""How often an input is begun again whose worker or node was lost."""
LOOK_EVERY_S = 0.5
"""How often it is looked how far the work is, in seconds."""
NO_NODE_S = 60.0
"""How long a batch waits without any node that could work, in seconds."""
MOST_TASKS = 1000
"""So many tasks are with Ray at a time where `jobs` does not say."""
CANCEL_S = 10.0
"""How long tasks that are cancelled are waited for, in seconds."""


def export_on_cluster(
    cluster: Cluster,
    inputs: Sequence[Path],
    out: Path,
    recipe: Recipe,
    options: ExportOptions,
    *,
    at_once: int | None = None,
    on_progress: Callable[[ExportProgress], None] | None = None,
    on_outcome: Callable[[ExportOutcome], None] | None = None,
) -> ExportSummary:
    """Do what `srfer.realtime.export.export` does, with the inputs spread over machines.

    Args:
        cluster: where.
        inputs: videos and folders, as every machine sees them.
        out: folder for the results, which every machine sees too.
        recipe: how a node analyses; what it says decides about the results is noted in manifests.
        options: how to export; its `settings` are taken from the nodes.
        at_once: so many inputs at a time at most; as many as there is room for if None.
        on_progress: told now and then of all inputs together.
        on_outcome: told after every input, in the order in which they end.

    Raises:
        ConfigError: before any work, if there is nothing to do or `out` cannot be used.
        ClusterError: if the cluster cannot be reached, its nodes are not fit, or it is lost.
        ExportError: if the page of the batch cannot be written.
    """
    with connected(cluster) as ray:
        facts = agreed_facts(ray, cluster, recipe, options)
        noted = replace(options, settings=facts.settings)

        def run(jobs: Sequence[Job]) -> Ends:
            there = [job.footage.files[0].absolute() for job in jobs if job.finished is None]
            require_shared_storage(ray, cluster, there, out.absolute())
            batch = _Batch(ray, cluster, jobs, Order(recipe, noted, facts), on_progress)
            return batch.outcomes(at_once or MOST_TASKS)

        return export_batch(inputs, out, noted, run, on_outcome)


class _Batch:
    """The inputs of an export, at work on the nodes of a cluster."""

    def __init__(
        self,
        ray: Any,
        cluster: Cluster,
        jobs: Sequence[Job],
        order: Order,
        on_progress: Callable[[ExportProgress], None] | None,
    ) -> None:
        self._ray = ray
        self._cluster = cluster
        self._jobs = jobs
        self._order = order
        self._together = None if on_progress is None else Together(on_progress)
        self._board = None if on_progress is None else _open_board(ray)
        self._task = ray.remote(
            **cluster.need,
            max_retries=RETRIES,
            retry_exceptions=False,
            scheduling_strategy="SPREAD",
        )(work)
        self._at_work: dict[Any, int] = {}
        self._fit_s = time.monotonic()

    def outcomes(self, at_once: int) -> Ends:
        """Yield the place and outcome of each input as it ends."""
        places = []
        for place, job in enumerate(self._jobs):
            if job.finished is not None:
                yield place, earlier_outcome(job, job.finished)
            elif job.error is not None:
                yield place, _failed(job, job.error)
            else:
                places.append(place)
        try:
            self._sweep()
            yield from self._spread(places, at_once)
        finally:
            self._cancel()
            with suppress(OSError):  # what ended the work says more
                self._sweep()

    def _spread(self, places: list[int], at_once: int) -> Ends:
        """Have so many inputs with Ray at a time, and wait for what ends next."""
        waiting = places[::-1]
        while waiting or self._at_work:
            while waiting and len(self._at_work) < at_once:
                place = waiting.pop()
                self._at_work[self._begin(place)] = place
            ended = self._wait()
            self._tell()
            for task in ended:
                place = self._at_work.pop(task)
                outcome = self._end(task, self._jobs[place])
                self._tell_end(place, outcome)
                yield place, outcome
            if not ended:
                self._require_nodes()

    def _begin(self, place: int) -> Any:
        job = self._jobs[place]
        there = Job(job.footage.absolute(), job.folder.absolute())
        with self._lost_cluster_told():
            return self._task.remote(there, place + 1, self._order, self._board)

    def _wait(self) -> list[Any]:
        with self._lost_cluster_told():
            ended, _ = self._ray.wait(list(self._at_work), num_returns=1, timeout=LOOK_EVERY_S)
        return list(ended)

    def _end(self, task: Any, job: Job) -> ExportOutcome:
        """What became of an input, once its outputs are where they belong."""
        errors = self._ray.exceptions
        name = display_name(job.input)
        try:
            with self._lost_cluster_told():
                told = self._ray.get(task)
        except errors.RayTaskError as error:
            raise _stop(getattr(error, "cause", None) or error) from None
        except (errors.WorkerCrashedError, errors.NodeDiedError, errors.OutOfMemoryError):
            return _failed(
                job,
                ClusterError(
                    f"{name}: its worker was lost {RETRIES + 1} times; look whether the nodes have "
                    "memory enough, reserve more cores for a video, or export this one alone"
                ),
            )
        except errors.RayError as error:
            raise _stop(error) from None
        outcome = unpack(told, job)
        try:
            publish(Path(told["attempt"]), job.folder.absolute())
        except ExportError as error:
            return replace(outcome, error=outcome.error or error)
        return outcome

    def _tell(self) -> None:
        """Tell of what the nodes have written on the board."""
        if self._board is None or self._together is None:
            return
        told: dict[int, tuple[int, int | None]] = {}
        # A lost board begins anew.
        with self._lost_cluster_told(), suppress(self._ray.exceptions.RayError):
            told = self._ray.get(self._board.take.remote(), timeout=LOOK_EVERY_S)
        at_work = set(self._at_work.values())
        for number, (frames, expected) in told.items():
            if number - 1 in at_work:
                self._together(self._progress(number, frames, expected))

    def _tell_end(self, place: int, outcome: ExportOutcome) -> None:
        if self._together is not None:
            self._together(self._progress(place + 1, outcome.frames, outcome.frames))
            self._together.end(place + 1)

    def _progress(self, number: int, frames: int, expected: int | None) -> ExportProgress:
        name = display_name(self._jobs[number - 1].input)
        return ExportProgress(name, number, len(self._jobs), frames, expected)

    def _require_nodes(self) -> None:
        """Stop waiting where nobody is left who could work."""
        now_s = time.monotonic()
        with self._lost_cluster_told():
            if fit_nodes(self._ray, self._cluster):
                self._fit_s = now_s
        if now_s - self._fit_s > NO_NODE_S:
            raise ClusterError(
                f"{self._cluster.address}: no node could work for {NO_NODE_S:.0f} s; start nodes, "
                "and go on with --resume"
            )

    def _cancel(self) -> None:
        """End the tasks that are at work; what they were making is begun again another time."""
        for task in self._at_work:
            with suppress(Exception):
                self._ray.cancel(task, force=True)
        if self._at_work:
            with suppress(Exception):
                self._ray.wait(
                    list(self._at_work), num_returns=len(self._at_work), timeout=CANCEL_S
                )

    def _sweep(self) -> None:
        folders = [job.folder.absolute() for job in self._jobs]
        for out in {folder.parent for folder in folders}:
            sweep(out, folders)

    @contextmanager
    def _lost_cluster_told(self) -> Iterator[None]:
        """Turn the loss of the connection to the head into an error of ours."""
        try:
            yield
        except ConnectionError:
            raise ClusterError(
                f"{self._cluster.address}: the cluster was lost in mid-batch; start it again, and "
                "go on with --resume"
            ) from None


def _open_board(ray: Any) -> Any:
    """Where the head is: if that is lost, so is the cluster."""
    on_head = {"node:__internal_head__": 0.001}
    return ray.remote(num_cpus=0, max_restarts=-1, resources=on_head)(Board).remote()


def _failed(job: Job, error: SrferError) -> ExportOutcome:
    return ExportOutcome(
        job.input, job.folder, frames=0, face_rows=0, failed_readings=0, elapsed_s=0.0, error=error
    )


def _stop(error: Exception) -> ClusterError:
    """Why a batch cannot go on: a node that is not fit would fail one input after the other."""
    if isinstance(error, SrferError):
        return ClusterError(f"{error}; mend or remove it, and go on with --resume")
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    reason = printable(lines[-1] if lines else type(error).__name__)
    return ClusterError(
        f"a node cannot work ({reason}); mend or remove it, and go on with --resume"
    )
