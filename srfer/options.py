"""Options that several verbs share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from srfer.talk import say

if TYPE_CHECKING:
    from srfer.engines import Model as LoadedModel

DEFAULT_MODEL = "srfer-base"


class PrecisionName(StrEnum):
    """What convolutions are computed in."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


def load_model(model: str, device: str, precision: PrecisionName | None = None) -> LoadedModel:
    """Load a model, and say which devices were there but failed."""
    from srfer.engines import load

    loaded = load(model, device, precision=precision.value if precision else None)
    for note in loaded.notes:
        say(f"warning: {note}")
    return loaded


def parse_path(text: str) -> Path:
    """A path as it was given; an empty one is refused."""
    # Not typer's own check, which would refuse a whole batch for one input that cannot be read.
    if not text:
        raise typer.BadParameter("a path must not be empty")
    return Path(text)


Model = Annotated[str, typer.Option(help="Name of a shipped model, or path of an .onnx file.")]
Device = Annotated[
    str, typer.Option(help="Where the model runs: auto, or one that `srfer doctor` lists.")
]
Precision = Annotated[
    PrecisionName | None,
    typer.Option(help="What the model computes in; the device's default if not given."),
]
Tracker = Annotated[
    str,
    typer.Option(
        help="What finds and follows faces: retinaface; yunet, for the smallest; or mediapipe, for "
        "mesh and blendshapes of faces taller than about an eighth of the frame's width."
    ),
]
TrackerModel = Annotated[
    Path | None,
    typer.Option(
        help="Model file of yunet (.onnx) or mediapipe (.task); the one that `srfer model fetch` "
        "got if not given.",
        parser=parse_path,
        metavar="PATH",
    ),
]
Landmarks = Annotated[
    bool, typer.Option("--landmarks", help="Write landmarks too; with mediapipe the mesh as well.")
]
Blendshapes = Annotated[
    bool, typer.Option("--blendshapes", help="Write blendshapes too (--tracker mediapipe).")
]
DetectPx = Annotated[
    int, typer.Option(help="Long side at which frames are searched for faces, in pixels.")
]
DataFile = Annotated[Path, typer.Option(help="Training data: see docs/data.md", show_default=False)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show where an error came from.")]
