"""Engines that were built before: never lost twice, never anyone else's, never a damaged one."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

import srfer
from srfer.engines import EngineCache, Options, find_backend, open_session, read_model
from srfer.engines.cache import Key
from srfer.engines.contract import ModelFile
from srfer.engines.spec import expression_shapes
from srfer.errors import EngineError

KEY = Key("m.onnx", "a" * 64, "ncnn", "ncnn 1", "fp32")


@pytest.fixture
def cache(tmp_path: Path) -> EngineCache:
    return EngineCache(tmp_path / "engines")


def never() -> bytes:
    pytest.fail("it was built again")


def test_what_was_built_is_kept(cache: EngineCache) -> None:
    notes: list[str] = []
    assert not cache.holds(KEY)
    assert cache.fetch(KEY, lambda: b"engine", notes.append) == b"engine"
    assert cache.holds(KEY)
    assert cache.fetch(KEY, never, notes.append) == b"engine"
    (entry,) = cache.entries()
    assert (entry.key, entry.size) == (KEY, 6)
    assert notes == []


def test_each_part_of_the_key_counts(cache: EngineCache) -> None:
    cache.fetch(KEY, lambda: b"first", print)
    for part in ("model_sha256", "device", "runtime", "options"):
        other = dataclasses.replace(KEY, **{part: "another"})
        assert cache.fetch(other, lambda: b"second", print) == b"second"
    renamed = dataclasses.replace(KEY, model="other-name.onnx")  # the same bytes
    assert cache.fetch(renamed, never, print) == b"first"


def test_options_that_change_the_engine_change_the_key() -> None:
    model, backend = read_model("srfer-base"), find_backend("ncnn")
    keys = {
        Key.of(backend, model, Options(shapes=expression_shapes(size))).digest for size in (1, 32)
    }
    assert len(keys) == 2
    threaded = Key.of(backend, model, Options(threads=2, shapes=expression_shapes(32))).digest
    assert threaded in keys


@pytest.mark.parametrize("damage", ["truncated", "changed", "empty", "gone"])
def test_a_damaged_engine_is_built_again_with_one_line_of_notice(
    cache: EngineCache, damage: str
) -> None:
    cache.fetch(KEY, lambda: b"engine", print)
    (path,) = cache.folder.glob("*.engine")
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes({"truncated": b"eng", "changed": b"enginE", "empty": b""}[damage])
    notes: list[str] = []
    assert cache.fetch(KEY, lambda: b"again", notes.append) == b"again"
    assert notes == ["the kept engine of m.onnx for ncnn is damaged: building it again"]
    assert cache.fetch(KEY, never, notes.append) == b"again"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"key": 3}', '{"key": {}, "size": 1}'])
def test_a_damaged_description_is_no_engine(cache: EngineCache, text: str) -> None:
    cache.fetch(KEY, lambda: b"engine", print)
    (path,) = cache.folder.glob("*.json")
    path.write_text(text)
    assert cache.entries() == []
    assert cache.fetch(KEY, lambda: b"again", print) == b"again"


def test_it_is_the_user_s_alone(cache: EngineCache) -> None:
    cache.fetch(KEY, lambda: b"engine", print)
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    for path in cache.folder.iterdir():
        if path.suffix != ".lock":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("what", ["folder", "engine"])
def test_what_others_can_write_is_not_used(cache: EngineCache, what: str) -> None:
    cache.fetch(KEY, lambda: b"engine", print)
    path = cache.folder if what == "folder" else next(cache.folder.glob("*.engine"))
    path.chmod(path.stat().st_mode | stat.S_IWOTH)
    with pytest.raises(EngineError, match="others can write to"):
        cache.fetch(KEY, never, print)


def test_a_failed_build_leaves_nothing(cache: EngineCache) -> None:
    def fail() -> bytes:
        raise EngineError("no")

    with pytest.raises(EngineError, match="no"):
        cache.fetch(KEY, fail, print)
    assert cache.entries() == []
    assert cache.fetch(KEY, lambda: b"engine", print) == b"engine"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EngineError, match="cannot be made: "):
        EngineCache(tmp_path / "file" / "engines").fetch(KEY, lambda: b"engine", print)


def test_clearing_removes_engines_and_nothing_else(cache: EngineCache) -> None:
    cache.fetch(KEY, lambda: b"engine", print)
    cache.fetch(dataclasses.replace(KEY, device="openvino"), lambda: b"engine", print)
    (cache.folder / "letter.txt").write_text("mine")
    assert cache.clear() == 2
    assert [path.name for path in cache.folder.iterdir()] == ["letter.txt"]
    assert cache.clear() == 0


def build_slowly(folder: Path, started: object, results: object) -> None:
    def build() -> bytes:
        started.set()  # type: ignore[attr-defined]
        (folder.parent / f"built-{os.getpid()}").write_text("")
        return str(os.getpid()).encode()

    results.put(EngineCache(folder).fetch(KEY, build, print))  # type: ignore[attr-defined]


def test_two_processes_do_not_build_the_same_engine(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started, results = context.Event(), context.Queue()
    how = (tmp_path / "engines", started, results)
    processes = [context.Process(target=build_slowly, args=how) for _ in range(3)]
    for process in processes:
        process.start()
    engines = {results.get(timeout=60) for _ in processes}
    for process in processes:
        process.join()
    assert len(engines) == 1
    assert len(list(tmp_path.glob("built-*"))) == 1


def test_an_engine_that_its_runtime_refuses_is_built_again(cache: EngineCache) -> None:
    """Whole by its sha256, and yet of another make."""
    backend, model = find_backend("ncnn"), read_model("srfer-base")
    options = Options(shapes=expression_shapes(32))
    key = Key.of(backend, model, options)
    cache.fetch(key, lambda: b"of another make", print)
    notes: list[str] = []
    session = open_session(backend, model, options, notes.append, cache)
    assert session is not None
    (note,) = notes
    assert note.endswith("are damaged: building it again")
    open_session(backend, model, options, pytest.fail, cache)


def test_the_folder_is_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRFER_CACHE", str(tmp_path / "here"))
    srfer.load(device="ncnn")
    assert len(EngineCache(tmp_path / "here").entries()) == 1
    monkeypatch.delenv("SRFER_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert EngineCache.of_user().folder == tmp_path / "xdg" / "srfer"


def test_what_needs_no_building_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SRFER_CACHE", str(tmp_path / "engines"))
    srfer.load()
    assert not (tmp_path / "engines").exists()


def test_model_files_are_shown_shortly() -> None:
    assert len(repr(ModelFile("a.onnx", b"x" * 1000, "0" * 64))) < 100
