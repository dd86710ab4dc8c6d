"""What a benchmark found, as it goes into tables, pages and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .percentiles import Percentiles

FORMAT = "srfer-bench-1"

Series = tuple[float | None, ...]
"""A number for each second of the window; None where there was nothing to measure."""


@dataclass(frozen=True, slots=True)
class Books:
    """What became of the frames of the window: captured = processed + the sum of dropped.

    Attributes:
        captured: frames that were under way when the window began, or were read after that.
        processed: those of them that gave a result; some shortly after the window's end.
        dropped: those that gave none, by cause.
    """

    captured: int
    processed: int
    dropped: Mapping[str, int]

    @property
    def lost(self) -> int:
        """Frames that were wanted and dropped: all but those beyond the stream's budget."""
        return sum(self.dropped.values()) - self.dropped.get("budget", 0)

    @property
    def drop_share(self) -> float:
        """Share of the wanted frames that was dropped, 0..1."""
        wanted = self.captured - self.dropped.get("budget", 0)
        return self.lost / wanted if wanted else 0.0


@dataclass(frozen=True, slots=True)
class StreamSeconds:
    """A stream second by second.

    Attributes:
        fps: results a second.
        dropped: frames lost, without those beyond the budget.
        latency_p95_ms: of the results of that second.
        behind_s: by how much the next frame was late at the second's end.
        effort: how much was done for its results, on average: 0 is everything, 3 the least.
    """

    fps: Series
    dropped: Series
    latency_p95_ms: Series
    behind_s: Series
    effort: Series


@dataclass(frozen=True, slots=True)
class StreamReport:
    """What one stream did in the window.

    Attributes:
        name: number and source.
        width: of its frames, in pixels.
        height: of its frames, in pixels.
        source_fps: frames a second of the source, or None if it does not say.
        wanted_fps: results a second that there should be, or None if that is not known.
        fps: results a second.
        faces_per_s: tracked faces in the results, a second.
        readings_per_s: expressions read a second.
        frames: the books.
        drop_share: share of the wanted frames that was dropped, 0..1.
        latency_ms: from when a frame was due to when its result was there; None if unpaced.
        stages_ms: work on a frame by stage, "decode" being the source's.
        effort_share: share of the results by effort, 0..1; only those that occurred.
        error: what ended it, or "".
        seconds: second by second.
    """

    name: str
    width: int
    height: int
    source_fps: float | None
    wanted_fps: float | None
    fps: float
    faces_per_s: float
    readings_per_s: float
    frames: Books
    drop_share: float
    latency_ms: Percentiles | None
    stages_ms: Mapping[str, Percentiles]
    effort_share: Mapping[str, float]
    error: str
    seconds: StreamSeconds


@dataclass(frozen=True, slots=True)
class TotalReport:
    """All streams together; names as in `StreamReport`."""

    fps: float
    faces_per_s: float
    readings_per_s: float
    frames: Books
    drop_share: float
    latency_ms: Percentiles | None
    stages_ms: Mapping[str, Percentiles]


@dataclass(frozen=True, slots=True)
class MachineLoad:
    """What the process and the machine did in the window.

    Attributes:
        process_cores: cores' worth of work of this process, on average.
        others_cores: of everything else on the cores it may use; None where not known.
        stolen_cores: of other virtual machines; None where not known.
        core_shares: how busy each core was, 0..1, by its number.
        memory_mib: of the process at the end; None where not known.
        peak_memory_mib: most of it; see `is_peak_of_window`.
        is_peak_of_window: False if the peak may lie before the window.
        gpus: for each GPU its name, and means over the window, of all processes together.
    """

    process_cores: float
    others_cores: float | None
    stolen_cores: float | None
    core_shares: Mapping[str, float]
    memory_mib: float | None
    peak_memory_mib: float | None
    is_peak_of_window: bool
    gpus: tuple[GpuReport, ...]


@dataclass(frozen=True, slots=True)
class GpuReport:
    """One GPU, means over the window.

    Attributes:
        name: of the GPU.
        busy_share: 0..1.
        memory_mib: used memory.
        power_w: watts, or None.
    """

    name: str
    busy_share: float
    memory_mib: float
    power_w: float | None


@dataclass(frozen=True, slots=True)
class Seconds:
    """Everything second by second.

    Attributes:
        fps: results a second, of all streams.
        drop_share: share of wanted frames that was dropped.
        faces_per_s: faces in the results.
        latency_p50_ms: of the results of that second; so are the next two.
        latency_p95_ms: see above.
        latency_p99_ms: see above.
        process_cores: cores' worth of work of the process.
        core_shares: how busy each core was, by its number.
        memory_mib: of the process at the second's end.
        gpu_busy_share: of each GPU, by its place and name.
    """

    fps: Series
    drop_share: Series
    faces_per_s: Series
    latency_p50_ms: Series
    latency_p95_ms: Series
    latency_p99_ms: Series
    process_cores: Series
    core_shares: Mapping[str, Series]
    memory_mib: Series
    gpu_busy_share: Mapping[str, Series]


@dataclass(frozen=True, slots=True)
class About:
    """What was measured, on what, with what.

    Attributes:
        measured: when, in UTC.
        commit: of srfer, or "unknown".
        machine: processor, cores, memory, system.
        versions: of Python and the packages that decide about speed.
        model: description, sha256, device, engine.
        settings: all that was asked for.
    """

    measured: str
    commit: str
    machine: Mapping[str, Any]
    versions: Mapping[str, str]
    model: Mapping[str, Any]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BenchReport:
    """What a benchmark found.

    Attributes:
        about: what was measured.
        notes: what the reader should know before believing it.
        total: all streams together.
        streams: each by itself.
        load: of the machine.
        seconds: everything second by second.
    """

    about: About
    notes: tuple[str, ...]
    total: TotalReport
    streams: tuple[StreamReport, ...]
    load: MachineLoad
    seconds: Seconds
    format: str = field(default=FORMAT, init=False)

    @property
    def is_paced(self) -> bool:
        """True if frames came as from cameras, so that latency has a meaning."""
        return bool(self.about.settings["is_paced"])

    def to_record(self) -> dict[str, Any]:
        """Everything in plain JSON types."""
        record = asdict(self)
        return {"format": record.pop("format"), **record.pop("about"), **record}
