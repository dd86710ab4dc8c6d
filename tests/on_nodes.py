"""What tests have the nodes of a cluster do, and a program that asks them to.

The program runs apart from the tests: Ray stays out of their process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from srfer.engines import DEFAULT
from srfer.errors import ClusterError
from srfer.realtime import AnalysisOptions, Frame
from srfer.realtime.cluster import Cluster, ModelRecipe, export_on_cluster
from srfer.realtime.cluster.connecting import connected
from srfer.realtime.cluster.nodes import agreed_facts
from srfer.realtime.export import ExportOptions, ExportOutcome, ExportProgress
from srfer.realtime.export_input import Work
from srfer.realtime.formats import Format
from tests.moods import Moods, in_turn

SCRIPT = in_turn(1, ["fear", "anger", "neutral"], 7)
SETTINGS = {"actor": "moods"}
FORMATS = frozenset(Format) - {Format.VIDEO}
NODE = "SRFER_TEST_NODE"
"""The variable that tells a node what it is called."""

MEET_S = 200.0
"""Two nodes are at work at the same moment long before."""
FATAL_FRAME = 5


@dataclass(frozen=True)
class Acting:
    """A recipe without a model."""

    notes: Path

    def settings(self) -> dict[str, Any]:
        return SETTINGS

    def make_work(self, *, is_refined: bool) -> Work:
        assert not is_refined
        return Work([Moods(SCRIPT)])


class Differing(Acting):
    """Every node has another model."""

    def settings(self) -> dict[str, Any]:
        return {"model": f"that of {os.environ[NODE]}"}


class Staying(Acting):
    """The second input is begun and never ends."""

    def make_work(self, *, is_refined: bool) -> Work:
        return Work([_Staying(self.notes), *super().make_work(is_refined=is_refined).stages])


class Dying(Acting):
    """Two nodes begin together; then the first loses its worker, and the second itself."""

    def settings(self) -> dict[str, Any]:
        return self._usual().settings()

    def make_work(self, *, is_refined: bool) -> Work:
        usual = self._usual().make_work(is_refined=is_refined)
        return usual._replace(stages=[_Dying(self.notes), *usual.stages])

    def _usual(self) -> ModelRecipe:
        return ModelRecipe.of(DEFAULT, AnalysisOptions(), Cluster("local"))


class _Passing:
    """A stage that lets frames pass.

    Args:
        notes: folder in which it tells what happens.
    """

    name = "passing"

    def __init__(self, notes: Path) -> None:
        self._notes = notes

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def __call__(self, frame: Frame, /) -> Frame:
        self._meet(frame)
        return frame

    def _meet(self, frame: Frame) -> None:
        raise NotImplementedError


class _Staying(_Passing):
    def _meet(self, frame: Frame) -> None:
        if frame.source_id == "1.mkv" and frame.index == FATAL_FRAME:
            (self._notes / "stays").touch()
            threading.Event().wait()


class _Dying(_Passing):
    def _meet(self, frame: Frame) -> None:
        node = os.environ[NODE]
        if frame.index == 0:
            (self._notes / f"{node} is here").touch()
            self._wait_for("first is here")
            self._wait_for("second is here")
        if frame.index == FATAL_FRAME and not list(self._notes.glob(f"{node} dies in *")):
            (self._notes / f"{node} dies in {frame.source_id}").touch()
            os.kill(os.getpid() if node == "first" else os.getppid(), signal.SIGKILL)
            threading.Event().wait()  # a worker without its node is ended

    def _wait_for(self, note: str) -> None:
        until_s = time.monotonic() + MEET_S
        while not (self._notes / note).exists():
            assert time.monotonic() < until_s, note
            time.sleep(0.02)


RECIPES = {kind.__name__: kind for kind in (Acting, Differing, Dying, Staying)}


def spread(address: str, recipe: str, notes: str, out: str, *clips: str) -> None:
    """Spread a batch, and write a line of JSON for every outcome and for the end."""
    told: list[ExportProgress] = []

    def tell(outcome: ExportOutcome) -> None:
        print(json.dumps(outcome.to_record()), flush=True)

    try:
        summary = export_on_cluster(
            Cluster(address),
            [Path(clip) for clip in clips],
            Path(out),
            RECIPES[recipe](Path(notes)),
            ExportOptions(formats=FORMATS),
            on_progress=told.append,
            on_outcome=tell,
        )
    except KeyboardInterrupt:
        sys.exit(130)
    print(json.dumps({"code": summary.exit_code, "frames": [one.frames for one in told]}))


def check(address: str, *recipes: str) -> None:
    """For every line on stdin, write what is wrong with the nodes and the next recipe."""
    cluster = Cluster(address)
    with connected(cluster) as ray:
        for recipe in recipes:
            sys.stdin.readline()
            try:
                agreed_facts(ray, cluster, RECIPES[recipe](Path()), ExportOptions(formats=FORMATS))
            except ClusterError as error:
                print(error, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "check":
        check(*sys.argv[2:])
    else:
        spread(*sys.argv[2:])
