"""Loaded models, kept so that the next source does not wait for them again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from srfer.engines import DEFAULT, Model, Precision, load
from srfer.realtime import AnalysisOptions

KEPT = 2
"""Models that are kept: the present one and the one before it."""


@dataclass(frozen=True, slots=True)
class Setup:
    """How frames are analysed.

    Attributes:
        model: name of a shipped model, or path.
        device: "auto", or one that `srfer doctor` lists.
        precision: of the model, or None for the device's default.
        options: detector and the rest.
    """

    model: str = DEFAULT
    device: str = "auto"
    precision: Precision | None = None
    options: AnalysisOptions = field(default_factory=AnalysisOptions)


class Shelf:
    """Gives models. Any thread may ask; who asks for the same one waits for the first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._models: OrderedDict[tuple[str, str, str | None], Model] = OrderedDict()

    def get(self, setup: Setup) -> Model:
        """The model of a setup, loaded if it is not there.

        Raises:
            ConfigError: if the device or the precision is impossible.
            ModelError: if the model cannot be used.
            EngineError: if the device cannot be used.
        """
        key = (setup.model, setup.device, setup.precision)
        with self._lock:
            model = self._models.get(key)
            if model is None:
                model = load(setup.model, setup.device, precision=setup.precision)
                self._models[key] = model
            self._models.move_to_end(key)
            while len(self._models) > KEPT:
                self._models.popitem(last=False)
            return model
