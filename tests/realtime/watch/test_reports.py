"""What is said of frames and events."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from srfer.realtime import Frame, FrameResult
from srfer.realtime.load import EffortDial
from srfer.realtime.sinks import to_record
from srfer.realtime.stats import Ledger, PipelineState
from srfer.realtime.types import Effort
from srfer.realtime.watch import Feed, Hub, Report
from srfer.realtime.watch.reports import end_record
from tests.clips import expression, face
from tests.realtime.watch.keeping import Keeping


def result(index: int, *labels: str | None, read_ago_s: float | None = 0.0) -> FrameResult:
    image = np.zeros((8, 8, 3), np.uint8)
    faces = [
        replace(face(number, reading=expression()), steady_label=label, read_ago_s=read_ago_s)
        for number, label in enumerate(labels, 1)
        if label != "nobody"
    ]
    frame = Frame("clip.mp4", index, 100.0, Fraction(index, 25), image)
    return FrameResult(frame, tuple(faces), dropped_before=3, completed_s=100.25)


def hub_at(now_s: float, outlet: Keeping) -> Hub:
    return Hub([outlet], clock=lambda: now_s, wall_clock=lambda: 5000.0)


def test_a_frame_says_what_the_export_says_and_how_old_it_is() -> None:
    outlet = Keeping()
    read = result(7, "happiness", read_ago_s=0.04)
    Feed("door", hub_at(101.0, outlet)).write(read)
    (record,) = outlet.records
    expected: dict[str, Any] = to_record(read)
    assert record["source"] == "door"
    assert record["time"] == 4999.0  # a second ago
    assert record["age_ms"] == pytest.approx(250)
    assert record["dropped_before"] == 3
    assert "effort" not in record
    (found,) = record["faces"]
    assert found.pop("label_age_ms") == pytest.approx(290)
    assert found == expected["faces"][0]
    assert {name: record[name] for name in ("frame", "pts")} == {"frame": 7, "pts": 0.28}


def test_a_face_that_was_never_read_has_no_age() -> None:
    outlet = Keeping()
    Feed("door", hub_at(100.0, outlet)).write(result(0, None, read_ago_s=None))
    assert outlet.records[0]["faces"][0]["label_age_ms"] is None


def test_less_effort_is_an_event_and_is_on_the_frames() -> None:
    outlet = Keeping()
    hub = hub_at(100.0, outlet)
    dial = EffortDial("door")
    dial.effort = Effort.FEWER_READINGS
    hub.tell_effort(dial)
    Feed("door", hub).write(replace(result(0), effort=Effort.FEWER_READINGS))
    event, frame = outlet.records
    assert event == {
        "event": "effort",
        "source": "door",
        "time": 5000.0,
        "effort": "fewer_readings",
        "search_factor": 2,
        "read_every": 2,
    }
    assert frame["effort"] == "fewer_readings"


def test_only_changes_are_faces_that_come_go_or_look_different() -> None:
    outlet = Keeping()
    feed = Feed("door", hub_at(100.0, outlet), only_changes=True)
    seen = [
        (),
        ("happiness",),  # somebody comes
        ("happiness",),
        ("happiness", "neutral"),  # somebody else
        ("neutral", "neutral"),  # the first one changes
        ("neutral", "neutral"),
        ("nobody", "neutral"),  # and goes
        ("nobody", "neutral"),
        (),
        (),
    ]
    for index, labels in enumerate(seen):
        feed.write(result(index, *labels))
    assert [record["frame"] for record in outlet.records] == [1, 3, 4, 6, 8]


def test_a_report_is_one_line_of_ascii_whatever_the_name() -> None:
    line = Report({"source": "Tür\n\u202e", "frame": 1}).line
    assert line.isascii()
    assert line.isprintable()


def test_the_end_says_why_in_a_line_without_secrets() -> None:
    stats = Ledger().stats(PipelineState.FAILED, ())
    error = RuntimeError("two\nlines about rtsp://me:canary@camera/x")
    record = end_record("door", error, stats, time_s=1.0)
    assert record["error"] == "two lines about rtsp://***@camera/x"
    assert (record["state"], record["dropped"]) == ("failed", {})
    assert end_record("door", RuntimeError(), stats, time_s=1.0)["error"] == "RuntimeError"
