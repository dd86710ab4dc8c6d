"""What every engine has to do, whatever runtime computes."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import srfer
from srfer.engines import (
    BACKENDS,
    Model,
    ModelFile,
    Options,
    Precision,
    ShapeRange,
    open_session,
    read_model,
)
from srfer.engines.check import TOLERANCES, fixed_faces, measure_agreement
from srfer.engines.contract import Backend
from srfer.engines.spec import expression_shapes, golden_feeds
from srfer.errors import BuiltEngineError, ConfigError, EngineError, ModelError
from srfer.realtime.detection.retinaface import read_model as retinaface_model
from tests.engines.conftest import ranged_model  # noqa: F401  a fixture

PROCESSORS = [one for one in BACKENDS if one.device in ("cpu", "openvino", "ncnn", "torch")]
PICTURES = {"input": ShapeRange((1, 3, 32, 32), (1, 3, 160, 224), (4, 3, 320, 320))}


def usable() -> Iterator[Any]:
    """Every engine that can be used here, in every precision; the processors' have to be there."""
    for backend in BACKENDS:
        if backend in PROCESSORS or backend.why_not() is None:
            for precision in backend.precisions:
                yield pytest.param((backend, precision), id=f"{backend.device}-{precision}")


@pytest.fixture(scope="module")
def thousand() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    return fixed_faces(1000)


@pytest.fixture(scope="module")
def reference(ranged_model: ModelFile, tmp_path_factory: pytest.TempPathFactory) -> Model:  # noqa: F811
    path = tmp_path_factory.mktemp("model") / ranged_model.name
    path.write_bytes(ranged_model.data)
    return srfer.load(path, "cpu", precision="fp32")


@pytest.fixture(scope="module", params=usable())
def engine(
    request: pytest.FixtureRequest,
    ranged_model: ModelFile,  # noqa: F811
    tmp_path_factory: pytest.TempPathFactory,
) -> Model:
    backend, precision = request.param
    path = tmp_path_factory.mktemp("model") / ranged_model.name
    path.write_bytes(ranged_model.data)
    return srfer.load(path, backend.device, precision=precision)


def test_it_gives_the_reference_s_answers(
    engine: Model, reference: Model, thousand: tuple[NDArray[np.uint8], NDArray[np.float32]]
) -> None:
    found = measure_agreement(engine, reference, *thousand)
    assert found.is_within(TOLERANCES[engine.options.precision]), found
    if engine.options.precision == "fp32" and engine.device in ("cpu", "openvino", "ncnn", "torch"):
        assert found.largest <= 1e-4
        assert found.same_labels == 1
    else:
        assert found.largest > 0 or engine.options.precision == "fp32"


@pytest.mark.parametrize("count", [1, 2, 7, 32, 33, 70])
def test_batches_of_any_size_give_what_single_faces_give(engine: Model, count: int) -> None:
    faces, sizes = fixed_faces(count)
    together = engine.read_faces(faces, sizes)
    last = engine.read_faces(faces[-1:], sizes[-1:])[0]
    assert len(together) == count
    assert together[-1] is not None
    assert last is not None
    assert np.allclose(together[-1].probabilities, last.probabilities, atol=1e-3)


def test_answers_are_kept_when_it_is_used_again(engine: Model) -> None:
    faces, sizes = fixed_faces(8)
    session = engine._session
    gains = np.ones(8, np.float32)
    first = session.run({"faces": faces[:, None], "native_px": sizes, "sr_gain": gains})
    before = {name: values.copy() for name, values in first.items()}
    session.run({"faces": 255 - faces[:, None], "native_px": sizes, "sr_gain": gains})
    for name, values in first.items():
        assert np.array_equal(values, before[name])
        assert values.flags.writeable


