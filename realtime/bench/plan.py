"""What a benchmark is to do."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from srfer.errors import ConfigError

from ..api import AnalysisOptions
from ..types import Effort

MOST_STREAMS = 256
SHORTEST_S = 2
LONGEST_S = 3600


@dataclass(frozen=True, slots=True)
class BenchPlan:
    """What a benchmark is to do.

    Attributes:
        sources: what `open_source` takes; streams take them in turn.
        streams: how many there are; one for each source if 0.
        seconds: whole seconds that are measured.
        warm_up_s: seconds before that, from when every stream has given a result.
        is_paced: True gives frames when a camera would, and drops those that come too fast; False
            gives them as fast as they are taken, and drops none.
        max_fps: frames a second of each stream that are analysed at most; all if None.
        effort: for all streams; None lets the load decide, as in use.
        analysis: how frames are analysed.

    Raises:
        ConfigError: if there is no source, or a number is out of range.
    """

    sources: tuple[str, ...]
    streams: int = 0
    seconds: int = 20
    warm_up_s: float = 3.0
    is_paced: bool = True
    max_fps: float | None = None
    effort: Effort | None = None
    analysis: AnalysisOptions = field(default_factory=AnalysisOptions)

    def __post_init__(self) -> None:
        if not self.sources:
            raise ConfigError("there is no source to measure with; name a video")
        if not self.streams:
            object.__setattr__(self, "streams", len(self.sources))
        if not 1 <= self.streams <= MOST_STREAMS:
            raise ConfigError(f"streams must be 1 to {MOST_STREAMS}, not {self.streams}")
        if not SHORTEST_S <= self.seconds <= LONGEST_S:
            raise ConfigError(f"seconds must be {SHORTEST_S} to {LONGEST_S}, not {self.seconds}")
        if not 0 <= self.warm_up_s <= LONGEST_S:
            raise ConfigError(f"the warm-up must take 0 to {LONGEST_S} s, not {self.warm_up_s:g}")
        if self.max_fps is not None and not self.max_fps > 0:
            raise ConfigError(f"max_fps must be more than 0, not {self.max_fps:g}")

    @property
    def source_of(self) -> tuple[str, ...]:
        """The source of each stream."""
        return tuple(self.sources[i % len(self.sources)] for i in range(self.streams))

    def with_streams(self, streams: int) -> Self:
        """The same with another number of streams."""
        return replace(self, streams=streams)
