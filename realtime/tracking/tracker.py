"""The tracking stage: from frames to faces that keep their number.

The whole frame is searched every few frames only; in between optical flow carries each face along.
Detections join tracks as in ByteTrack (Zhang et al. 2022): first the sure ones, with the faces that
are seen and then with those that were lost; last the weak ones, which only keep a face alive. In
between, faces too small for the search of the whole frame are looked for in enlarged windows where
they are expected, and in tiles of the frame where something has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..detection import Detector
from ..load import EffortDial
from ..memory import from_bytes, to_bytes
from ..types import Face, Frame, TrackedFrame
from .association import assign, iou, left_over, nearness
from .config import TrackerConfig
from .first_look import look_at_all
from .flow import follow
from .glance import Glance, glance
from .media_time import MediaTime
from .memory import TrackerMemory
from .scene import SceneWatch
from .schedule import Search, SearchSchedule
from .second_look import FOLLOWED_IN_WINDOW_PX, WINDOW_PX, look_again
from .target import Target
from .tiles import TileRound

NEAR_FROM = 0.01
"""Any nearness above 0 will do: the reach is the limit."""
TAKEN_FROM_IOU = 0.3
"""A face that overlaps a seen one this much is not another face."""
MOST_IN_WINDOWS = 0.5
"""Share of the searched picture's pixels up to which windows take its place."""
SAME_PLACE_IOU = 0.3
"""Overlap from which a second look confirms what the first saw; sizes at the limit are rough."""


