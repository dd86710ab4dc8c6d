"""`srfer bench`: how many streams this machine carries, and how fresh their results are."""

from __future__ import annotations

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srfer.errors import ConfigError
from srfer.options import (
    DEFAULT_MODEL,
    Debug,
    DetectPx,
    Model,
    Precision,
    Quiet,
    Tracker,
    TrackerModel,
    load_model,
    parse_path,
)
from srfer.talk import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from srfer.engines import Model as LoadedModel
    from srfer.realtime.bench import BenchPlan, BenchReport, Capacity, Target, Trial

PARTLY = 3
STDOUT = Path("-")


class EffortName(StrEnum):
    """How much is done for a frame."""

    AUTO = "auto"
    FULL = "full"


def parse_share(text: str) -> float:
    """A share such as 1% or 0.01, as a number from 0 to 1."""
    number, percent, rest = text.strip().partition("%")
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    share = share / 100 if percent else share
    if rest or not 0 <= share <= 1:
        raise typer.BadParameter(f"{text!r} is no share; write it as 1% or 0.01")
    return share


Sources = Annotated[
    list[str] | None,
    typer.Argument(
        help="Videos, addresses of streams, or made-up video such as synthetic:faces=2,face_px=40; "
        "streams take them in turn. Made-up video if none is named.",
        metavar="SOURCE",
        show_default=False,
    ),
]
Streams = Annotated[int, typer.Option(help="How many streams; one for each source if 0.", min=0)]
Seconds = Annotated[int, typer.Option(help="Seconds that are measured.")]
WarmUp = Annotated[float, typer.Option(help="Seconds before that.")]
Paced = Annotated[
    bool,
    typer.Option(
        "--paced/--unpaced",
        help="Frames come as from cameras, and are dropped where that is too fast; or as fast as "
        "they are taken, and none is dropped.",
    ),
]
MaxFps = Annotated[
    float | None, typer.Option(help="Frames a second of a stream that are analysed at most.")
]
WantedEffort = Annotated[
    EffortName | None,
    typer.Option(
        help="auto does less for a frame under load, as in use; full never does. full with "
        "--find-capacity, otherwise auto.",
    ),
]
FindCapacity = Annotated[
    bool, typer.Option("--find-capacity", help="Find how many streams this machine carries.")
]
TargetFps = Annotated[
    float | None,
    typer.Option(help="With --find-capacity: frames a second of each; the source's if not given."),
]
MaxDrops = Annotated[
    float,
    typer.Option(
        help="With --find-capacity: share of frames that may be dropped.", parser=parse_share
    ),
]
MaxAgeMs = Annotated[
    float, typer.Option(help="With --find-capacity: 95 % of the results are no older.")
]
Most = Annotated[int, typer.Option(help="With --find-capacity: no more streams are tried.", min=1)]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", help="Write all figures; - is stdout.", parser=parse_path),
]
HtmlFile = Annotated[Path | None, typer.Option(help="Write a page with plots.", parser=parse_path)]
Compared = Annotated[
    tuple[Path, Path] | None,
    typer.Option(help="Measure nothing; compare two files of --json.", metavar="A.json B.json"),
]
Forced = Annotated[
    bool, typer.Option("--force", help="With --compare: also of different machines.")
]
Engine = Annotated[
    str,
    typer.Option(
        "--device",
        "--engine",
        help="Where the model runs: auto, or one that `srfer doctor` lists.",
    ),
]


