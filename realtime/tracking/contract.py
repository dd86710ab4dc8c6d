"""The contract that every tracker follows."""

from __future__ import annotations

from typing import Protocol

from ..stage import Part
from ..types import Frame, TrackedFrame


class Tracker(Part, Protocol):
    """A stage from the frames of one source, in order, to the faces in them.

    - A track's id is 1, 2, 3 ... in the order of appearance and never used twice. Entering the
      tracker again begins another source, and with it at 1.
    - NEW and TRACKED are seen in this frame; NEW until the face was detected a second time. LOST is
      not seen: its place is a guess, to be shown or remembered, not to be read. A track that is
      missing has ended for good, and what was kept for its id can be forgotten.
    - A scene cut, another picture size or a long gap ends every track.
    - Boxes are framed as RetinaFace's are, since the crop rule was chosen for those.
    - No clock is read but the frames' times: the same frames give the same tracks.
    """

    @property
    def name(self) -> str:
        """Short lower-case name of the stage, for timings."""
        ...

    def __call__(self, frame: Frame, /) -> TrackedFrame:
        """Follow the faces into the next frame of the source.

        Raises:
            EngineError: what finds the faces failed.
        """
        ...

    def remember(self) -> bytes:
        """See `srfer.realtime.stage.Remembering`."""
        ...

    def recall(self, memory: bytes, last: Frame) -> None:
        """See `srfer.realtime.stage.Remembering`."""
        ...