class FaceTracker:
    """A stage that follows every face of a source; it reads no clock but the frames' times.

    A frame's tracks are those NEW or TRACKED, which are seen now, and those LOST, which are not
    seen but may come back: their place is a guess, to be shown or remembered, not to be read. A
    track that is missing has ended for good, and what was kept for its id can be forgotten.

    A scene cut or another picture size ends every track: places in the old picture mean nothing in
    the new one. So does a gap longer than `lost_for_s`.
    """

    name = "track"

    _targets: list[Target]
    _luma: NDArray[np.uint8]
    _seen: Glance
    _schedule: SearchSchedule
    _tiles: TileRound

    def __init__(
        self,
        detector: Detector,
        config: TrackerConfig | None = None,
        dial: EffortDial | None = None,
    ) -> None:
        """Make a tracker; entering it opens the detector, leaving it closes the detector.

        Args:
            detector: a detector that is not open yet. The lowest score it reports is the lowest
                that keeps a track alive.
            config: thresholds; the default ones if None.
            dial: how often the whole frame is searched; as `config` says if None.
        """
        self._detector = detector
        self._config = config or TrackerConfig()
        self._dial = dial or EffortDial()
        self._reset()

    def __enter__(self) -> Self:
        self._reset()
        self._detector.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._detector.__exit__(kind, error, traceback)

    def __call__(self, frame: Frame) -> TrackedFrame:
        """Follow the faces into the next frame of the source.

        Raises:
            EngineError: the detector failed.
        """
        luma = frame.luma.levels
        dt_s = self._time.advance(frame)
        self._seen = glance(frame.luma)
        is_cut = self._scene.is_cut(self._seen) or luma.shape != self._luma.shape
        if is_cut or dt_s > self._config.lost_for_s:
            self._targets.clear()
            self._tiles.restart()
            self._schedule.restart()
        self._forget()
        for target in self._targets:
            target.predict(dt_s)
        self._carry(luma)
        match self._due():
            case Search.WHOLE:
                self._search(frame)
            case Search.WINDOWS:
                self._search_windows(frame)
            case Search.TILE:
                self._search_tile(frame)
        return TrackedFrame(frame, tuple(target.snapshot for target in self._targets))

    def remember(self) -> bytes:
        """See `srfer.realtime.stage.Remembering`."""
        memory = TrackerMemory(
            self._targets,
            self._next_number,
            self._time,
            self._scene,
            self._schedule.memory,
            self._tiles.remember(),
            self._is_in_doubt,
            self._has_strangers,
        )
        return to_bytes(memory)

    def recall(self, memory: bytes, last: Frame) -> None:
        """See `srfer.realtime.stage.Remembering`."""
        known = from_bytes(memory, TrackerMemory)
        self._targets, self._next_number = known.targets, known.next_number
        self._time, self._scene = known.time, known.scene
        self._schedule.memory = known.schedule
        self._tiles.recall(known.tiles)
        self._is_in_doubt, self._has_strangers = known.is_in_doubt, known.has_strangers
        self._luma = last.luma.levels

    def _reset(self) -> None:
        self._targets = []
        self._next_number = 1
        self._time = MediaTime()
        self._scene = SceneWatch()
        self._luma = np.empty((0, 0), np.uint8)
        self._seen = np.empty((0, 0), np.uint8)
        self._schedule = SearchSchedule(self._config, self._dial)
        self._tiles = TileRound(
            detect_px=self._detector.detect_px, least_face_px=self._detector.least_face_px
        )
        self._is_in_doubt = False
        self._has_strangers = False

    def _forget(self) -> None:
        """End the tracks that were not seen for too long, and keep the lost ones few."""
        since_s = self._time.now_s - self._config.lost_for_s
        recent = [target for target in self._targets if target.seen_s >= since_s]
        lost = sorted((t.seen_s, t.number) for t in recent if not t.is_seen)
        surplus = {number for _, number in lost[: max(0, len(lost) - self._config.max_faces)]}
        self._targets = [target for target in recent if target.number not in surplus]

    def _carry(self, luma: NDArray[np.uint8]) -> None:
        """Move every face along with the picture; lose those whose motion cannot be told."""
        before, self._luma = self._luma, luma
        for target in self._targets:
            if target.is_seen:
                motion = follow(before, luma, target.face, target.predicted.center)
                if motion is not None and target.carry(motion, luma, self._time.now_s):
                    continue
                self._is_in_doubt = True
            target.lose(self._time.now_s)

    def _due(self) -> Search:
        """What is to be searched in this frame."""
        searched_at = min(1.0, self._detector.detect_px / max(self._luma.shape))
        window_share = (WINDOW_PX / searched_at) ** 2 / self._luma.size
        are_few = len(self._targets) * window_share <= MOST_IN_WINDOWS
        return self._schedule.next(
            self._seen,
            [target.face.box for target in self._targets if target.is_seen],
            is_in_doubt=self._is_in_doubt,
            do_windows=are_few
            and not self._has_strangers
            and all(target.is_seen and target.is_confirmed for target in self._targets),
        )

    def _search_windows(self, frame: Frame) -> None:
        """Search round each face; the whole frame comes next where that does not settle it."""
        boxes = [target.face.box for target in self._targets]
        windows = look_again(self._detector, frame, boxes, FOLLOWED_IN_WINDOW_PX)
        for target, shown in zip(self._targets, windows, strict=True):
            face = self._best(target, shown)
            if face is None:
                self._schedule.restart()
            else:
                self._found(target, face)
        if self._unclaimed([face for faces in windows for face in faces]):
            self._schedule.restart()

    def _search_tile(self, frame: Frame) -> None:
        """Search a part of a large frame for faces that are too small for the whole one.

        What is found continues tracks or begins them. What is not found says nothing: the search of
        the whole frame decides about that, with its second looks.
        """
        seen = [target for target in self._targets if target.is_seen]
        lost = [target for target in self._targets if not target.is_seen]
        known = [target.face.box for target in seen]
        tile = self._tiles.choose(self._luma.shape, self._seen, self._time.now_s, known)
        if tile is None:
            return
        (shown,) = self._detector.detect([tile.cut_out(frame)])
        found = [tile.to_frame(face) for face in shown]
        whole = [f for f in found if tile.is_whole(f, frame) and f.score >= self._config.sure_from]
        # A face that the tile cuts in two is a hint, as a doubtful one is: a second look decides.
        weak = self._most_important([doubted(f, self._config) for f in found if f not in whole])
        sure = self._most_important(whole)
        _, sure = self._continue(seen, sure, self._config.same_face_iou)
        lost, sure = self._recover(lost, sure)
        _, _, verified = self._look_again(frame, [], [], sure, weak)
        _, verified = self._recover(lost, verified)
        trusted = [face for face in sure if face.score >= self._config.trusted_from]
        self._begin(trusted + verified)
        self._tiles.settle(is_settled=not self._unclaimed(found))

    def _search(self, frame: Frame) -> None:
        """Search the whole frame and bring tracks and detections together."""
        found = look_at_all(self._detector, frame)
        sure = self._most_important([f for f in found if f.score >= self._config.sure_from])
        weak = self._most_important([f for f in found if f.score < self._config.sure_from])
        seen = [target for target in self._targets if target.is_seen]
        lost = [target for target in self._targets if not target.is_seen]
        missed, sure = self._continue(seen, sure, self._config.same_face_iou)
        lost, sure = self._recover(lost, sure)
        missed, waiting = self._let_wait(missed, weak)
        missed, lost, verified = self._look_again(frame, missed, lost, sure, weak)
        missed = [target for target in missed if target.is_confirmed]
        missed, _ = self._continue(missed, weak, self._config.second_chance_iou)
        lost, verified = self._recover(lost, verified)
        trusted = [face for face in sure if face.score >= self._config.trusted_from]
        self._targets = [t for t in self._targets if t.is_confirmed or t in waiting]
        self._is_in_doubt = bool(missed)
        for target in missed + lost:
            target.lose(self._time.now_s)
        self._begin(trusted + verified)
        self._has_strangers = bool(self._unclaimed(found))

    def _most_important(self, faces: list[Face]) -> list[Face]:
        """At most `max_faces` of the faces: the larger and surer ones."""
        if len(faces) <= self._config.max_faces:
            return faces
        ranked = sorted(faces, key=lambda face: -face.score * face.box.width * face.box.height)
        return ranked[: self._config.max_faces]

    def _continue(
        self, targets: list[Target], faces: list[Face], least_iou: float
    ) -> tuple[list[Target], list[Face]]:
        """Join seen targets and detections by overlap; returns what is left of both."""
        likeness = iou([target.face.box for target in targets], [face.box for face in faces])
        return self._join(targets, faces, assign(likeness, at_least=least_iou))

    def _recover(self, targets: list[Target], faces: list[Face]) -> tuple[list[Target], list[Face]]:
        """Join lost targets and detections by nearness; returns what is left of both."""
        likeness = nearness(
            [target.predicted for target in targets],
            [target.reach_px for target in targets],
            [face.box for face in faces],
        )
        return self._join(targets, faces, assign(likeness, at_least=NEAR_FROM))

    def _join(
        self, targets: list[Target], faces: list[Face], pairs: Sequence[tuple[int, int]]
    ) -> tuple[list[Target], list[Face]]:
        for row, column in pairs:
            self._found(targets[row], faces[column])
        return left_over(targets, faces, pairs)

    def _found(self, target: Target, face: Face) -> None:
        # A weak detection is less exact, so it pulls less.
        gain = self._config.detection_gain * face.score
        target.find(face, self._luma, self._time.now_s, gain=gain)

    def _look_again(
        self,
        frame: Frame,
        missed: list[Target],
        lost: list[Target],
        sure: list[Face],
        weak: list[Face],
    ) -> tuple[list[Target], list[Target], list[Face]]:
        """Search enlarged windows: for small faces not found, and at doubtful new ones.

        Returns:
            What is left of `missed` and of `lost`, and the new faces that proved to be faces.
        """
        wanted: list[Target | Face] = []
        held = [t for t in missed if self._is_held(t, weak)]
        most_px = self._small_px
        wanted += [t for t in missed if t.side_px < most_px and t not in held]
        wanted += [f for f in self._unclaimed(sure + weak) if f.score < self._config.trusted_from]
        # What comes last would do without where there is more than the budget allows.
        wanted += [t for t in sorted(lost, key=lambda t: -t.seen_s) if t.side_px < most_px]
        wanted += [t for t in held if t.side_px < most_px]
        wanted = wanted[: self._config.second_looks]
        boxes = [item.face.box if isinstance(item, Target) else item.box for item in wanted]
        windows = look_again(self._detector, frame, boxes)
        found, verified = set(), []
        for item, shown in zip(wanted, windows, strict=True):
            if isinstance(item, Face):
                verified += self._same(item, shown)
            elif (face := self._best(item, shown)) is not None:
                self._found(item, face)
                found.add(item.number)
        return (
            [target for target in missed if target.number not in found],
            [target for target in lost if target.number not in found],
            verified,
        )

    def _let_wait(
        self, missed: list[Target], weak: Sequence[Face]
    ) -> tuple[list[Target], list[Target]]:
        """Those of `missed` that are decided about now, and those for whom there is no second look.

        The search of the whole frame cannot see small faces, so that it missed them says nothing.
        Those whose last detection is oldest have their second look first; the others are carried
        along by motion until it is their turn.
        """
        small = [t for t in missed if t.side_px < self._small_px and not self._is_held(t, weak)]
        small.sort(key=lambda target: (target.is_confirmed, target.detected_s))
        oldest_s = self._time.now_s - self._config.lost_for_s
        waiting = [t for t in small[self._config.second_looks :] if t.detected_s >= oldest_s]
        return [target for target in missed if target not in waiting], waiting

    @property
    def _small_px(self) -> float:
        """Faces below this size, in pixels of the frame, get second looks."""
        searched_at: float = min(1.0, self._detector.detect_px / max(self._luma.shape))
        return self._config.second_look_below_px / searched_at

    def _is_held(self, target: Target, weak: Sequence[Face]) -> bool:
        """True if a weak detection would keep the target alive, though less exactly."""
        if not target.is_confirmed:
            return False
        likeness = iou([target.face.box], [face.box for face in weak])
        return bool((likeness >= self._config.second_chance_iou).any())

    def _same(self, doubtful: Face, shown: Sequence[Face]) -> list[Face]:
        """The face in a window that bears out a doubtful detection, if any."""
        return [
            face
            for face in shown
            if face.score >= self._config.verified_from
            and iou([face.box], [doubtful.box])[0, 0] >= SAME_PLACE_IOU
        ][:1]

    def _unclaimed(self, faces: Sequence[Face]) -> list[Face]:
        """The faces that lie on no face which is seen already."""
        seen = [target.face.box for target in self._targets if target.is_seen]
        return [f for f in faces if not (iou([f.box], seen) >= TAKEN_FROM_IOU).any()]

    def _best(self, target: Target, faces: Sequence[Face]) -> Face | None:
        """The face in a window that is the target's, if any."""
        others = [t.face.box for t in self._targets if t.is_seen and t is not target]
        sure = [
            face
            for face in faces
            if face.score >= self._config.second_look_from
            and not (iou([face.box], others) >= TAKEN_FROM_IOU).any()
        ]
        near = nearness([target.face.box], [target.reach_px], [face.box for face in sure])
        pairs = assign(near, at_least=NEAR_FROM)
        return sure[pairs[0][1]] if pairs else None

    def _begin(self, faces: Sequence[Face]) -> None:
        """Start tracks at detections that belong to none, while there is room."""
        room = self._config.max_faces - sum(target.is_seen for target in self._targets)
        for face in faces:
            # Asked again for each: two windows may have shown the same new face.
            if room <= 0 or not self._unclaimed([face]):
                continue
            number, now_s = self._next_number, self._time.now_s
            self._targets.append(Target.begin(number, face, self._luma, now_s))
            self._next_number += 1
            self._is_in_doubt = True
            room -= 1


def doubted(face: Face, config: TrackerConfig) -> Face:
    """The face with a score that needs a second look."""
    return replace(face, score=min(face.score, config.sure_from))
