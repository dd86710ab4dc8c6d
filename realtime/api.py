"""The Python front door: analyse a video, read a picture."""

from __future__ import annotations

import os
import time
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from srfer.engines import DEFAULT, Model, load
from srfer.errors import ConfigError, EngineError, ModelError

from .analysis import SMALLEST_PX, Analyzer
from .detection import Detector, open_detector
from .load import EffortDial
from .pipeline import Pipeline
from .refine import SecondLook
from .shared import SharedEngines
from .sources import LiveOptions, open_source, policy_for, read_picture
from .tracking import FaceTracker, Tracker, TrackerConfig, open_mediapipe
from .types import Frame, FrameResult

TRACKERS = ("retinaface", "yunet", "mediapipe")
VIDEO_SEARCH_PX = 640
STILL_SEARCH_PX = 1280
"""Long side at which frames and still pictures are searched; for a picture there is time to find
small faces."""
SEARCH_THREADS = 2
"""Of one video: following its faces is what its export waits for. Results are the same as with one.
"""


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """How frames are analysed.

    Attributes:
        tracker: what finds and follows faces: "retinaface", "yunet" or "mediapipe".
        tracker_model: model file of yunet or mediapipe; the fetched one if None.
        detect_px: long side at which frames are searched for faces, in pixels: smaller is
            faster, larger finds smaller faces. None is 640 for video, 1280 for a still picture.
        use_sr: False reads faces without super-resolution, for comparison.
        tracking: thresholds of the tracker.
        tracker_device: engine that runs the tracker's detector; if "", the model's where it can,
            else "cpu".
        min_face_px: faces smaller than this are followed but not read, in pixels; 6 or more, as
            nothing was ever measured below.
        tracker_threads: processor threads that one search for faces may use. None is 2 where a
            video has a detector of its own, 1 where several share one.
    """

    tracker: str = "retinaface"
    tracker_model: Path | None = None
    detect_px: int | None = None
    use_sr: bool = True
    tracking: TrackerConfig = field(default_factory=TrackerConfig)
    tracker_device: str = ""
    min_face_px: float = SMALLEST_PX
    tracker_threads: int | None = None

    def __post_init__(self) -> None:
        if not self.min_face_px >= SMALLEST_PX:
            raise ConfigError(
                f"min_face_px must be {SMALLEST_PX:g} or more, not {self.min_face_px:g}"
            )


def make_stages(
    model: Model,
    options: AnalysisOptions | None = None,
    *,
    is_still: bool = False,
    shared: SharedEngines | None = None,
    dial: EffortDial | None = None,
) -> tuple[Tracker, Analyzer]:
    """Make the stages that turn one source's frames into results.

    Args:
        model: loaded; may be shared by many sources.
        options: how to analyse; the defaults if None.
        is_still: True for a single picture, which is searched more finely.
        shared: networks that this source shares with others, from `share_engines` with the same
            model and options; its own if None.
        dial: how much is done for a frame; everything if None.

    Raises:
        ConfigError: if an option has an impossible value, or MediaPipe is not installed.
        ModelError: if the tracker's model cannot be used.
        EngineError: if the tracker's device cannot be used.
    """
    options = options or AnalysisOptions()
    priority = 0 if dial is None else dial.priority
    reader = model if shared is None else shared.reader(priority)
    return (
        _make_tracker(model, options, is_still=is_still, shared=shared, dial=dial),
        Analyzer(reader, use_sr=options.use_sr, dial=dial, min_face_px=options.min_face_px),
    )


def make_second_look(
    model: Model, options: AnalysisOptions | None = None, *, shared: SharedEngines | None = None
) -> SecondLook:
    """Make what one video's faces are looked for and read with once more, when it is refined.

    MediaPipe follows the faces of a whole video and searches no windows, so with it RetinaFace
    looks again; their boxes are framed alike.

    Args:
        model: loaded; may be shared by many videos.
        options: as for `make_stages`.
        shared: as for `make_stages`.

    Raises:
        ConfigError: if an option has an impossible value.
        ModelError: if the tracker's model cannot be used.
        EngineError: if the tracker's device cannot be used.
    """
    options = options or AnalysisOptions()
    if options.tracker == "mediapipe":
        detector = _make_detector(model, replace(options, tracker="retinaface", tracker_model=None))
    else:
        detector = _make_detector(model, options) if shared is None else shared.detector()
    reader = model if shared is None else shared.reader()
    return SecondLook(detector, reader, options.use_sr, options.min_face_px)


