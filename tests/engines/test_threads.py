"""How many threads pay is measured once, remembered, and never assumed."""

from __future__ import annotations

from pathlib import Path

import pytest

import srfer
from srfer.engines import EngineCache, Options, find_backend, read_model
from srfer.engines.prepare import prepare
from srfer.engines.spec import expression_shapes
from srfer.engines.threads import best_threads, measure_threads, recall_threads, remember_threads
from srfer.errors import ConfigError


@pytest.mark.parametrize(
    ("times", "best"),
    [
        ({1: 2.0}, 1),
        ({1: 2.0, 2: 2.5}, 1),  # two can be slower than one
        ({1: 2.0, 2: 1.9}, 1),
        ({1: 2.0, 2: 1.2, 4: 1.1}, 2),
        ({1: 2.0, 2: 1.2, 4: 0.7, 8: 0.69}, 4),
        ({1: 2.0, 2: 1.7, 4: 0.9}, 4),
    ],
)
def test_more_threads_have_to_be_worth_it(times: dict[int, float], best: int) -> None:
    assert best_threads(times) == best


def test_every_number_of_threads_is_timed() -> None:
    options = Options(shapes=expression_shapes(32))
    times = measure_threads(find_backend("cpu"), read_model("srfer-base"), options, print)
    assert set(times) <= {1, 2, 4, 8}
    assert 1 in times
    assert min(times.values()) > 0


def test_what_was_found_is_used_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRFER_CACHE", str(tmp_path / "engines"))
    assert srfer.load().options.threads == 1
    done = prepare("srfer-base", "cpu")
    assert done.threads == best_threads(done.ms_by_threads)
    assert done.bytes == 0
    backend, model = find_backend("cpu"), read_model("srfer-base")
    remember_threads(backend, model, 3, EngineCache.of_user())
    assert srfer.load().options.threads == 3
    assert srfer.load(threads=1).options.threads == 1
    assert recall_threads(find_backend("openvino"), model, EngineCache.of_user()) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", '{"a": "b"}', '{"a": 0}', '{"a": true}'])
def test_a_damaged_memory_is_no_memory(tmp_path: Path, text: str) -> None:
    (tmp_path / "threads.json").write_text(text)
    cache = EngineCache(tmp_path)
    assert recall_threads(find_backend("cpu"), read_model("srfer-base"), cache) == 1


def test_no_threads_at_all_are_refused() -> None:
    with pytest.raises(ConfigError, match="threads must be at least 1, not 0"):
        srfer.load(threads=0)


def test_an_impossible_batch_is_refused() -> None:
    for size in (0, 1025):
        with pytest.raises(ConfigError, match="max_batch must lie between 1 and 1024"):
            srfer.load(max_batch=size)
