"""Several videos of a batch at work at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress

from .hearing import HEARS_S
from .outcome import ExportOutcome, ExportProgress
from .pipeline import Pipeline, PipelineStopped
from .words import counted

Task = Callable[[], ExportOutcome]


class Crew:
    """The pipelines that are at work, so that all of them can be stopped."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipelines: set[Pipeline] = set()
        self._is_stopped = False

    def run(self, pipeline: Pipeline) -> None:
        """Run a pipeline to its end.

        Raises:
            PipelineStopped: if the crew was stopped before the end.
            BaseException: whatever a part of the pipeline raised.
        """
        try:
            with self._lock:
                if not self._is_stopped:
                    self._pipelines.add(pipeline)
                    pipeline.start()
            if not self._is_stopped:
                pipeline.join()
        except KeyboardInterrupt:
            self.stop()
            raise
        finally:
            with self._lock:
                self._pipelines.discard(pipeline)
        if self._is_stopped:
            raise PipelineStopped(f"{pipeline.name} was stopped")

    def stop(self) -> None:
        """Stop all pipelines, and let none begin."""
        with self._lock:
            self._is_stopped = True
            pipelines = list(self._pipelines)
        for pipeline in pipelines:
            with suppress(
                TimeoutError
            ):  # its threads are daemons: the process can end all the same
                pipeline.stop()


def run_side_by_side(
    tasks: Sequence[Task], jobs: int, crew: Crew
) -> Generator[tuple[int, ExportOutcome], None, None]:
    """Run tasks, so many at a time, and yield the place and outcome of each as it ends.

    One at a time, they run in the caller's thread. Leaving the iterator early stops the crew.
    """
    if jobs == 1:
        for place, task in enumerate(tasks):
            yield place, task()
        return
    with ThreadPoolExecutor(jobs, thread_name_prefix="export") as pool:
        try:
            places = {pool.submit(task): place for place, task in enumerate(tasks)}
            for future in _as_completed(places):
                yield places[future], future.result()
        except BaseException:
            crew.stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _as_completed(futures: Iterable[Future[ExportOutcome]]) -> Iterator[Future[ExportOutcome]]:
    """Yield futures as they end. Signals are heard meanwhile, see `HEARS_S`."""
    waiting = set(futures)
    while waiting:
        done, waiting = wait(waiting, HEARS_S, FIRST_COMPLETED)
        yield from done


class Together:
    """Tells of several inputs at work as of one: how many, and their frames taken together.

    Args:
        tell: told after every frame; never by two threads at once.
    """

    def __init__(self, tell: Callable[[ExportProgress], None]) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._at_work: set[int] = set()
        self._done: dict[int, int] = {}
        self._frames = 0
        self._ended = 0

    def __call__(self, progress: ExportProgress) -> None:
        """Take how far one of the inputs is; one that is begun again has fewer frames then."""
        with self._lock:
            self._at_work.add(progress.number)
            self._frames += progress.frames - self._done.get(progress.number, 0)
            self._done[progress.number] = progress.frames
            count = len(self._at_work)
            name = progress.input if count == 1 else counted(count, "video")
            number = min(self._ended + 1, progress.inputs)
            self._tell(ExportProgress(name, number, progress.inputs, self._frames, None))

    def end(self, number: int) -> None:
        """An input has ended."""
        with self._lock:
            self._done.pop(number, None)
            self._at_work.discard(number)
            self._ended += 1