def test_threads_do_not_mix_their_answers(engine: Model) -> None:
    faces, sizes = fixed_faces(24)
    expected = [item.probabilities for item in engine.classify(list(faces), list(sizes))]
    wrong: list[float] = []

    def read(start: int) -> None:
        for _ in range(3):
            found = engine.classify(list(faces[start : start + 6]), list(sizes[start : start + 6]))
            for item, right in zip(found, expected[start : start + 6], strict=True):
                wrong.append(float(np.abs(item.probabilities - right).max()))

    threads = [threading.Thread(target=read, args=(start,)) for start in (0, 6, 12, 18)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(wrong) == 4 * 3 * 6
    assert max(wrong) < 1e-3


def test_it_says_what_it_is(engine: Model) -> None:
    assert engine.options.precision in engine.description
    assert any(digit in engine.engine for digit in "0123456789")


@pytest.mark.parametrize("backend", PROCESSORS, ids=lambda backend: backend.device)
def test_a_precision_that_it_lacks_is_a_wrong_option(backend: Backend) -> None:
    lacking: list[Precision] = [p for p in ("fp16", "int8") if p not in backend.precisions]
    for precision in lacking:
        with pytest.raises(ConfigError, match=f"does not compute in {precision}: only fp32"):
            srfer.load(device=backend.device, precision=precision)


@pytest.mark.parametrize("backend", PROCESSORS, ids=lambda backend: backend.device)
def test_a_batch_of_a_wrong_form_is_an_error_and_not_the_end(backend: Backend) -> None:
    session = open_session(
        backend, read_model("srfer-base"), Options(shapes=expression_shapes(32)), print
    )
    wrong = golden_feeds() | {"faces": np.zeros((4, 1, 40, 48), np.uint8)}
    if backend.device != "ncnn":  # which pads with what it has
        with pytest.raises(EngineError):
            session.run(wrong)
    assert session.run(golden_feeds())["probabilities"].shape == (4, 8)


@pytest.mark.parametrize("backend", PROCESSORS, ids=lambda backend: backend.device)
def test_what_was_built_is_refused_where_it_is_damaged(backend: Backend) -> None:
    model, options = read_model("srfer-base"), Options(shapes=expression_shapes(32))
    if not backend.needs_build(options):
        assert backend.build(model, options) is None
        return
    built = backend.build(model, options)
    assert built is not None
    for damaged in (b"", built[: len(built) // 2], b"not an engine"):
        with pytest.raises(BuiltEngineError):
            backend.open(model, options, damaged)


def detector_answers(backend: Backend, pictures: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
    data = retinaface_model()
    model = ModelFile("retinaface", data, hashlib.sha256(data).hexdigest())
    session = open_session(backend, model, Options(shapes=PICTURES), print)
    return session.run({"input": pictures})


@pytest.mark.parametrize("backend", PROCESSORS, ids=lambda backend: backend.device)
def test_a_detector_runs_on_it_too_or_is_refused_at_once(backend: Backend) -> None:
    cpu = next(one for one in PROCESSORS if one.device == "cpu")
    random = np.random.default_rng(3)
    for shape in ((1, 3, 160, 224), (3, 3, 96, 64)):
        pictures = random.normal(0, 50, shape).astype(np.float32)
        if backend.device == "ncnn":
            with pytest.raises(ModelError, match="ncnn cannot run retinaface: it has no operator"):
                detector_answers(backend, pictures)
            continue
        right, found = detector_answers(cpu, pictures), detector_answers(backend, pictures)
        assert right.keys() == found.keys()
        for name, values in right.items():
            assert np.allclose(values, found[name], atol=1e-3), name


def test_yunet_runs_on_all_processors(shared_dir: Path) -> None:
    data = (shared_dir / "models" / "yunet_n_dynamic.onnx").read_bytes()
    model = ModelFile("yunet", data, hashlib.sha256(data).hexdigest())
    pictures = np.random.default_rng(4).uniform(0, 255, (2, 3, 96, 160)).astype(np.float32)
    answers = [
        open_session(one, model, Options(shapes=PICTURES), print).run({"input": pictures})
        for one in PROCESSORS
    ]
    for found in answers[1:]:
        for name, values in answers[0].items():
            assert np.allclose(values, found[name], atol=1e-3), name
