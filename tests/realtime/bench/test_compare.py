"""Telling differences from noise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srfer.errors import ConfigError
from srfer.realtime.bench import compare, read_report
from tests.realtime.bench.fakes import Script, report_of


def noisy(mean_ms: float, seed: int, spread_ms: float = 5.0) -> Callable[[int], float]:
    """Ages that vary from frame to frame."""
    ages = np.random.default_rng(seed).gamma(9, spread_ms / 3, 1000)
    return lambda number: float(mean_ms + ages[number] - 3 * spread_ms)


def record_of(script: Script, *, seconds: int = 30) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(
        json.dumps(report_of([script], seconds=seconds).to_record())
    )
    return record


def verdicts(a: dict[str, Any], b: dict[str, Any], **how: Any) -> dict[str, str]:
    return {item.name: item.verdict for item in compare(a, b, **how).differences}


def test_two_runs_of_the_same_are_not_different() -> None:
    """At 99 %, one in a hundred comparisons is wrong by design: here, of 20, two at most."""
    wrong = 0
    for seed in range(10):
        a = record_of(Script(latency_ms=noisy(40, 2 * seed)))
        b = record_of(Script(latency_ms=noisy(40, 2 * seed + 1)))
        found = verdicts(a, b)
        wrong += sum(
            found[name] != "no difference"
            for name in ("median age, typical second", "95 % age, typical second")
        )
    assert wrong <= 2


def test_what_is_slower_is_found_and_named() -> None:
    a = record_of(Script(latency_ms=noisy(40, 1)))
    b = record_of(Script(latency_ms=noisy(50, 2)))
    found = verdicts(a, b)
    assert found["median age, typical second"] == "worse"
    assert verdicts(b, a)["median age, typical second"] == "better"
    assert found["results of all streams"] == "no difference"
    (median,) = (d for d in compare(a, b).differences if d.name.startswith("median"))
    assert median.low < median.change < median.high
    assert median.change == pytest.approx(10, abs=3)
    assert median.is_beyond_noise


def test_drops_and_faces_are_compared_too() -> None:
    a = record_of(Script(faces=1))
    b = record_of(Script(faces=2, latency_ms=lambda n: None if n % 5 == 0 else 20.0))
    found = verdicts(a, b)
    assert found["share of frames dropped"] == "worse"
    assert found["results of all streams"] == "worse"
    assert found["faces in the results"] == "more"  # neither good nor bad


def test_other_machines_are_refused_and_forced_with_a_note() -> None:
    a, b = record_of(Script()), record_of(Script())
    b["machine"]["cpu"] = "another"
    with pytest.raises(ConfigError, match=r"different machines .*one / another"):
        compare(a, b)
    notes = compare(a, b, is_forced=True).notes
    assert any("say nothing of srfer" in note for note in notes)


def test_what_else_differs_is_told() -> None:
    a, b = record_of(Script()), record_of(Script())
    b["settings"]["streams"] = 2
    b["model"]["device"] = "openvino"
    notes = compare(a, b).notes
    assert "settings differ: streams: 1 / 2" in notes
    assert "model differ: device: cpu / openvino" in notes


def test_reports_that_cannot_be_compared(tmp_path: Path) -> None:
    a = record_of(Script())
    with pytest.raises(ConfigError, match="too short"):
        compare(a, record_of(Script(), seconds=4))
    broken = dict(a)
    del broken["seconds"]
    with pytest.raises(ConfigError, match="seconds"):
        compare(a, broken)
    path = tmp_path / "report.json"
    for text in ("{", "[]", '{"format": "other"}', "\x00"):
        path.write_text(text)
        with pytest.raises(ConfigError, match=r"report\.json"):
            read_report(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_report(tmp_path / "absent.json")
    path.write_text(json.dumps(a))
    assert read_report(path) == a
