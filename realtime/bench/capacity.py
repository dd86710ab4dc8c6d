"""How many streams a machine carries."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from srfer.errors import ConfigError

from .report import BenchReport

AT_MOST_TRIALS = 3
"""A number of streams is tried so often before its verdict is final, unless two agree earlier."""


@dataclass(frozen=True, slots=True)
class Target:
    """What every stream has to hold.

    Attributes:
        fps: results a second; what its source gives if None.
        max_drop_share: share of the wanted frames that may be dropped, 0..1.
        max_p95_ms: 95 % of the results are not older than this, in milliseconds.

    Raises:
        ConfigError: if a number is out of range.
    """

    fps: float | None = None
    max_drop_share: float = 0.01
    max_p95_ms: float = 500.0

    def __post_init__(self) -> None:
        if self.fps is not None and not self.fps > 0:
            raise ConfigError(f"the target must be more than 0 fps, not {self.fps:g}")
        if not 0 <= self.max_drop_share < 1:
            raise ConfigError(f"drops must be 0 % to 100 %, not {100 * self.max_drop_share:g} %")
        if not self.max_p95_ms > 0:
            raise ConfigError(f"the age must be more than 0 ms, not {self.max_p95_ms:g}")


@dataclass(frozen=True, slots=True)
class Trial:
    """One try with one number of streams.

    Attributes:
        streams: how many there were.
        holds: True if every stream held the target.
        why_not: the first thing that was missed, in words, or "".
        fps: of the slowest stream.
        drop_share: of the stream that lost most.
        p95_ms: age of the results of the stream where they are oldest, or None without results.
    """

    streams: int
    holds: bool
    why_not: str
    fps: float
    drop_share: float
    p95_ms: float | None


@dataclass(frozen=True, slots=True)
class Capacity:
    """How many streams the machine carries.

    Attributes:
        streams: the largest number that held the target; 0 if not even one did.
        is_limit_reached: True if no more were tried, so that it may carry more.
        is_unanimous: True if no two trials with the same number disagreed.
        target: what had to be held.
        trials: all of them, in order.
    """

    streams: int
    is_limit_reached: bool
    is_unanimous: bool
    target: Target
    trials: tuple[Trial, ...]

    def to_record(self) -> dict[str, Any]:
        """Everything in plain JSON types."""
        return asdict(self)


def judge(report: BenchReport, target: Target) -> Trial:
    """Say whether the streams of a paced report held the target.

    Raises:
        ConfigError: if a source has fewer frames a second than each stream should hold.
    """
    streams = report.streams
    for stream in streams:
        if target.fps is not None and (stream.source_fps or target.fps) < target.fps:
            raise ConfigError(
                f"{stream.name} has {stream.source_fps:g} frames a second, fewer than the target, "
                f"{target.fps:g}"
            )
    ages = [stream.latency_ms.p95 for stream in streams if stream.latency_ms is not None]
    places = range(len(streams))
    why_not = next(filter(None, (_missed(report, place, target) for place in places)), "")
    return Trial(
        streams=len(streams),
        holds=not why_not,
        why_not=why_not,
        fps=min(stream.fps for stream in streams),
        drop_share=max(stream.drop_share for stream in streams),
        p95_ms=max(ages) if len(ages) == len(streams) else None,
    )


def _missed(report: BenchReport, place: int, target: Target) -> str:
    """What a stream missed, or ""."""
    stream = report.streams[place]
    if stream.error:
        return f"{stream.name} ended: {stream.error}"
    if stream.drop_share > target.max_drop_share:
        return f"{stream.name} dropped {100 * stream.drop_share:.1f} %"
    if stream.latency_ms is None or stream.latency_ms.p95 > target.max_p95_ms:
        age = "no results" if stream.latency_ms is None else f"{stream.latency_ms.p95:.0f} ms old"
        return f"{stream.name}: {age}"
    wanted_fps = target.fps or stream.wanted_fps
    if wanted_fps is not None:
        # A frame more or less may fall into the window, whatever the machine does.
        slack = 1 / len(report.seconds.fps)
        if stream.fps < wanted_fps * (1 - target.max_drop_share) - slack:
            return f"{stream.name}: {stream.fps:.1f} of {wanted_fps:.1f} fps"
    return ""


def find_capacity(
    run_trial: Callable[[int], Trial],
    target: Target,
    *,
    most: int,
    on_trial: Callable[[Trial], None] = lambda _trial: None,
) -> Capacity:
    """Find the largest number of streams that hold: by doubling, then by halving the interval.

    One trial may be wrong, on a machine that does other things as well. So the number found, and
    the one above it, are tried again, and where two trials disagree a third decides.

    Args:
        run_trial: tries a number of streams.
        target: what has to be held, for the record.
        most: no more are tried.
        on_trial: told of each trial.
    """
    search = _Search(run_trial, on_trial)
    holds, fails = 0, most + 1
    tried = 1
    while tried < fails:
        if search.held(tried):
            holds = tried
        else:
            fails = tried
            break
        tried = min(2 * tried, most) if tried < most else fails
    while fails - holds > 1:
        middle = (holds + fails) // 2
        if search.held(middle):
            holds = middle
        else:
            fails = middle
    found = holds
    while found > 0 and not search.surely_held(found):
        found -= 1
    while found < most and search.surely_held(found + 1):
        found += 1
    return Capacity(
        streams=found,
        is_limit_reached=found == most,
        is_unanimous=all(len(set(verdicts)) == 1 for verdicts in search.verdicts.values()),
        target=target,
        trials=tuple(search.trials),
    )


class _Search:
    """Trials, and what they said so far."""

    def __init__(
        self, run_trial: Callable[[int], Trial], on_trial: Callable[[Trial], None]
    ) -> None:
        self._run_trial = run_trial
        self._on_trial = on_trial
        self.trials: list[Trial] = []
        self.verdicts: dict[int, list[bool]] = {}

    def held(self, streams: int) -> bool:
        """The verdict of one more trial."""
        trial = self._run_trial(streams)
        self.trials.append(trial)
        self.verdicts.setdefault(streams, []).append(trial.holds)
        self._on_trial(trial)
        return trial.holds

    def surely_held(self, streams: int) -> bool:
        """What two trials agree on, of three at most; earlier ones count."""
        verdicts = self.verdicts.setdefault(streams, [])
        while len(verdicts) < AT_MOST_TRIALS and max(map(verdicts.count, (True, False))) < 2:
            self.held(streams)
        return verdicts.count(True) >= 2
