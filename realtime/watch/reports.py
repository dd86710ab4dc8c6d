"""What is said of streams while they are watched: one record a frame, and one an event.

This is the single definition for all ways out: lines on stdout, MQTT and webhooks. The fields are
explained in docs/watch.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from srfer.secrets import redact

from ..load import EffortDial
from ..sinks.record import to_record
from ..sources.health import SourceHealth
from ..stats import PipelineStats
from ..types import Effort, FaceResult, FrameResult

EVENT = "event"
"""The key that events have and frames have not."""


@dataclass(frozen=True)
class Report:
    """A record on its way out.

    Attributes:
        record: plain JSON types.
    """

    record: Mapping[str, Any]

    @property
    def source(self) -> str:
        """The name of the stream that it is about."""
        return str(self.record["source"])

    @property
    def event(self) -> str | None:
        """What happened: source, effort or end; None for a frame."""
        return self.record.get(EVENT)

    @cached_property
    def line(self) -> str:
        """The record as one line of JSON in ASCII, without the line's end."""
        return json.dumps(self.record, allow_nan=False, separators=(",", ":"))


def frame_record(stream: str, result: FrameResult, *, time_s: float) -> dict[str, Any]:
    """The export's record of a frame, and what is known of it only while it is fresh.

    Args:
        stream: its name.
        result: from a pipeline.
        time_s: when the frame was captured, in seconds since 1970.
    """
    frame, recorded = result.frame, to_record(result)
    completed_s = frame.captured_s if result.completed_s is None else result.completed_s
    age_ms = (completed_s - frame.captured_s) * 1e3
    faces = [
        {**record, "label_age_ms": _label_age_ms(face, age_ms)}
        for record, face in zip(recorded.pop("faces"), result.faces, strict=True)
    ]
    live: dict[str, Any] = {
        "time": round(time_s, 3),
        "age_ms": round(age_ms, 1),
        "dropped_before": result.dropped_before,
    }
    if result.effort is not Effort.FULL:
        live["effort"] = _name(result.effort)
    return {**recorded, "source": stream, **live, "faces": faces}


def source_record(stream: str, health: SourceHealth, *, time_s: float) -> dict[str, Any]:
    """The event that a source came into another state, or that more of it came damaged."""
    return {
        EVENT: "source",
        "source": stream,
        "time": round(time_s, 3),
        "state": str(health.state),
        "cause": health.cause,
        "reconnects": health.reconnects,
        "decode_errors": health.decode_errors,
    }


def effort_record(dial: EffortDial, *, time_s: float) -> dict[str, Any]:
    """The event that the load of the machine changed what is done for a stream."""
    search_factor, read_every = dial.saving
    return {
        EVENT: "effort",
        "source": dial.stream,
        "time": round(time_s, 3),
        "effort": _name(dial.effort),
        "search_factor": search_factor,
        "read_every": read_every,
    }


def end_record(
    stream: str,
    error: Exception | None,
    stats: PipelineStats,
    *,
    time_s: float,
    decode_errors: int = 0,
) -> dict[str, Any]:
    """The event that a stream has ended: nothing more is said of it.

    Args:
        stream: its name.
        error: what ended it; None if it ended well or was stopped.
        stats: its final counts.
        time_s: seconds since 1970.
        decode_errors: packets of its source that came damaged.
    """
    return {
        EVENT: "end",
        "source": stream,
        "time": round(time_s, 3),
        "state": str(stats.state),
        "error": None if error is None else in_a_line(error),
        "frames": stats.processed,
        "dropped": {str(cause): count for cause, count in stats.dropped.items() if count},
        "decode_errors": decode_errors,
    }


def in_a_line(error: Exception) -> str:
    """What an error says, or its kind where it says nothing, in one line without secrets."""
    return redact(" ".join(str(error).split())) or type(error).__name__


def _label_age_ms(face: FaceResult, age_ms: float) -> float | None:
    return None if face.read_ago_s is None else round(face.read_ago_s * 1e3 + age_ms, 1)


def _name(effort: Effort) -> str:
    return effort.name.lower()
