"""The tracker's thresholds, each with its unit."""

from __future__ import annotations

from dataclasses import dataclass, fields

from srfer.errors import ConfigError


@dataclass(frozen=True, slots=True)
class TrackerConfig:
    """How often to detect and what to believe. The defaults are for 15 to 60 frames a second.

    Attributes:
        detect_every_frames: the whole frame is searched every so many frames.
        whole_every_frames: where nothing changes beyond the people who are followed, a window round
            each face takes the place of that search, but for one in so many frames.
        recheck_every_frames: the whole frame is searched again after so many frames while a
            face waits to be confirmed or has just been lost.
        sure_from: score from which a detection confirms or recovers a track, 0..1. Weaker
            detections only keep a confirmed track alive.
        trusted_from: score from which a detection begins a track at once, 0..1. Less certain ones
            get a second look first.
        same_face_iou: overlap from which a sure detection continues a track.
        second_chance_iou: overlap from which a weak detection continues a track.
        detection_gain: how far a detection of score 1 pulls the face that motion has carried
            along, 0..1; less certain ones pull less. At 1 the box trembles with the detector.
        lost_for_s: how long a lost face may be recovered, in seconds of media time.
        max_faces: at most so many faces are followed at once; larger and surer ones come first.
        second_looks: at most so many enlarged windows are searched per detection: for followed
            faces that are too small for the search of the whole frame, and at doubtful new ones.
        second_look_below_px: followed faces that are smaller than this in the searched picture
            get a second look when they were not found.
        second_look_from: score from which a second look finds a followed face again, 0..1.
        tiles_per_search: between two searches of the whole frame, so many parts of it are searched
            for faces of 20 pixels, each in a frame of its own and only where something has changed;
            0 for none. Each costs at most as much as a search of the whole frame.
        verified_from: score from which a second look lets a doubtful face begin a track, 0..1.
    """

    detect_every_frames: int = 6
    whole_every_frames: int = 24
    recheck_every_frames: int = 2
    sure_from: float = 0.7
    trusted_from: float = 0.95
    same_face_iou: float = 0.2
    second_chance_iou: float = 0.4
    detection_gain: float = 0.5
    lost_for_s: float = 2.0
    max_faces: int = 64
    second_looks: int = 8
    second_look_below_px: float = 40.0
    second_look_from: float = 0.5
    verified_from: float = 0.85
    tiles_per_search: int = 2

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            is_share = field.name.endswith(("_from", "_iou", "_gain"))
            least = 1 if field.name.endswith(("_frames", "_faces", "_looks")) else 0
            most = 1 if is_share else float("inf")
            if not least <= value <= most:
                limits = f"lie between {least} and 1" if is_share else f"be at least {least}"
                raise ConfigError(f"tracker setting {field.name} must {limits}, not {value}")
