"""The Python front door: analyse a video, read a picture."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.engines import DEFAULT, Model, load
from srfer.errors import ConfigError

from .analysis import Analyzer
from .detection import open_detector
from .pipeline import Pipeline
from .sources import open_source, read_picture
from .stage import Stage
from .tracking import FaceTracker, TrackerConfig
from .types import Frame, FrameResult

STILL_SEARCH_PX = 1280
"""Long side at which still pictures are searched: there is time to find small faces."""


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """How frames are analysed.

    Attributes:
        detector: "retinaface", or the path of a YuNet model.
        detect_px: long side at which frames are searched for faces, in pixels: smaller is
            faster, larger finds smaller faces.
        use_sr: False reads faces without super-resolution, for comparison.
        tracker: thresholds of the tracker.
    """

    detector: str | Path = "retinaface"
    detect_px: int = 640
    use_sr: bool = True
    tracker: TrackerConfig = field(default_factory=TrackerConfig)


def make_stages(
    model: Model, options: AnalysisOptions | None = None
) -> tuple[Stage[Any, Any], Stage[Any, Any]]:
    """Make the stages that turn one source's frames into results.

    Args:
        model: loaded; may be shared by many sources.
        options: how to analyse; the defaults if None.

    Raises:
        ConfigError: if an option has an impossible value.
        ModelError: if the detector's model cannot be used.
    """
    options = options or AnalysisOptions()
    detector = open_detector(options.detector, input_px=options.detect_px)
    return FaceTracker(detector, options.tracker), Analyzer(model, use_sr=options.use_sr)


def analyze(
    source: str | os.PathLike[str],
    *,
    model: Model | str | Path = DEFAULT,
    options: AnalysisOptions | None = None,
) -> Generator[FrameResult, None, None]:
    """Analyse a video: every frame once, in order, while the next ones are being worked on.

    Leaving the generator early (or closing it) stops the work and leaves no thread behind.

    Args:
        source: path of a video or picture.
        model: a loaded model, or what `srfer.load` takes.
        options: how to analyse; the defaults if None.

    Yields:
        One result per frame.

    Raises:
        SourceError: if the file cannot be read, or breaks off (after the results before that).
        ModelError: if the model cannot be used.
        EngineError: if the runtime fails.
    """
    loaded = model if isinstance(model, Model) else load(model)
    stages = make_stages(loaded, options)
    yield from Pipeline(open_source(os.fspath(source)), stages).results()


def read(
    picture: str | os.PathLike[str] | NDArray[np.uint8],
    *,
    model: Model | str | Path = DEFAULT,
    options: AnalysisOptions | None = None,
) -> FrameResult:
    """Find and read the faces in one still picture.

    Args:
        picture: path of a picture, or (H, W, 3) uint8 RGB.
        model: a loaded model, or what `srfer.load` takes.
        options: how to analyse; the defaults, but with a finer search, if None.

    Raises:
        ConfigError: if the array has another shape or type.
        SourceError: if the file cannot be read.
        ModelError: if the model cannot be used.
        EngineError: if the runtime fails.
    """
    options = options or AnalysisOptions(detect_px=STILL_SEARCH_PX)
    if isinstance(picture, np.ndarray):
        try:
            frame = Frame("array", 0, time.monotonic(), None, picture.copy())
        except ValueError as error:
            raise ConfigError(str(error)) from None
    else:
        frame = read_picture(picture)
    loaded = model if isinstance(model, Model) else load(model)
    track, analyse = make_stages(loaded, options)
    with track, analyse:
        result: FrameResult = analyse(track(frame))
    return result
