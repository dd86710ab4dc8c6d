"""Result files: what is stored, and what damage is called."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from srfer.errors import TrainingError
from srfer.training.protocol.result import load_results, result_path

from .made_up import FACES, make_result


def test_a_result_survives_its_file(tmp_path: Path) -> None:
    saved = [make_result("P3", 2), make_result("B0", 1), make_result("P3", 1)]
    paths = [result.save(tmp_path / "results") for result in saved]
    assert paths[0] == result_path(tmp_path / "results", "P3", 2)
    assert paths[0].name == "P3-seed2.json"
    assert load_results(tmp_path / "results") == (saved[1], saved[2], saved[0])
    assert not list((tmp_path / "results").glob("*.part"))
    assert load_results(tmp_path / "nowhere") == ()


def test_a_file_holds_neither_labels_nor_long_lists() -> None:
    table = json.loads(make_result("P3").to_json())
    packed = table["conditions"][0]["correct"]
    assert len(packed) == FACES // 4
    assert set(packed) <= set("0123456789abcdef")


Change = Callable[[dict[str, Any]], None]


def _in_condition(key: str, value: object) -> Change:
    return lambda table: table["conditions"][2].update({key: value})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.pop("seed"), "seed is missing"),
        (lambda table: table.update(colour=1), "unknown key 'colour'"),
        (lambda table: table.update(format=9), "format must be 1, not 9"),
        (lambda table: table.update(seed=True), "seed must be of type int, not True"),
        (lambda table: table.update(cost_s="long"), "cost_s must be of type float"),
        (lambda table: table.update(cost_s=float("nan")), "NaN is not a number"),
        (lambda table: table.update(machine=[1]), "machine must be an object of texts"),
        (lambda table: table.update(machine={"cores": 2}), "machine must be an object of texts"),
        (lambda table: table.update(conditions=[]), "conditions must be a list, not empty"),
        (lambda table: table.update(conditions=[5]), r"conditions\[0\] must be an object"),
        (
            lambda table: table["conditions"].append(table["conditions"][0]),
            "conditions holds one of them twice",
        ),
        (lambda table: table["conditions"][2].pop("ece"), r"conditions\[2\]: ece is missing"),
        (_in_condition("ece", 1.5), r"conditions\[2\]: ece must lie between 0 and 1"),
        (_in_condition("degradation", "D9"), "degradation must be one of D1, D2"),
        (_in_condition("count", 0), "count must be positive"),
        (_in_condition("recall", [0.5] * 7), "recall must be 8 shares"),
        (_in_condition("recall", ["a"] * 8), "recall must be 8 shares"),
        (_in_condition("correct", "zz"), "correct must be hexadecimal"),
        (_in_condition("correct", 5), "correct must be hexadecimal"),
        (_in_condition("correct", "00"), "correct must hold 1000 bits"),
        (_in_condition("accuracy", 0.1), "accuracy is not the share of correct"),
    ],
)
def test_a_damaged_file_is_named_with_its_key(tmp_path: Path, change: Change, message: str) -> None:
    path = make_result("P3").save(tmp_path)
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))
    with pytest.raises(TrainingError, match=rf"P3-seed1\.json.*{message}"):
        load_results(tmp_path)


@pytest.mark.parametrize("text", ["", "{", "[1]", "5", "[" * 100_000, '{"format": 1e999}'])
def test_what_is_no_result_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "P3-seed1.json").write_text(text)
    with pytest.raises(TrainingError, match=r"P3-seed1\.json"):
        load_results(tmp_path)


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "P3-seed1.json").write_bytes(b"\xff\xfe")
    with pytest.raises(TrainingError, match=r"P3-seed1\.json is not valid JSON"):
        load_results(tmp_path)
    (tmp_path / "P3-seed1.json").unlink()
    (tmp_path / "P3-seed1.json").mkdir()
    with pytest.raises(TrainingError, match=r"P3-seed1\.json cannot be read"):
        load_results(tmp_path)


def test_a_renamed_file_is_refused(tmp_path: Path) -> None:
    shutil.move(make_result("P3").save(tmp_path), tmp_path / "B3-seed1.json")
    with pytest.raises(TrainingError, match=r"B3-seed1\.json holds row P3 with seed 1"):
        load_results(tmp_path)


def test_results_about_other_faces_are_refused(tmp_path: Path) -> None:
    make_result("P3").save(tmp_path)
    result = make_result("B3")
    first = dataclasses.replace(result.conditions[0], count=2, accuracy=0.5, correct=(True, False))
    dataclasses.replace(result, conditions=(first,)).save(tmp_path)
    with pytest.raises(TrainingError, match="cannot be compared: they are about 2, 1000 faces"):
        load_results(tmp_path)


def test_a_figure_that_is_no_number_is_not_stored(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="P3, seed 1: a figure is not a finite number"):
        dataclasses.replace(make_result("P3"), cost_s=float("nan")).save(tmp_path)
    assert not list(tmp_path.iterdir())
