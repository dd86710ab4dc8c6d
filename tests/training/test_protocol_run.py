"""The comparison, run for real on a toy data set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from srfer.errors import ConfigError
from srfer.training.networks import FER, SR, build_cascade, count_macs, fold
from srfer.training.protocol.conditions import SETTINGS
from srfer.training.protocol.result import load_results
from srfer.training.protocol.rows import CLOSE, ROWS, recipe_of
from srfer.training.protocol.run import Plan, run_protocol

from .toy import write_toy_data


@pytest.mark.parametrize("name", ROWS)
def test_every_row_is_a_recipe_after_what_it_needs(name: str) -> None:
    recipe = recipe_of(name, 1, Path("runs"))
    assert recipe.sr in SR
    assert recipe.fer in FER
    assert 10 not in recipe.mix.sizes_px
    order = list(ROWS)
    for needed in ROWS[name].needs:
        assert order.index(needed) < order.index(name)
        assert (ROWS[needed].sr == ROWS[name].sr) or needed == "B0"
    macs = count_macs(fold(build_cascade(recipe.sr, recipe.fer)))
    assert macs <= 60e6


def test_rows_differ() -> None:
    digests = {recipe_of(name, 1, Path()).digest for name in ROWS}
    assert len(digests) == len(ROWS)
    assert set(CLOSE) <= set(ROWS)


def test_what_is_missing_is_computed_and_reported(tmp_path: Path) -> None:
    data = write_toy_data(tmp_path / "toy.npz", count=176)
    plan = Plan.parse("B0,P3", "1,2", tmp_path / "docs", tmp_path / "runs")
    told: list[str] = []
    report = run_protocol(plan, data, told.append)
    names = sorted(path.name for path in plan.results.glob("*.json"))
    assert names == ["B0-seed1.json", "B0-seed2.json", "P3-seed1.json", "P3-seed2.json"]
    assert [line.split(":")[0] for line in told][:2] == ["B0, seed 1", "P3, seed 1"]
    results = {(item.row, item.seed): item for item in load_results(plan.results)}
    p3 = results["P3", 1]
    assert [(c.degradation, c.native_px) for c in p3.conditions] == list(SETTINGS)
    assert p3.cost_s > 0
    assert 0.05 < p3.ms_per_face < 1000
    b0 = {(c.degradation, c.native_px): c for c in results["B0", 1].conditions}
    assert b0["D1", 48].agreement == 1.0  # with itself
    text = report.read_text()
    assert "P3" in text
    assert "B3" in text  # as missing

    told.clear()
    before = {path: path.stat().st_mtime_ns for path in plan.results.glob("*.json")}
    assert run_protocol(plan, data, told.append).read_text() == text
    assert not told, "nothing is trained twice"
    assert before == {path: path.stat().st_mtime_ns for path in plan.results.glob("*.json")}
    record = json.loads((plan.results / "P3-seed1.json").read_text())
    assert "labels" not in record["conditions"][0], "no labels of the data set are stored"


@pytest.mark.parametrize(
    ("rows", "seeds", "message"), [("B77", "1", "no row 'B77'"), ("B0", "1,x", "whole numbers")]
)
def test_a_wrong_plan_is_refused(tmp_path: Path, rows: str, seeds: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Plan.parse(rows, seeds, tmp_path, tmp_path)
