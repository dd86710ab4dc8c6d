"""Facial expressions from video in real time, also where the face is tiny.

The front door: a model for face crops, and functions for pictures, videos and batches of them.

    import srfer

    model = srfer.load()                      # the shipped model on the best device of this machine
    model.classify([crop])                    # face crops of any size -> [Expression]
    srfer.read("picture.jpg")                 # one still picture -> FrameResult
    for result in srfer.analyze("clip.mp4"):  # every frame once, in order -> FrameResult
        print(result.faces)
    srfer.export(["clips/"], "out")           # complete files for every video -> ExportSummary
    srfer.results("out").to_pandas()          # what was exported, one row per face and frame
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from srfer.engines import Expression, Model, load
    from srfer.errors import SrferError
    from srfer.realtime import Face, FaceResult, Frame, FrameResult, Track, analyze, read
    from srfer.realtime.batch import export
    from srfer.realtime.results import results

__version__ = "0.1.0"

__all__ = [
    "Expression",
    "Face",
    "FaceResult",
    "Frame",
    "FrameResult",
    "Model",
    "SrferError",
    "Track",
    "__version__",
    "analyze",
    "export",
    "load",
    "read",
    "results",
]

if not (Path(__file__).parent / "engines").is_dir():
    # A checkout without symbolic links (Windows): the rooms lie beside this folder.
    __path__.append(str(Path(__file__).parent.parent))

_HOMES = {
    "Expression": "srfer.engines",
    "Model": "srfer.engines",
    "load": "srfer.engines",
    "export": "srfer.realtime.batch",
    "results": "srfer.realtime.results",
    "SrferError": "srfer.errors",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> object:
    # Looked up on first use, so that `import srfer` and `srfer --help` stay fast.
    if name not in __all__:
        raise AttributeError(f"module 'srfer' has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "srfer.realtime")), name)
