"""The command line: every verb reads its options and calls into a room.

stdout is data and stderr is talk. Exit codes: 0 done, 1 failed, 2 usage, 3 partly done,
130 interrupted, 143 terminated. Rooms are imported by the verb that needs them, so that
`srfer --help` stays fast.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from srfer import __version__
from srfer.bench_verbs import bench
from srfer.engine_verbs import engine_app
from srfer.errors import ConfigError
from srfer.export_verbs import export
from srfer.leaving import end_process_if_held
from srfer.live_verbs import live
from srfer.model_verbs import model_app
from srfer.options import DEFAULT_MODEL, Debug, Device, Model, Quiet, load_model
from srfer.talk import explain, say
from srfer.training_verbs import evaluate, protocol, train, train_tracks
from srfer.watch_verbs import watch

FAILED = 1
USAGE = 2
INTERRUPTED = 130
TERMINATED = 143

app = typer.Typer(
    name="srfer",
    help="Facial expressions from video in real time, also where the face is tiny.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # rich would triple the time that --help takes
    pretty_exceptions_enable=False,
)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line.

    Args:
        argv: the arguments; those of the process if None.

    Raises:
        SystemExit: always, with the exit code.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if argv is None:
        # Decoding, following and reading have threads of their own, and those that OpenCV and
        # NumPy would add to theirs wait actively: for nothing, where all cores are busy.
        for name in ("OPENCV_FOR_THREADS_NUM", "OPENBLAS_NUM_THREADS"):
            os.environ.setdefault(name, "1")
    try:
        _run(arguments, is_process=argv is None)
    except SystemExit as ending:
        if argv is None:
            end_process_if_held(ending.code if isinstance(ending.code, int) else 0)
        raise


def _run(arguments: list[str], *, is_process: bool) -> None:
    with _sigterm_as_interrupt() as has_terminated:
        try:
            app(arguments, prog_name="srfer")
        except SystemExit as ending:
            if ending.code != INTERRUPTED:
                raise
            if is_process:
                signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is closed; let the process end
            say("interrupted")
            raise SystemExit(TERMINATED if has_terminated else INTERRUPTED) from None
        except Exception as error:
            explain(error, is_debug="--debug" in arguments)
            raise SystemExit(USAGE if isinstance(error, ConfigError) else FAILED) from None


def _version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"srfer {__version__}")
        raise typer.Exit


@app.callback()
def _srfer(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    # The options of `srfer` itself, before the verb.
    del version


@app.command(short_help="Make a sample clip and analyse it.")
def demo(
    *,
    out: Annotated[Path, typer.Option(help="Folder for everything.")] = Path("out/demo"),
    model: Model = DEFAULT_MODEL,
    device: Device = "auto",
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Make a sample clip, in which a face walks away until it is 8 px small, and analyse it.

    Needs the extra srfer[demo]. What was found is said on stderr; the files are listed on stdout.
    """
    from srfer.realtime.demo import describe, run_demo
    from srfer.realtime.progress import shown_progress

    del debug  # read by main()
    with shown_progress(sys.stderr, is_quiet=quiet) as on_progress:
        report = run_demo(out, load_model(model, device), on_progress=on_progress)
    if not quiet:
        for line in describe(report):
            say(line)
    for path in report.files:
        typer.echo(path)


@app.command(short_help="Say what this machine can do, and what is missing.")
def doctor(*, debug: Debug = False) -> None:
    """Say what this machine can do, what is missing, and how to get it."""
    from srfer.doctor import examine

    del debug
    findings = examine()
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        mark = "ok  " if finding.is_fine else "FAIL" if finding.is_needed else "-   "
        typer.echo(f"{mark} {finding.subject:<{width}}  {finding.detail}")
    if any(finding.is_needed and not finding.is_fine for finding in findings):
        raise typer.Exit(FAILED)


app.add_typer(model_app, name="model")
app.add_typer(engine_app, name="engine")


VERBS: tuple[tuple[Callable[..., None], str], ...] = (
    (export, "Videos in, files out: annotated videos, numbers, reports."),
    (bench, "Measure how many streams this machine carries."),
    (live, "Open the desktop app: webcam, file, stream or screen."),
    (watch, "Analyse streams without a window, as lines of JSON."),
    (train, "Train a model of your own, or go on with it."),
    (evaluate, "Measure a model on the faces of a data set."),
    (protocol, "Compare ways of training, as in docs/results.md."),
    (train_tracks, "Train a head that reads the frames of a track together."),
)
"""What has a file of its own, and what the list of commands says of it: a whole line, unlike that
of a docstring."""

for verb, summary in VERBS:
    app.command(short_help=summary)(verb)


@contextmanager
def _sigterm_as_interrupt() -> Iterator[list[int]]:
    """While the block runs, SIGTERM ends the work as Ctrl-C does; the list then has an entry."""
    received: list[int] = []

    def interrupt(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)
