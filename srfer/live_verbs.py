"""`srfer live`: the desktop app."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from srfer.options import DEFAULT_MODEL, Debug, Model, Precision

FAILED = 1


def live(
    *,
    source: Annotated[
        str,
        typer.Argument(
            help="What to open: a video or picture, a stream's address, webcam:0.",
            show_default=False,
        ),
    ] = "",
    model: Model = DEFAULT_MODEL,
    device: Annotated[
        str | None, typer.Option(help="Where the model runs; what was set last if not given.")
    ] = None,
    precision: Precision = None,
    tracker: Annotated[
        str | None,
        typer.Option(
            help="What finds and follows faces: retinaface, yunet or mediapipe; what was set last "
            "if not given."
        ),
    ] = None,
    detect_px: Annotated[
        int | None, typer.Option(help="Long side at which frames are searched, in pixels.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Open the desktop app: the picture with its faces, what they express, and over time.

    Options count for this time only; what is set in the window is kept. Needs srfer[gui].
    """
    from srfer.extras import require

    del debug
    require("gui", "PyQt6", "pyqtgraph")
    from srfer.gui.app import run

    given: dict[str, Any] = {
        "device": device,
        "precision": precision.value if precision else None,
        "tracker": tracker,
        "detect_px": detect_px,
    }
    overrides = {name: value for name, value in given.items() if value is not None}
    code = run(source, model, overrides)
    if code:
        raise typer.Exit(FAILED)
