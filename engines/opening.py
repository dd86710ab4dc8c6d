"""Opening a graph on a runtime, by way of the cache where the runtime compiles."""

from __future__ import annotations

from functools import partial

from srfer.errors import BuiltEngineError, ConfigError

from .cache import EngineCache, Key, Notify
from .contract import Backend, ModelFile, Options, Session


def open_session(
    backend: Backend,
    model: ModelFile,
    options: Options,
    notify: Notify,
    cache: EngineCache | None = None,
) -> Session:
    """Open a graph, from the cache where it had to be built before.

    Args:
        backend: the runtime.
        model: any ONNX file that `read_form` accepts.
        options: how to open it.
        notify: told when a kept engine had to be built again.
        cache: of built engines; the user's if not given.

    Raises:
        ConfigError: if the backend cannot compute in that precision.
        ModelError: if the runtime cannot make anything of the graph.
        EngineError: if the runtime, its device or the cache fails.
    """
    if options.precision not in backend.precisions:
        known = ", ".join(backend.precisions)
        raise ConfigError(f"{backend.device} does not compute in {options.precision}: only {known}")
    if not backend.needs_build(options):
        return backend.open(model, options, None)
    cache = cache or EngineCache.of_user()
    key = Key.of(backend, model, options)
    built = cache.fetch(key, partial(_build, backend, model, options), notify)
    try:
        return backend.open(model, options, built)
    except BuiltEngineError as error:
        notify(f"{error}: building it again")
        cache.discard(key)
        built = cache.fetch(key, partial(_build, backend, model, options), notify)
        return backend.open(model, options, built)


def _build(backend: Backend, model: ModelFile, options: Options) -> bytes:
    built = backend.build(model, options)
    assert built is not None  # needs_build has said so
    return built
