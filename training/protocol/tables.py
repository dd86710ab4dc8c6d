"""The tables of the report."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence

from srfer.engines import FACE_PX, LABELS

from .comparison import SMALL_PX, Comparison, Systems, compare, mean_accuracy
from .result import Condition, Result
from .statistics import retention
from .verdict import deciding_comparisons
from .wording import p_value, percent, point_interval, points, spread, table

SHOWN_PX = (48, 24, 16, 12, 10, 8)
REDUCED_PX = SHOWN_PX[1:]
ABLATION = "A-"
_NO_PAIR = "There is no pair to compare yet."

Setting = tuple[str, int]
"""A degradation and a native size."""
Measured = Sequence[tuple[Result, Condition]]
"""A row under one setting, with each seed."""

D1: tuple[Setting, ...] = tuple(("D1", size) for size in SHOWN_PX)
REDUCED: tuple[Setting, ...] = tuple(("D1", size) for size in REDUCED_PX)


def shown_name(row: str) -> str:
    """B0 and B1 come from one run: on originals it is B0, on smaller faces B1."""
    return "B0, B1" if row == "B0" else row


def main_rows(systems: Systems) -> Systems:
    """All rows but the ablations."""
    return {name: found for name, found in systems.items() if not name.startswith(ABLATION)}


def systems_table(systems: Systems, titles: Mapping[str, str]) -> str:
    """What was compared."""
    rows = [
        (
            shown_name(name),
            titles.get(name, name),
            found[0].sr,
            found[0].fer,
            str(found[0].epochs),
            ", ".join(str(result.seed) for result in found),
        )
        for name, found in systems.items()
    ]
    return table(("row", "system", "SR network", "FER network", "epochs", "seeds"), rows)


def _by_setting(
    systems: Systems, settings: Sequence[Setting], cell: Callable[[Measured], str]
) -> str:
    """A line for each row, a column for each setting."""
    header = ["row", "seeds", *(_setting_name(setting) for setting in settings)]
    rows = []
    for name, results in systems.items():
        cells = []
        for setting in settings:
            pairs = [(result, result.condition(*setting)) for result in results]
            measured = [(result, found) for result, found in pairs if found is not None]
            cells.append(cell(measured) if measured else "-")
        rows.append([shown_name(name), str(len(results)), *cells])
    return table(header, rows)


def _setting_name(setting: Setting) -> str:
    degradation, size = setting
    return f"{size} px" if degradation == "D1" else f"{degradation}, {size} px"


def accuracy_table(systems: Systems) -> str:
    """Accuracy by size, with its spread over seeds."""
    return _by_setting(main_rows(systems), D1, lambda pairs: spread([c.accuracy for _, c in pairs]))


def macro_recall_table(systems: Systems) -> str:
    """Macro recall by size, with its spread over seeds."""
    return _by_setting(
        main_rows(systems), D1, lambda pairs: spread([c.macro_recall for _, c in pairs])
    )


def recall_table(systems: Systems) -> str:
    """Recall of each expression, mean over the small sizes and over seeds."""
    rows = []
    for name, results in main_rows(systems).items():
        conditions = [found for item in results for found in _small(item)]
        cells = []
        for index in range(len(LABELS)):
            found = [item.recall[index] for item in conditions]
            values = [value for value in found if value is not None]
            cells.append(percent(statistics.mean(values)) if values else "-")
        rows.append([shown_name(name), str(len(results)), *cells])
    return table(["row", "seeds", *LABELS], rows)


def _small(result: Result) -> Iterable[Condition]:
    found = (result.condition("D1", size) for size in SMALL_PX)
    return (item for item in found if item is not None)


def _harder_settings(systems: Systems) -> tuple[Setting, ...]:
    """What was measured besides D1."""
    settings = {
        (item.degradation, item.native_px)
        for results in systems.values()
        for result in results
        for item in result.conditions
        if item.degradation != "D1"
    }
    return tuple(sorted(settings, key=lambda setting: (setting[0], -setting[1])))


def harder_table(systems: Systems) -> str:
    """Accuracy under D2 to D5, mean over seeds."""
    settings = _harder_settings(systems)
    if not settings:
        return "None was measured."
    return _by_setting(
        main_rows(systems), settings, lambda pairs: percent(_mean(c.accuracy for _, c in pairs))
    )


def restoration_table(systems: Systems) -> str:
    """PSNR and SSIM of the systems that restore, and of bicubic enlargement."""
    chosen = {
        name: results
        for name, results in main_rows(systems).items()
        if name == "B0" or results[0].sr != "none"
    }

    def cell(pairs: Measured) -> str:
        psnr_db, ssim = _mean(c.psnr_db for _, c in pairs), _mean(c.ssim for _, c in pairs)
        return f"{psnr_db:.2f} / {ssim:.3f}"

    return _by_setting(chosen, REDUCED, cell).replace("| B0, B1 |", "| bicubic |")


def agreement_table(systems: Systems) -> str:
    """Agreement with B0 on originals, and retention."""

    def cell(pairs: Measured) -> str:
        kept = [
            retention(condition.accuracy, full.accuracy)
            for result, condition in pairs
            if (full := result.condition("D1", FACE_PX)) is not None
        ]
        agreement = percent(_mean(c.agreement for _, c in pairs))
        return f"{agreement} / {percent(_mean(kept) if kept else None)}"

    return _by_setting(main_rows(systems), REDUCED, cell)


def calibration_table(systems: Systems) -> str:
    """Expected calibration error before and after its temperature."""

    def cell(pairs: Measured) -> str:
        before, after = _mean(c.ece for _, c in pairs), _mean(c.ece_calibrated for _, c in pairs)
        return f"{percent(before)} / {percent(after)}"

    return _by_setting(main_rows(systems), D1, cell)


def cost_table(systems: Systems) -> str:
    """What a system costs when used, and what its own run of training cost."""
    rows = []
    for name, results in systems.items():
        rows.append(
            (
                shown_name(name),
                f"{results[0].parameters:,}",
                f"{results[0].macs / 1e6:.1f}",
                f"{_mean(item.ms_per_face for item in results):.2f}",
                f"{_mean(item.steps for item in results):,.0f}",
                f"{_mean(item.cost_s for item in results):,.0f}",
            )
        )
    header = ("row", "parameters", "M MACs a face", "ms a face", "steps", "training s")
    return table(header, rows)


def deciding_table(systems: Systems) -> str:
    """Our rows against the rivals, over the small sizes together."""
    rows = [
        [
            f"{item.ours} against {item.other}",
            str(item.count),
            str(len(item.seeds)),
            *_gain_cells(item),
            f"{item.seeds_ahead} of {len(item.seeds)}",
            p_value(item.p),
            p_value(item.holm_p),
            item.outcome.value,
        ]
        for item in deciding_comparisons(systems)
    ]
    header = (
        "pair",
        "faces",
        "seeds",
        "gain",
        "95 % interval",
        "ahead with",
        "p",
        "Holm p",
        "outcome",
    )
    return table(header, rows) if rows else _NO_PAIR


def paired_table(systems: Systems) -> str:
    """Our rows against the rivals at each size."""
    rows = []
    for size in SMALL_PX:
        for item in deciding_comparisons(systems, (size,)):
            p_by_seed = zip(item.seeds, item.mcnemar_p, strict=True)
            rows.append(
                [
                    f"{size} px",
                    f"{item.ours} against {item.other}",
                    str(item.count),
                    *_gain_cells(item),
                    ", ".join(f"{p_value(p)} ({seed})" for seed, p in p_by_seed),
                    p_value(item.p),
                    p_value(item.holm_p),
                ]
            )
    header = ("size", "pair", "faces", "gain", "95 % interval", "McNemar p (seed)", "p", "Holm p")
    return table(header, rows) if rows else _NO_PAIR


def _gain_cells(item: Comparison) -> tuple[str, str]:
    return points(item.gain), point_interval(item.interval)


def ablation_table(systems: Systems, titles: Mapping[str, str]) -> str:
    """P3 and what it is without one of its parts or with another in its place."""
    names = [name for name in systems if name in ("P1", "P2") or name.startswith(ABLATION)]
    if "P3" not in systems or not names:
        return "No ablation has been measured."
    rows = []
    for name in ("P3", *names):
        results = systems[name]
        found = [_mean_at(results, size) for size in SMALL_PX]
        made = compare(systems, name, "P3") if name != "P3" else None
        gain = _gain_cells(made) if made else ("-", "-")
        mean = mean_accuracy(results)
        rows.append(
            [name, titles.get(name, name), str(len(results)), *map(percent, (*found, mean)), *gain]
        )
    sizes = [f"{size} px" for size in SMALL_PX]
    header = ("row", "system", "seeds", *sizes, "mean", "against P3", "95 % interval")
    return table(header, rows)


def _mean_at(results: Iterable[Result], size_px: int) -> float | None:
    found = [result.condition("D1", size_px) for result in results]
    values = [item.accuracy for item in found if item is not None]
    return statistics.mean(values) if values else None


def _mean(values: Iterable[float]) -> float:
    return statistics.mean(values)