def bench(
    *,
    sources: Sources = None,
    streams: Streams = 0,
    seconds: Seconds = 20,
    warm_up: WarmUp = 3.0,
    paced: Paced = True,
    max_fps: MaxFps = None,
    effort: WantedEffort = None,
    find_capacity: FindCapacity = False,
    target_fps: TargetFps = None,
    max_drops: MaxDrops = "1%",  # type: ignore[assignment]  # typer parses the default as well
    max_age_ms: MaxAgeMs = 500.0,
    most: Most = 64,
    json_file: JsonFile = None,
    html: HtmlFile = None,
    compare: Compared = None,
    force: Forced = False,
    model: Model = DEFAULT_MODEL,
    device: Engine = "auto",
    precision: Precision = None,
    tracker: Tracker = "retinaface",
    tracker_model: TrackerModel = None,
    detect_px: DetectPx = 640,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Measure how many results a second this machine gives, how fresh they are, and what it drops.

    Tables on stdout; with --json - they are on stderr. How everything is measured: docs/bench.md
    """
    del debug
    if compare is not None:
        _compare(compare, is_forced=force)
        return
    from srfer.realtime import AnalysisOptions
    from srfer.realtime.bench import DEFAULT_SCENE, BenchPlan, Target
    from srfer.realtime.types import Effort

    _check_outputs(json_file, html)
    if 0 < streams < len(sources or ()):
        raise ConfigError("some sources would not be measured: name no more than --streams says")
    if find_capacity:
        _check_search(streams, max_fps, is_paced=paced)
    elif target_fps is not None:
        raise ConfigError("--target-fps is what a search is to hold: add --find-capacity")
    is_full = effort is EffortName.FULL or (effort is None and find_capacity)
    plan = BenchPlan(
        sources=tuple(sources or (DEFAULT_SCENE,)),
        streams=streams,
        seconds=seconds,
        warm_up_s=warm_up,
        is_paced=paced,
        max_fps=target_fps if find_capacity else max_fps,
        effort=Effort.FULL if is_full else None,
        analysis=AnalysisOptions(tracker, tracker_model, detect_px),
    )
    target = Target(target_fps, max_drops, max_age_ms)
    loaded = load_model(model, device, precision)
    tell = _silent if quiet else say
    if find_capacity:
        report, capacity = _search(plan, loaded, target, most, tell)
    else:
        report, capacity = _measure(plan, loaded, tell), None
    _write(report, capacity, json_file, html)
    if any(stream.error for stream in report.streams):
        raise typer.Exit(PARTLY)


def _silent(_text: str) -> None:
    pass


def _check_outputs(*paths: Path | None) -> None:
    """Before minutes are spent on figures that cannot be written."""
    for path in paths:
        if path is None or path == STDOUT:
            continue
        if path.is_dir():
            raise ConfigError(f"{path.name} is a folder; name a file")
        if not path.resolve().parent.is_dir():
            raise ConfigError(f"there is no folder {path.parent}; make it first")
    named = [path.resolve() for path in paths if path is not None and path != STDOUT]
    if len(set(named)) < len(named):
        raise ConfigError(f"{named[0].name} cannot hold both; give --json and --html two files")


def _check_search(streams: int, max_fps: float | None, *, is_paced: bool) -> None:
    if not is_paced:
        raise ConfigError("--find-capacity needs frames that come as from cameras: leave --unpaced")
    if streams:
        raise ConfigError("--find-capacity chooses how many streams there are: leave --streams")
    if max_fps is not None:
        raise ConfigError("--find-capacity has --target-fps for that: leave --max-fps")


def _measure(plan: BenchPlan, model: LoadedModel, tell: Callable[[str], None]) -> BenchReport:
    from srfer.realtime.bench import measure
    from srfer.realtime.words import counted

    tell(f"{counted(plan.streams, 'stream')} for {plan.warm_up_s:g} + {plan.seconds} s")

    def on_second(second: int) -> None:
        if second % 10 == 0 and second < plan.seconds:
            tell(f"{second} of {plan.seconds} s")

    return measure(plan, model, on_second=on_second)


def _search(
    plan: BenchPlan, model: LoadedModel, target: Target, most: int, tell: Callable[[str], None]
) -> tuple[BenchReport, Capacity]:
    """Find the capacity; gives the last report with that many streams (or with one) as well."""
    from srfer.realtime.bench import find_capacity, judge, measure
    from srfer.realtime.words import counted

    reports: dict[int, BenchReport] = {}

    def run_trial(streams: int) -> Trial:
        tell(f"trying {counted(streams, 'stream')} for {plan.warm_up_s:g} + {plan.seconds} s")
        reports[streams] = measure(plan.with_streams(streams), model)
        return judge(reports[streams], target)

    def on_trial(trial: Trial) -> None:
        verdict = "holds" if trial.holds else f"fails, {trial.why_not}"
        tell(f"{counted(trial.streams, 'stream')}: {verdict}")

    capacity = find_capacity(run_trial, target, most=most, on_trial=on_trial)
    return reports[max(capacity.streams, 1)], capacity


def _write(
    report: BenchReport, capacity: Capacity | None, json_file: Path | None, html: Path | None
) -> None:
    from srfer.realtime.bench import make_page, print_capacity, print_report
    from srfer.realtime.sinks.atomic import write_text

    is_json_on_stdout = json_file == STDOUT
    screen = sys.stderr if is_json_on_stdout else sys.stdout
    if capacity is not None:
        print_capacity(capacity, screen)
    print_report(report, screen)
    record = report.to_record()
    record["capacity"] = None if capacity is None else capacity.to_record()
    if is_json_on_stdout:
        typer.echo(json.dumps(record))
    elif json_file is not None:
        write_text(json_file, json.dumps(record, indent=1) + "\n")
    if html is not None:
        write_text(html, make_page(report, capacity))


def _compare(paths: tuple[Path, Path], *, is_forced: bool) -> None:
    from srfer.realtime.bench import compare, print_comparison, read_report

    a, b = (read_report(path) for path in paths)
    print_comparison(compare(a, b, is_forced=is_forced), sys.stdout)
