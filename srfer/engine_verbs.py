"""`srfer engine`: build, list, check and clear what runs the models on this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from srfer.errors import EngineError
from srfer.options import DEFAULT_MODEL, Debug, Model, Precision, PrecisionName
from srfer.talk import say

if TYPE_CHECKING:
    from srfer.engines.check import Candidate, Speed

FAILED = 1

engine_app = typer.Typer(
    help="What runs the models: build, list, check, clear.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class Route(StrEnum):
    """Into TensorRT."""

    ONNX = "onnx"
    TORCH2TRT = "torch2trt"


MaxBatch = Annotated[
    int, typer.Option(help="Most faces that are computed at a time.", min=1, max=1024)
]


@engine_app.command(short_help="Build an engine for this machine, and keep it.")
def build(
    *,
    model: Model = DEFAULT_MODEL,
    device: Annotated[
        str, typer.Option(help="One that `srfer doctor` lists; the best of this machine if auto.")
    ] = "auto",
    precision: Precision = None,
    max_batch: MaxBatch = 32,
    route: Annotated[Route, typer.Option(help="How the model gets into TensorRT.")] = Route.ONNX,
    debug: Debug = False,
) -> None:
    """Build an engine, keep it for the next time, and find how many processor threads pay.

    One line of JSON on stdout says what was built. Where a device needs no building, only the
    threads are measured.
    """
    from srfer.engines.prepare import prepare

    del debug
    done = prepare(
        model,
        device,
        precision=precision.value if precision else None,
        max_batch=max_batch,
        route=route.value,
        notify=say,
    )
    typer.echo(json.dumps(done.as_record()))


@engine_app.command("list", short_help="Print the engines that were built.")
def list_(*, debug: Debug = False) -> None:
    """Print the engines that were built on this machine, a line of JSON for each."""
    from srfer.engines import EngineCache

    del debug
    cache = EngineCache.of_user()
    entries = cache.entries()
    for entry in entries:
        record = {
            "model": entry.key.model,
            "device": entry.key.device,
            "runtime": entry.key.runtime,
            "options": entry.key.options,
            "bytes": entry.size,
            "built": entry.built,
        }
        typer.echo(json.dumps(record))
    say(f"{len(entries)} engine(s) in {cache.folder}")


@engine_app.command(short_help="Remove the engines that were built.")
def clear(*, debug: Debug = False) -> None:
    """Remove all engines that were built on this machine; they are built again when needed."""
    from srfer.engines import EngineCache

    del debug
    cache = EngineCache.of_user()
    say(f"removed {cache.clear()} engine(s) from {cache.folder}")


@engine_app.command(short_help="Compare all engines: answers and speed.")
def check(
    *,
    model: Model = DEFAULT_MODEL,
    device: Annotated[
        str, typer.Option(help="Devices to look at, by commas; all if not given.")
    ] = "",
    precision: Annotated[
        PrecisionName | None, typer.Option(help="Only this one; all if not given.")
    ] = None,
    faces: Annotated[int, typer.Option(help="Faces to compare on.", min=8, max=10000)] = 256,
    data: Annotated[
        Path | None,
        typer.Option(help="Compare on the validation faces of a data set (needs srfer[train])."),
    ] = None,
    threads: Annotated[int, typer.Option(help="Processor threads for one batch.", min=1)] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Lines of JSON, not a table.")] = False,
    debug: Debug = False,
) -> None:
    """Compare every engine with ONNX Runtime in single precision, and measure what each costs.

    The exit code is 1 if an engine that can be used here gives other answers than it may, or if
    none can be used.
    """
    from srfer.engines.check import check_engines, fixed_faces

    del debug
    crops = _validation_faces(data, faces) if data else fixed_faces(faces)
    found = list(
        check_engines(
            model,
            *crops,
            devices=[name.strip() for name in device.split(",") if name.strip()],
            precisions=[precision.value] if precision else [],
            threads=threads,
            on_candidate=lambda name: say(f"checking {name}"),
        )
    )
    usable = [candidate for candidate in found if candidate.model is not None]
    records = _measure(usable)
    if as_json:
        for record in records:
            typer.echo(json.dumps(record))
    elif records:
        _print_table(records)
    _say_what_is_absent(found)
    if not usable:
        raise EngineError("nothing was checked, as none of these engines can be used here")
    if not all(candidate.is_right for candidate in usable):
        raise typer.Exit(FAILED)


def _measure(usable: Sequence[Candidate]) -> list[dict[str, Any]]:
    """What each costs, measured in turn, with what it answered."""
    from srfer.engines.check import measure_speed

    models = [candidate.model for candidate in usable if candidate.model is not None]
    speeds = measure_speed(models) if models else []
    return [_record(*pair) for pair in zip(usable, speeds, strict=True)]


def _validation_faces(data: Path, count: int) -> tuple[Any, Any]:
    """Faces of a data set, each at one of the sizes that reports have."""
    from srfer.extras import require

    require("train", "torch")
    from srfer.training.data import load_faces
    from srfer.training.evaluate import faces_of_all_sizes

    return faces_of_all_sizes(load_faces(data, "validation"), count)


def _say_what_is_absent(found: Sequence[Candidate]) -> None:
    """One line for each reason, with everything that it keeps away."""
    absent: dict[str, list[str]] = {}
    for candidate in found:
        if candidate.model is None:
            name = f"{candidate.device} {candidate.precision}"
            absent.setdefault(candidate.reason, []).append(name)
    for reason, names in absent.items():
        say(f"not checked: {', '.join(names)}: {reason}")


def _record(candidate: Candidate, speed: Speed) -> dict[str, Any]:
    assert candidate.agreement is not None
    assert candidate.model is not None
    agreement = candidate.agreement
    return {
        "device": candidate.device,
        "precision": candidate.precision,
        "runtime": candidate.model.engine,
        "is_right": candidate.is_right,
        "largest_difference": agreement.largest,
        "same_labels": agreement.same_labels,
        "faces": agreement.faces,
        "ms_per_face": {str(batch): round(ms, 3) for batch, ms in speed.ms_per_face.items()},
        "faces_per_s": round(speed.faces_per_s, 1),
        "gemm_gflops": round(speed.gemm_gflops, 1),
        "share_of_peak": round(speed.share_of_peak, 3),
    }


def _print_table(records: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    table.add_column("engine")
    for title in ("answers", "max difference", "same label", "ms a face: 1", "8", "32"):
        table.add_column(title, justify="right")
    for title in ("faces/s", "of GEMM peak"):
        table.add_column(title, justify="right")
    for record in records:
        table.add_row(*_cells(record))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160)
    console.print(table)
    console.print(
        f"\nGEMM peak: {records[0]['gemm_gflops']:.0f} GFLOP/s, fp32; compared on "
        f"{records[0]['faces']} faces with ONNX Runtime on cpu, fp32"
    )


def _cells(record: dict[str, Any]) -> Iterable[str]:
    yield f"{record['device']}, {record['precision']}"
    yield "right" if record["is_right"] else "WRONG"
    yield f"{record['largest_difference']:.1e}"
    yield f"{100 * record['same_labels']:.1f} %"
    yield from (f"{ms:.2f}" for ms in record["ms_per_face"].values())
    yield f"{record['faces_per_s']:.0f}"
    # The peak is of single precision: it says nothing of what computes in another one.
    yield f"{100 * record['share_of_peak']:.0f} %" if record["precision"] == "fp32" else ""
