"""A report of one video for people to read: one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from srfer.engines import FACE_PX
from srfer.errors import SrferError

from ..crop import cut_out
from ..types import Face, FaceResult, Frame, FrameResult, RgbImage
from .atomic import write_text
from .material import Material, Quality, doubt_about, quality_of
from .report_page import Page, Thumbnail, render_page
from .timeline import Timeline

MEASURE_EVERY_FRAMES = 5
MOST_TRACKS = 100
"""So many faces have pictures and rows of their own; a crowd would make a page nobody can open."""

THUMBNAIL_PX = 72
_BETTER_BY = 1.02
_THUMBNAIL_MARGIN = 0.15


@dataclass(slots=True)
class _Seen:
    """What is remembered of one face."""

    material: Material = field(default_factory=Material)
    quality: Quality | None = None
    best: dict[str, tuple[float, Thumbnail]] = field(default_factory=dict)


class ReportSink:
    """Collects what a report says, and writes it when the video is over.

    Args:
        path: the file to make.
        timeline: a sink of the same run, entered before this one.
        title: name of the video.
        made_by: what made the results, in one line.
        has_pictures: shows faces.
        notes: gives, at the end, what is peculiar about the video.
    """

    name = "html"

    def __init__(
        self,
        path: Path,
        timeline: Timeline,
        title: str,
        made_by: str = "",
        *,
        has_pictures: bool = True,
        notes: Callable[[], Sequence[str]] = tuple,
    ) -> None:
        self.path = path
        self._timeline = timeline
        self._title = title
        self._made_by = made_by
        self._has_pictures = has_pictures
        self._notes = notes
        self._all = Material()
        self._seen: dict[int, _Seen] = {}
        self._frames = 0
        self._frames_with_face = 0
        self._size = (0, 0)

    def __enter__(self) -> Self:
        return self

    def write(self, result: FrameResult, /) -> None:
        """Look at the faces of a frame."""
        self._frames += 1
        self._frames_with_face += bool(result.faces)
        self._size = (result.frame.width, result.frame.height)
        for face in result.faces:
            seen = self._seen.setdefault(face.track.id, _Seen())
            if face.expression is not None and seen.material.frames % MEASURE_EVERY_FRAMES == 0:
                seen.quality = quality_of(cut_out(result.frame, face.track.face)[0])
                is_large = face.expression.native_px >= FACE_PX
                for material in (self._all, seen.material):
                    material.measure(seen.quality, is_large=is_large)
            doubt = doubt_about(face, seen.quality)
            for material in (self._all, seen.material):
                material.add(face, doubt)
            if self._has_pictures:
                self._picture(seen, face, result.frame)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timeline.finish()
        page = Page(
            title=self._title,
            made_by=self._made_by,
            size=self._size,
            frames=self._frames,
            frames_with_face=self._frames_with_face,
            timeline=self._timeline,
            material=self._all,
            by_track={number: seen.material for number, seen in self._seen.items()},
            thumbnails={
                number: [thumbnail for _, thumbnail in seen.best.values()]
                for number, seen in self._seen.items()
            },
            most_tracks=MOST_TRACKS,
            notes=self._notes(),
            # Errors that are not ours may hold anything.
            error=str(error) if isinstance(error, SrferError) else "",
        )
        write_text(self.path, render_page(page), is_complete=error is None)

    def _picture(self, seen: _Seen, face: FaceResult, frame: Frame) -> None:
        """Keep the clearest picture of each expression of the first faces."""
        expression = face.expression
        if expression is None or face.track.id > MOST_TRACKS:
            return
        score = expression.confidence * min(1.0, expression.native_px / FACE_PX)
        known = seen.best.get(expression.label)
        if known is not None and score < known[0] * _BETTER_BY:
            return
        thumbnail = Thumbnail(
            expression.label,
            expression.confidence,
            expression.native_px,
            frame.pts,
            _cut_out(frame.image, face.track.face),
        )
        seen.best[expression.label] = (score, thumbnail)


def _cut_out(image: RgbImage, face: Face) -> RgbImage:
    """The face and a little around it, (72, 72, 3); beyond the frame's border it is black."""
    x, y = face.box.center
    half = max(1.0, max(face.box.width, face.box.height) * (0.5 + _THUMBNAIL_MARGIN))
    left, top, side = round(x - half), round(y - half), round(2 * half)
    part = image[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    square = np.zeros((side, side, 3), np.uint8)
    down, across = max(0, -top), max(0, -left)
    square[down : down + part.shape[0], across : across + part.shape[1]] = part
    how = cv2.INTER_AREA if side > THUMBNAIL_PX else cv2.INTER_NEAREST
    return np.asarray(cv2.resize(square, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=how), np.uint8)