def share_engines(model: Model, options: AnalysisOptions | None = None) -> SharedEngines:
    """Make what streams that are analysed side by side share; enter it before they start.

    MediaPipe follows one video at a time: with it, streams share the model only.

    Raises:
        ConfigError: if an option has an impossible value.
        ModelError: if the tracker's model cannot be used.
        EngineError: if the tracker's device cannot be used.
    """
    options = options or AnalysisOptions()
    if options.tracker == "mediapipe":
        return SharedEngines(model, None)
    if options.tracker_threads is None:
        options = replace(options, tracker_threads=1)
    return SharedEngines(model, _make_detector(model, options))


def _make_tracker(
    model: Model,
    options: AnalysisOptions,
    *,
    is_still: bool,
    shared: SharedEngines | None,
    dial: EffortDial | None,
) -> Tracker:
    if options.tracker == "mediapipe":
        return open_mediapipe(
            options.tracker_model,
            detect_px=_detect_px(options, is_still=is_still),
            config=options.tracking,
        )
    if shared is not None:
        detector = shared.detector(0 if dial is None else dial.priority)
    else:
        detector = _make_detector(model, options, is_still=is_still)
    return FaceTracker(detector, options.tracking, dial)


def _make_detector(model: Model, options: AnalysisOptions, *, is_still: bool = False) -> Detector:
    """The detector of the options, on the model's device where it can run there."""
    if options.tracker not in TRACKERS:
        raise ConfigError(f"unknown tracker {options.tracker!r}: choose {', '.join(TRACKERS)}")
    first = options.tracker_device or model.device
    open_on = partial(
        open_detector,
        options.tracker,
        model=options.tracker_model,
        detect_px=_detect_px(options, is_still=is_still),
        threads=SEARCH_THREADS if options.tracker_threads is None else options.tracker_threads,
    )
    try:
        return open_on(device=first)
    except (EngineError, ModelError):
        if options.tracker_device or first == "cpu":
            raise
        return open_on(device="cpu")


def _detect_px(options: AnalysisOptions, *, is_still: bool) -> int:
    usual_px = STILL_SEARCH_PX if is_still else VIDEO_SEARCH_PX
    return usual_px if options.detect_px is None else options.detect_px


def describe_settings(model: Model, options: AnalysisOptions) -> dict[str, Any]:
    """What decides about the results, as plain JSON types: for manifests."""
    return {
        "model": model.description,
        "model_sha256": model.sha256,
        "tracker": options.tracker,
        "tracker_model": options.tracker_model.name if options.tracker_model else None,
        "detect_px": options.detect_px or VIDEO_SEARCH_PX,
        "use_sr": options.use_sr,
        "max_faces": options.tracking.max_faces,
        "min_face_px": options.min_face_px,
    }


def analyze(
    source: str | os.PathLike[str],
    *,
    model: Model | str | Path = DEFAULT,
    options: AnalysisOptions | None = None,
    live: LiveOptions | None = None,
) -> Generator[FrameResult, None, None]:
    """Analyse a video: every frame once, in order, while the next ones are being worked on.

    Of a stream, the newest frame is analysed and those that come meanwhile are dropped. A stream
    that is lost is opened again; it ends only where the generator is closed, or after
    `LiveOptions.max_retries`.

    Leaving the generator early (or closing it) stops the work and leaves no thread behind.

    Args:
        source: path of a video or picture, or the address of a stream.
        model: a loaded model, or what `srfer.load` takes.
        options: how to analyse; the defaults if None.
        live: how a stream is opened and kept; the defaults if None.

    Yields:
        One result per frame.

    Raises (when the first result is asked for):
        ConfigError: if an option has an impossible value, or `source` is an impossible address.
        SourceError: if the file cannot be read, or breaks off (after the results before that); if a
            stream is given up.
        ModelError: if the model cannot be used.
        EngineError: if the runtime fails.
    """
    stages = make_stages(_loaded(model), options)
    frames = open_source(os.fspath(source), live)
    yield from Pipeline(frames, stages, policy=policy_for(frames)).results()


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
        options: how to analyse; the defaults if None.

    Raises:
        ConfigError: if the array has another shape or type.
        SourceError: if the file cannot be read.
        ModelError: if the model cannot be used.
        EngineError: if the runtime fails.
    """
    if isinstance(picture, np.ndarray):
        try:
            frame = Frame("array", 0, time.monotonic(), None, picture.copy())
        except ValueError as error:
            raise ConfigError(str(error)) from None
    else:
        frame = read_picture(picture)
    track, analyse = make_stages(_loaded(model), options, is_still=True)
    with track, analyse:
        return analyse(track(frame))


def _loaded(model: Model | str | Path) -> Model:
    return model if isinstance(model, Model) else load(model)
