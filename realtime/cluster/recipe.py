"""What a node needs to know to analyse an input."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, cast

from srfer.engines import Model, load
from srfer.engines.contract import Precision

from ..api import AnalysisOptions, describe_settings, make_second_look, make_stages
from ..export_input import Work
from .connecting import Cluster


class Recipe(Protocol):
    """How a node analyses; it travels there, so it holds words and numbers only."""

    def settings(self) -> dict[str, Any]:
        """What decides about the results on the node that is asked, as plain JSON types."""

    def make_work(self, *, is_refined: bool) -> Work:
        """What one input is analysed with, in one pass or in two."""


@dataclass(frozen=True, slots=True)
class ModelRecipe:
    """The usual analysis: a model that each node loads once.

    Attributes:
        model: name of a shipped model, or absolute path of a file.
        device: as `srfer.load` takes it.
        precision: as `srfer.load` takes it.
        threads: that the model computes with.
        analysis: how frames are analysed; the tracker computes with as many threads.
    """

    model: str
    device: str
    precision: str | None
    threads: int
    analysis: AnalysisOptions

    @classmethod
    def of(cls, model: str | Path, analysis: AnalysisOptions, cluster: Cluster) -> ModelRecipe:
        """The recipe of a batch; paths are made absolute, as nodes work in other folders."""
        name = str(Path(model).absolute()) if Path(model).suffix else str(model)
        tracker_model = analysis.tracker_model
        if tracker_model is not None:
            analysis = replace(analysis, tracker_model=tracker_model.absolute())
        analysis = replace(analysis, tracker_threads=cluster.cpus)
        return cls(name, cluster.device, cluster.precision, cluster.cpus, analysis)

    def settings(self) -> dict[str, Any]:
        """See `Recipe`."""
        return describe_settings(self._load(), self.analysis)

    def make_work(self, *, is_refined: bool) -> Work:
        """See `Recipe`."""
        model = self._load()
        second_look = make_second_look(model, self.analysis) if is_refined else None
        return Work(make_stages(model, self.analysis), second_look)

    def _load(self) -> Model:
        return _loaded(self.model, self.device, self.precision, self.threads)


@lru_cache(maxsize=1)
def _loaded(model: str, device: str, precision: str | None, threads: int) -> Model:
    """Kept, since a process on a node does one video after the other."""
    return load(model, device, threads, precision=cast(Precision | None, precision))
