"""Whether the joint method helps.

That may be said only where SR-FER with both losses, with the better of its super-resolution
networks, beats each of four rivals: multi-resolution augmentation alone (B3), super-resolution
first and recognition fitted on its output (B6), joint training as in SR4IR (B8), and distillation
without super-resolution (B9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from .comparison import SMALL_PX, Comparison, Outcome, Systems, compare_together, mean_accuracy
from .result import Result, group
from .wording import listing, number_of, p_value, percent, point_interval, points

OURS = ("P3", "P3-fsrcnn")
RIVALS = ("B3", "B6", "B8", "B9")
SEEDS_NEEDED = 3

_WHERE = f"in mean accuracy over {listing([str(size) for size in SMALL_PX])} px"


class Decision(StrEnum):
    """The answer."""

    HELPS = "helps"
    NOT_SHOWN = "not shown"
    UNDECIDED = "not decided"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer and its grounds.

    Attributes:
        decision: the answer.
        judged: the row that was judged; "" if there is none.
        sentences: in words, the answer first.
    """

    decision: Decision
    judged: str
    sentences: tuple[str, ...]


def deciding_comparisons(
    systems: Systems, sizes_px: tuple[int, ...] = SMALL_PX
) -> tuple[Comparison, ...]:
    """Our rows against the rivals.

    P-values are corrected for all of them: whoever picks the better of two rows has tested both.
    """
    return compare_together(systems, product(OURS, RIVALS), sizes_px)


def verdict(results: Sequence[Result]) -> Verdict:
    """Apply the rule to whatever results there are."""
    systems = group(results)
    made = deciding_comparisons(systems)
    gaps = {ours: _gaps(ours, systems, made) for ours in OURS}
    present = {ours: mean_accuracy(systems.get(ours, ())) for ours in OURS}
    ranked = sorted(OURS, key=lambda ours: (bool(gaps[ours]), -(present[ours] or 0)))
    judged = ranked[0] if present[ranked[0]] is not None else ""
    if not judged:
        text = f"Whether the joint method helps is not decided: {listing(OURS)} are missing."
        return Verdict(Decision.UNDECIDED, "", (text, *_best(systems)))
    against = [item for item in made if item.ours == judged]
    decision, answer = _decide(judged, against, gaps[judged])
    others = [
        f"{ours} was not judged: {'; '.join(gaps[ours])}."
        for ours in OURS
        if ours != judged and gaps[ours]
    ]
    so_far = "So far, " if decision is Decision.UNDECIDED else ""
    grounds = [so_far + _sentence(item) for item in against]
    return Verdict(decision, judged, (answer, *grounds, *others, *_best(systems)))


def _gaps(ours: str, systems: Systems, made: Sequence[Comparison]) -> list[str]:
    """What is missing before a row can be judged, in words."""
    if ours not in systems:
        return [f"{ours} is missing"]
    missing = [rival for rival in RIVALS if rival not in systems]
    gaps = [f"{listing(missing)} {'is' if len(missing) == 1 else 'are'} missing"] if missing else []
    shared = {item.other: len(item.seeds) for item in made if item.ours == ours}
    for number in range(SEEDS_NEEDED):
        few = [name for name in RIVALS if name in systems and shared.get(name, 0) == number]
        if few:
            gaps.append(
                f"{ours} has {number} of {SEEDS_NEEDED} seeds in common with {listing(few)}"
            )
    return gaps


def _decide(
    judged: str, against: Sequence[Comparison], gaps: Sequence[str]
) -> tuple[Decision, str]:
    if gaps:
        text = f"Whether the joint method helps is not decided: {'; '.join(gaps)}."
        return Decision.UNDECIDED, text
    unbeaten = [item.other for item in against if item.outcome is not Outcome.BEATS]
    if unbeaten:
        names = listing(unbeaten, "or")
        text = (
            f"It is not shown that the joint method helps: {judged} does not beat {names} {_WHERE}."
        )
        return Decision.NOT_SHOWN, text
    text = f"The joint method helps: {judged} beats {listing(RIVALS)} {_WHERE}."
    return Decision.HELPS, text


def _sentence(item: Comparison) -> str:
    return (
        f"{item.ours} {item.outcome} {item.other}: {points(item.gain)} points "
        f"(95 % interval {point_interval(item.interval)}, corrected p {p_value(item.holm_p)}, "
        f"{number_of(len(item.seeds), 'seed')})."
    )


def _best(systems: Systems) -> tuple[str, ...]:
    """The most accurate system, which is the one to ship."""
    means = {name: mean_accuracy(results) for name, results in systems.items()}
    known = {name: value for name, value in means.items() if value is not None}
    if not known:
        return ()
    name = max(known, key=lambda name: known[name])
    seeds = number_of(len(systems[name]), "seed")
    accuracy = percent(known[name])
    return (f"The highest mean accuracy over these sizes is {accuracy} %, of {name} ({seeds}).",)
