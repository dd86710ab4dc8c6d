"""A real model whose answers are changed on the way, as a faulty GPU would."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from srfer.engines import Model
from srfer.engines.contract import Arrays

Answers = dict[str, NDArray[Any]]


class SpoiledSession:
    """The session of a model, and what is done to its answers."""

    def __init__(self, model: Model, change: Callable[[Answers], None]) -> None:
        self.model = model
        self.change = change

    def run(self, feeds: Arrays) -> Answers:
        answers = self.model._session.run(feeds)
        self.change(answers)
        return answers


def spoiled(model: Model, change: Callable[[Answers], None]) -> Model:
    """The model with `change` done to each batch of answers."""
    return Model(
        SpoiledSession(model, change),
        model.spec,
        sha256=model.sha256,
        device=model.device,
        engine="spoiled",
        options=model.options,
    )
