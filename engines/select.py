"""Choosing a runtime: the first that works, and why not the others."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from srfer.errors import EngineError, ModelError

from . import registry
from .cache import EngineCache, Key
from .contract import MAX_BATCH, Backend, ModelFile, Options, Precision, Route, Session
from .model import Model
from .onnx_file import read_form
from .opening import open_session
from .registry import COMPILERS, PROCESSORS, find_backend
from .sparing import SparingSession
from .spec import ModelSpec, check_form, check_golden, expression_shapes, golden_feeds, parse_spec
from .threads import recall_threads
from .unrestored import without_restoring
from .weights import DEFAULT, read_model


def load(
    model: str | Path = DEFAULT,
    device: str = "auto",
    threads: int | None = None,
    *,
    precision: Precision | None = None,
    max_batch: int = MAX_BATCH,
    route: Route = "onnx",
) -> Model:
    """Load a model on the best device of this machine.

    Args:
        model: name of a shipped model, or path of an .onnx file that follows the contract.
        device: "auto", or one of the devices that `srfer doctor` lists.
        threads: processor threads for one batch; if not given, what `srfer engine build` found
            best on this machine, or one.
        precision: "fp32", "fp16" or "int8"; the device's default if not given.
        max_batch: most faces that are computed at a time; more are split.
        route: how the model gets into TensorRT.

    Raises:
        ConfigError: if the device, the precision or a number is impossible.
        ModelError: if the file is missing, damaged or not a srfer model.
        EngineError: if the chosen device cannot be used.
    """
    chosen = registry.BACKENDS if device == "auto" else (find_backend(device),)
    file = read_model(model)
    form = read_form(file.data, file.name)
    check_form(form, file.name)
    spec = parse_spec(form.metadata, file.name)
    opener = _Opener(file, spec, EngineCache.of_user(), [])
    shapes = expression_shapes(max_batch)
    reasons: list[str] = []
    for backend in chosen:
        wanted = precision or backend.precisions[0]
        reason = backend.why_not()
        if reason is None:
            count = opener.recalled(backend) if threads is None else threads
            options = Options(wanted, count, shapes, route)
            reason = opener.why_not_unasked(backend, options) if device == "auto" else None
        if reason is None:
            try:
                return opener.open(backend, options)
            except (EngineError, ModelError) as error:
                if backend.device in ("cpu", device):
                    raise  # there is nothing to fall back on
                reason = str(error)
                opener.notes.append(f"{backend.device}: {reason}")
        reasons.append(f"{backend.device}: {reason}")
    raise EngineError(f"no device can run {file.name} ({'; '.join(reasons)})")


class _Opener(NamedTuple):
    """One model, and what was noted while it was tried on runtimes."""

    file: ModelFile
    spec: ModelSpec
    cache: EngineCache
    notes: list[str]

    def recalled(self, backend: Backend) -> int:
        """Threads that were found best on this machine."""
        return recall_threads(backend, self.file, self.cache)

    def why_not_unasked(self, backend: Backend, options: Options) -> str | None:
        """Why "auto" passes over a runtime that could be used."""
        if options.precision not in backend.precisions:
            return f"does not compute in {options.precision}"
        is_slow = backend.device in COMPILERS and backend.needs_build(options)
        if is_slow and not self.cache.holds(Key.of(backend, self.file, options)):
            return f"no engine was built: srfer engine build --device {backend.device}"
        return None

    def open(self, backend: Backend, options: Options) -> Model:
        """Open the model and have it answer what it was shipped with the answers of."""
        session = self._session(backend, options)
        answers = session.run(golden_feeds())["probabilities"]
        check_golden(self.spec, answers, self.file.name, options.precision)
        return Model(
            session,
            self.spec,
            sha256=self.file.sha256,
            device=backend.device,
            engine=f"{backend.describe()}, {options.precision}",
            options=options,
            notes=tuple(self.notes),
        )

    def _session(self, backend: Backend, options: Options) -> Session:
        whole = open_session(backend, self.file, options, self.notes.append, self.cache)
        file = without_restoring(self.file) if backend.device in PROCESSORS else None
        if file is None:
            return whole
        rest = open_session(backend, file, options, self.notes.append, self.cache)
        return SparingSession(whole, rest)
