"""What the two passes believe, each figure with its unit."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from srfer.errors import ConfigError

from ..smoothing import LEAD


@dataclass(frozen=True, slots=True)
class Refinement:
    """How results are refined with what comes later in the video.

    Attributes:
        join_gap_s: longest time between the end of a track and the start of one that continues it,
            in seconds.
        look_s: how long before a face was first found, and after it was last seen, it is looked for
            again, in seconds.
        score_from: score from which a face is believed where it is expected, 0..1.
        time_constant_s: of the filter that runs over the probabilities forwards and backwards. It
            does not lag, so it may be longer than that of one pass.
        lead: by how much another expression has to get ahead before the label changes to it.
    """

    join_gap_s: float = 4.0
    look_s: float = 2.0
    score_from: float = 0.5
    time_constant_s: float = 0.25
    lead: float = LEAD

    def __post_init__(self) -> None:
        if min(self.join_gap_s, self.look_s) < 0 or self.time_constant_s <= 0:
            raise ConfigError("times of a refinement must be 0 s or more, its filter's above 0 s")
        if not (0 < self.score_from < 1 and 0 <= self.lead < 1):
            raise ConfigError("score_from and lead of a refinement must lie between 0 and 1")

    def to_record(self) -> dict[str, Any]:
        """The settings as plain JSON types."""
        return asdict(self)
