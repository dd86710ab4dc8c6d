"""The report: rewritten from the stored results alone, the same text for the same results."""

from __future__ import annotations

import os
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from srfer.engines import FACE_PX
from srfer.errors import TrainingError

from ..files import write_whole
from .comparison import SMALL_PX, Systems
from .plots import ACCURACY_NAME, GAINS_NAME, NEAR_POINTS, draw_accuracy, draw_gains
from .result import Result, group
from .statistics import RESAMPLES, wilson_interval
from .tables import (
    ablation_table,
    accuracy_table,
    agreement_table,
    calibration_table,
    cost_table,
    deciding_table,
    harder_table,
    macro_recall_table,
    paired_table,
    recall_table,
    restoration_table,
    systems_table,
)
from .verdict import OURS, RIVALS, SEEDS_NEEDED, verdict
from .wording import listing, number_of, percent

_TEMPLATE = Path(__file__).parent / "report_template.md"


def write_report(
    results: Sequence[Result], out: Path, images: Path, titles: Mapping[str, str]
) -> None:
    """Write the report and its pictures, in place of those from before.

    Args:
        results: all that there are, in any order.
        out: the report, in Markdown.
        images: folder for the pictures.
        titles: of each row in words, in the order of the tables; rows without a result are named
            as missing.

    Raises:
        TrainingError: if there is no result, or the disk refuses.
    """
    if not results:
        raise TrainingError("there is no result to report")
    systems = group(results, titles)
    draw_accuracy(images / ACCURACY_NAME, systems)
    draw_gains(images / GAINS_NAME, systems, titles)
    folder = Path(os.path.relpath(images, out.parent)).as_posix()
    write_whole(out, _compose(systems, folder, titles).encode())


def _compose(systems: Systems, images: str, titles: Mapping[str, str]) -> str:
    results = [result for found in systems.values() for result in found]
    answer, *grounds = verdict(results).sentences
    seeds = sorted({result.seed for result in results})
    return _TEMPLATE.read_text(encoding="utf-8").format(
        faces=f"{results[0].conditions[0].count:,}",
        answer=answer,
        grounds="\n".join(f"- {sentence}" for sentence in grounds),
        rivals=listing(RIVALS),
        seeds_needed=SEEDS_NEEDED,
        systems=systems_table(systems, titles),
        accuracy=accuracy_table(systems),
        chance=_chance(systems),
        images=images,
        accuracy_plot=ACCURACY_NAME,
        macro_recall=macro_recall_table(systems),
        recall=recall_table(systems),
        harder=harder_table(systems),
        restoration=restoration_table(systems),
        agreement=agreement_table(systems),
        full=FACE_PX,
        calibration=calibration_table(systems),
        cost=cost_table(systems),
        resamples=f"{RESAMPLES:,}",
        small=listing([str(size) for size in SMALL_PX]),
        deciding=deciding_table(systems),
        paired=paired_table(systems),
        gains_plot=GAINS_NAME,
        near=f"{NEAR_POINTS:.0f}",
        ablations=ablation_table(systems, titles),
        missing=_missing(systems, titles),
        seeds=",".join(str(seed) for seed in seeds),
        machines=_machines(results),
    )


def _chance(systems: Systems) -> str:
    """How far one figure of the accuracy table may be off."""
    row = next(iter(systems.values()))
    texts = []
    for size in (FACE_PX, SMALL_PX[-1]):
        found = [item for result in row if (item := result.condition("D1", size)) is not None]
        if found:
            accuracy, count = statistics.mean(item.accuracy for item in found), found[0].count
            low, high = wilson_interval(round(accuracy * count), count)
            texts.append(f"{percent(accuracy)} stands for {percent(low)} to {percent(high)}")
    return (
        f"The choice of faces blurs each figure: {listing(texts)} (95 %, Wilson).\n"
        "Differences between rows are surer, since all rows read the same faces: see the paired\n"
        "comparisons."
    )


def _missing(systems: Systems, titles: Mapping[str, str]) -> str:
    lines = [f"- {name}: {title}" for name, title in titles.items() if name not in systems]
    for name in (*OURS, *RIVALS):
        found = [str(result.seed) for result in systems.get(name, ())]
        if found and len(found) < SEEDS_NEEDED:
            seeds = number_of(len(found), "seed")
            lines.append(f"- {name}: {seeds} ({listing(found)}) of the {SEEDS_NEEDED} needed")
    return "\n".join(lines) or "Nothing: each row is there, those that decide with enough seeds."


def _machines(results: Sequence[Result]) -> str:
    """What the results were computed on; usually one machine."""
    users: dict[str, list[str]] = {}
    for result in results:
        text = ", ".join(f"{key} {value}" for key, value in sorted(result.machine.items()))
        users.setdefault(text, []).append(f"{result.row} seed {result.seed}")
    if len(users) == 1:
        return f"Computed on: {next(iter(users))}."
    lines = [f"- {text}: {', '.join(names)}" for text, names in users.items()]
    heading = "Computed on several machines, so that times can only be compared within each:"
    return "\n".join((heading, "", *lines))
