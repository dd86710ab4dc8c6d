"""From a plan to a report."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from srfer.engines import Model

from ..api import describe_settings
from ..stage import Source
from .machine import commit, machine, versions
from .plan import BenchPlan
from .report import About, BenchReport
from .run import Run, run_streams
from .scenery import make_bench_source, name_source
from .summary import summarise


def measure(
    plan: BenchPlan,
    model: Model,
    *,
    make_source: Callable[[str], Source] = make_bench_source,
    on_second: Callable[[int], None] | None = None,
) -> BenchReport:
    """Run the streams of a plan and say how they did.

    Args:
        plan: what to do.
        model: loaded; not closed here.
        make_source: from a source's text.
        on_second: told of each second that was measured.

    Raises:
        SrferError: see `run_streams`.
    """
    run = run_streams(plan, model, make_source=make_source, on_second=on_second)
    return summarise(run, describe(run, model))


def describe(run: Run, model: Model) -> About:
    """Say what was measured, on what, with what."""
    record = describe_settings(model, run.plan.analysis)
    about_model = {
        "description": record.pop("model"),
        "sha256": record.pop("model_sha256"),
        "device": model.device,
        "engine": model.engine,
    }
    return About(
        measured=datetime.now(UTC).isoformat(timespec="seconds"),
        commit=commit(),
        machine={**machine(), "gpus": list(run.gpu_names)},
        versions=versions(),
        model=about_model,
        settings={**_settings(run), **record},
    )


def _settings(run: Run) -> dict[str, Any]:
    plan = run.plan
    pairs = zip(plan.source_of, run.streams, strict=True)
    names = [name_source(text, stream.info) for text, stream in pairs]
    return {
        "sources": list(dict.fromkeys(names)),
        "streams": plan.streams,
        "seconds": plan.seconds,
        "warm_up_s": plan.warm_up_s,
        "is_paced": plan.is_paced,
        "max_fps": plan.max_fps,
        "effort": "auto" if plan.effort is None else plan.effort.name.lower(),
    }
