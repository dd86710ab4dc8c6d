"""Pass one: everything that is kept of a video while it is analysed for the first time."""

from __future__ import annotations

from array import array
from types import TracebackType
from typing import Self

from ..tracking.glance import glance
from ..tracking.media_time import MediaTime
from ..tracking.scene import SceneWatch
from ..types import FrameResult, TrackState
from .appearance import appearance
from .fragments import Fragment, OpenFragment, Sighting
from .rows import RowFile, to_row


class Collector:
    """A sink that keeps a row of every face in every frame, and what the ends of tracks were like.

    In memory it keeps 8 bytes a frame, a few kilobytes a track, and its cuts.

    Args:
        rows: where the rows go.

    Attributes:
        rows: in the order of frames, then of tracks.
        times_s: media time of every frame, in seconds after the first; never falls.
        cuts: positions of the frames that begin another scene.
        fragments: the tracks, in the order in which they ended.
        failed_readings: by position, where there are any.
    """

    name = "collect"

    def __init__(self, rows: RowFile) -> None:
        self.rows = rows
        self.times_s = array("d")
        self.cuts: list[int] = []
        self.fragments: list[Fragment] = []
        self.failed_readings: dict[int, int] = {}
        self._open: dict[int, OpenFragment] = {}
        self._time = MediaTime()
        self._scene = SceneWatch()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for track in sorted(self._open):
            self._close(track)

    def write(self, result: FrameResult, /) -> None:
        """Keep the faces of a frame.

        Raises:
            ExportError: if the disk is full.
        """
        position = len(self.times_s)
        self._time.advance(result.frame)
        self.times_s.append(self._time.now_s)
        frame = result.frame
        if self._scene.is_cut(glance(frame.luma)):
            self.cuts.append(position)
        if result.failed_readings:
            self.failed_readings[position] = result.failed_readings
        for gone in sorted(self._open.keys() - {face.track.id for face in result.faces}):
            self._close(gone)
        for face in result.faces:
            track = face.track
            self.rows.append(to_row(position, track, face.expression, self.rows.kept))
            if track.state is TrackState.LOST:
                continue
            begun = self._open.get(track.id)
            if begun is None:
                begun = self._open[track.id] = OpenFragment(track.id)
            looks = appearance(frame.image, frame.luma.levels, track.face.box)
            sighting = Sighting(position, self._time.now_s, track.face.box, looks)
            begun.see(sighting, is_confirmed=track.state is TrackState.TRACKED)

    def _close(self, track: int) -> None:
        self.fragments.append(self._open.pop(track).closed())
