"""`srfer model`: what a model file says about itself, and getting those of the trackers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from srfer.options import DEFAULT_MODEL, Debug, Quiet, parse_path
from srfer.talk import say

model_app = typer.Typer(
    help="Model files: look at them, get them.", no_args_is_help=True, rich_markup_mode=None
)


@model_app.command(short_help="Print what a model file says about itself.")
def info(
    *,
    model: Annotated[str, typer.Argument(help="Shipped name, or path.")] = DEFAULT_MODEL,
    debug: Debug = False,
) -> None:
    """Print what a model file says about itself, as JSON."""
    from srfer.engines import load

    del debug
    loaded = load(model, "cpu")
    record = json.loads(loaded.spec.to_json())
    del record["golden"]
    typer.echo(json.dumps({"sha256": loaded.sha256, **record}, indent=2))


@model_app.command(short_help="Get the model file of a tracker.")
def fetch(
    *,
    tracker: Annotated[str, typer.Argument(help="Whose model: yunet or mediapipe.")],
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="Take this file instead of downloading it.",
            parser=parse_path,
            metavar="PATH",
        ),
    ] = None,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Get the model file of a tracker from its makers, check it, and keep it for this user.

    Prints its path. Nothing is downloaded if it is there. A download that broke off goes on.
    """
    from srfer.realtime.fetch import fetch as download
    from srfer.realtime.fetch import install
    from srfer.realtime.known_models import known_model

    del debug
    model = known_model(tracker)
    if source is not None:
        typer.echo(install(model, source))
        return
    if not quiet:
        say(f"{model.file}, {model.size / 1e6:.1f} MB, {model.licence}: {model.url}")
    with _bar(is_shown=sys.stderr.isatty() and not quiet) as on_progress:
        path = download(model, on_progress=on_progress)
    typer.echo(path)


@contextmanager
def _bar(*, is_shown: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on stderr while the block runs."""
    if not is_shown:
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
