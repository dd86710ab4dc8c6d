"""What the tracker makes of detections, in a toy world where every decision can be staged.

In it a face is a bright patch, and the detector's score is how bright it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from types import TracebackType
from typing import Any, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from srfer.realtime.tracking import FaceTracker, TrackerConfig
from srfer.realtime.types import Box, Face, Frame, RgbImage, Track, TrackState

NEW, TRACKED, LOST = TrackState.NEW, TrackState.TRACKED, TrackState.LOST
WIDTH, HEIGHT, SIDE = 320, 240, 40
RANDOM = np.random.default_rng(11)
BACKGROUND = cv2.resize(
    RANDOM.uniform(0, 60, (HEIGHT // 8, WIDTH // 8)).astype(np.float32), (WIDTH, HEIGHT)
)
PATTERN = RANDOM.uniform(-20, 20, (7, 7)).astype(np.float32)

Patch = tuple[float, float, float]
"""Middle x, middle y and brightness 0..1 of a patch."""


class BrightPatches:
    """A detector for the toy world.

    Attributes:
        searches: how many whole frames were searched.
        windows: how many enlarged windows were searched.
    """

    name = "bright"
    least_face_px = 8.0

    def __init__(self, detect_px: int = WIDTH, score_from: float = 0.3) -> None:
        self.detect_px = detect_px
        self._score_from = score_from
        self.searches = self.windows = 0
        self.is_open = False

    def __enter__(self) -> Self:
        self.is_open = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.is_open = False

    def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
        assert self.is_open
        if len(images) == 1 and images[0].shape[1] == WIDTH:
            self.searches += 1
        else:
            self.windows += len(images)
        return [self._detect(image) for image in images]

    def _detect(self, image: RgbImage) -> tuple[Face, ...]:
        gray = cv2.GaussianBlur(image[..., 0], (5, 5), 0)
        count, _, stats, _ = cv2.connectedComponentsWithStats((gray > 64).astype(np.uint8))
        faces = []
        for left, top, width, height, area in stats[1:count]:
            inside = image[top + height // 4 :, left + width // 4 :][: height // 2, : width // 2]
            score = float(inside.mean()) / 255 if area > 50 else 0.0
            if score >= self._score_from:
                box = Box(float(left), float(top), float(left + width), float(top + height))
                faces.append(Face(box, score))
        return tuple(sorted(faces, key=lambda face: -face.score))


def picture(*patches: Patch) -> NDArray[np.uint8]:
    image = BACKGROUND.copy()
    for x, y, bright in patches:
        look = cv2.resize(PATTERN, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        look += bright * 255 - look.mean()
        move = np.array([[1, 0, x - SIDE / 2], [0, 1, y - SIDE / 2]], np.float32)
        mask = cv2.warpAffine(np.ones_like(look), move, (WIDTH, HEIGHT))
        image = image * (1 - mask) + cv2.warpAffine(look, move, (WIDTH, HEIGHT)) * mask
    gray = np.clip(image, 0, 255).astype(np.uint8)
    return np.repeat(gray[..., None], 3, axis=2)


class Film:
    """Runs pictures through a tracker, 30 a second."""

    def __init__(self, detector: BrightPatches | None = None, **settings: Any) -> None:
        self.detector = detector or BrightPatches()
        config = TrackerConfig(**settings)
        self.tracker = FaceTracker(self.detector, config)
        self._index = 0

    def __enter__(self) -> Self:
        self.tracker.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self.tracker.__exit__(None, None, None)

    def show(self, *patches: Patch, times: int = 1) -> tuple[Track, ...]:
        image = picture(*patches)
        for _ in range(times):
            frame = Frame("toy", self._index, 0.0, Fraction(self._index, 30), image)
            tracks = self.tracker(frame).tracks
            self._index += 1
        return tracks


def states(tracks: Sequence[Track]) -> dict[int, TrackState]:
    return {track.id: track.state for track in tracks}


def test_a_face_is_new_until_a_second_detection() -> None:
    with Film() as film:
        assert states(film.show((100, 100, 0.97))) == {1: NEW}
        assert states(film.show((101, 100, 0.97))) == {1: NEW}
        tracks = film.show((102, 100, 0.97))
    assert states(tracks) == {1: TRACKED}
    assert tracks[0].age == 2
    np.testing.assert_allclose(tracks[0].face.box.center, (102, 100), atol=1)


def test_what_is_gone_at_the_second_detection_was_no_face() -> None:
    with Film() as film:
        film.show((100, 100, 0.97))
        assert film.show(times=2) == ()
        assert states(film.show((250, 100, 0.97), times=20)) == {2: TRACKED}


def test_the_whole_frame_is_searched_now_and_then_and_when_in_doubt() -> None:
    with Film(detect_every_frames=5, recheck_every_frames=2) as film:
        searches = []
        for i in range(14):
            film.show((100 + i, 100, 0.97), (200 + i, 100, 0.97))
            searches.append(film.detector.searches)
        assert np.flatnonzero(np.diff(searches, prepend=0)).tolist() == [0, 2, 7, 12]
        # Gone in frame 14: noticed by its motion, and searched for at once.
        for _ in range(14, 25):
            film.show()
            searches.append(film.detector.searches)
        assert np.flatnonzero(np.diff(searches, prepend=0)).tolist()[4:] == [14, 19, 24]


def test_windows_take_the_place_of_the_whole_frame_where_nothing_else_happens() -> None:
    with Film(whole_every_frames=12) as film:
        searches, windows = [], []
        for i in range(60):
            tracks = film.show((100 + i / 4, 100, 0.97))
            searches.append(film.detector.searches)
            windows.append(film.detector.windows)
        # Each sixth frame has its search; beyond the window nothing moves.
        assert np.flatnonzero(np.diff(searches, prepend=0)).tolist() == [0, 2, 50]
        assert np.flatnonzero(np.diff(windows, prepend=0)).tolist() == [
            8,
            14,
            20,
            26,
            32,
            38,
            44,
            56,
        ]
        np.testing.assert_allclose(tracks[0].face.box.center, (114.75, 100), atol=2)
        # Somebody else comes: the next search is of the whole frame.
        assert len(film.show((115, 100, 0.97), (280, 200, 0.97), times=6)) == 2


def test_where_something_happens_all_the_time_every_other_search_is_of_the_whole_frame() -> None:
    with Film() as film:
        film.show((100, 100, 0.97), times=9)
        searches = [film.detector.searches]
        for i in range(36):  # beyond the person, something moves that is no face
            film.show((100, 100, 0.97), (200 + 3 * i, 200, 0.1))
            searches.append(film.detector.searches)
        assert np.flatnonzero(np.diff(searches)).tolist() == [5, 17, 29]
        assert film.detector.windows == 4


def test_a_face_that_its_window_does_not_show_is_searched_for_everywhere() -> None:
    class Blind(BrightPatches):
        def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
            found = super().detect(images)
            return found if images[0].shape[1] == WIDTH else [()] * len(images)

    with Film(Blind()) as film:
        tracks = film.show((100, 100, 0.97), times=40)
        assert states(tracks) == {1: TRACKED}
        assert film.detector.windows == 5
        assert film.detector.searches == 2 + 5


def test_what_may_be_a_face_is_looked_at_again_though_nothing_changes() -> None:
    with Film(verified_from=0.99) as film:
        assert film.show((100, 100, 0.97), (250, 100, 0.5), times=4)[0].state is TRACKED
        searches = film.detector.searches
        film.show((100, 100, 0.97), (250, 100, 0.5), times=12)
        assert film.detector.searches == searches + 2


def test_motion_carries_faces_between_detections() -> None:
    with Film(detect_every_frames=100) as film:
        for i in range(25):
            tracks = film.show((60 + 3 * i, 100 + i, 0.97))
            if i > 3:
                np.testing.assert_allclose(tracks[0].face.box.center, (60 + 3 * i, 100 + i), atol=3)
    assert states(tracks) == {1: TRACKED}
    assert film.detector.searches == 2


def test_weak_detections_keep_a_track_alive_but_begin_none() -> None:
    with Film(second_looks=1, verified_from=0.9) as film:
        film.show((100, 100, 0.97), times=3)
        for i in range(30):
            tracks = film.show((100, 100, 0.97 - 0.015 * i), (250, 100, 0.5))
        assert states(tracks) == {1: TRACKED}
        assert tracks[0].face.score < 0.6
        assert states(film.show((100, 100, 0.55), (250, 100, 0.5), times=20)) == {1: TRACKED}


def test_a_doubtful_face_begins_a_track_if_a_second_look_agrees() -> None:
    # 0.8 is sure but not trusted; the patch is as bright in the window as in the frame.
    with Film(trusted_from=0.95, verified_from=0.7) as film:
        tracks = film.show((100, 100, 0.8))
        assert states(tracks) == {1: NEW}
        assert film.detector.windows == 1
        assert {type(edge) for edge in tracks[0].face.box} == {float}
    with Film(trusted_from=0.95, verified_from=0.9) as film:
        assert film.show((100, 100, 0.8), times=20) == ()
    with Film(trusted_from=0.75) as film:
        assert states(film.show((100, 100, 0.8))) == {1: NEW}
        assert film.detector.windows == 0


def test_a_face_that_two_windows_show_begins_one_track() -> None:
    class SeeingDouble(BrightPatches):
        def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
            found = super().detect(images)
            if images[0].shape[1] != WIDTH:
                return found
            return [tuple(moved(face, x) for face in found[0] for x in (-9.0, 9.0))]

    def moved(face: Face, x: float) -> Face:
        left, top, right, bottom = face.box
        return Face(Box(left + x, top, right + x, bottom), face.score)

    with Film(SeeingDouble(), verified_from=0.7) as film:
        (track,) = film.show((100, 100, 0.9))
        assert film.detector.windows == 2
    np.testing.assert_allclose(track.face.box.center, (100, 100), atol=2)


def test_a_weak_detection_does_not_bring_back_what_is_lost() -> None:
    with Film(verified_from=0.9) as film:
        film.show((100, 100, 0.97), times=4)
        assert states(film.show(times=4)) == {1: LOST}
        assert states(film.show((100, 100, 0.5), times=12)) == {1: LOST}
        assert states(film.show((100, 100, 0.97), times=8)) == {1: TRACKED}


def test_a_small_face_that_the_frame_search_misses_gets_a_second_look() -> None:
    class Shortsighted(BrightPatches):
        def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
            found = super().detect(images)
            if self.searches > 2 and images[0].shape[1] == WIDTH:
                return [()]
            return found

    with Film(Shortsighted(), second_look_below_px=60.0) as film:
        for i in range(40):
            tracks = film.show((100 + i, 100, 0.97))
    assert states(tracks) == {1: TRACKED}
    np.testing.assert_allclose(tracks[0].face.box.center, (139, 100), atol=2)
    assert film.detector.windows >= 5
    with Film(Shortsighted(), second_look_below_px=20.0, whole_every_frames=1) as film:
        assert states(film.show((100, 100, 0.97), times=20)) == {1: LOST}
        assert film.detector.windows == 0


def test_second_looks_stay_within_their_budget() -> None:
    places = [(40.0 + 55 * i, 60.0 + 100 * j, 0.5) for i in range(5) for j in range(2)]
    with Film(second_looks=3, verified_from=0.99) as film:
        assert film.show(*places, times=13) == ()
    assert film.detector.searches == 3
    assert film.detector.windows == 3 * 3


def test_a_lost_face_ends_after_its_time_and_its_number_is_never_used_again() -> None:
    with Film(lost_for_s=1.0) as film:
        film.show((100, 100, 0.97), times=4)
        assert states(film.show(times=29)) == {1: LOST}
        assert film.show(times=3) == ()
        assert states(film.show((100, 100, 0.97), times=7)) == {2: TRACKED}


def test_the_larger_and_surer_faces_come_first_and_the_rest_wait() -> None:
    places = [(40.0 + 55 * i, 60.0 + 100 * j, 0.96) for i in range(5) for j in range(2)]
    with Film(max_faces=4) as film:
        tracks = film.show(*places, (295, 110, 1.0), times=20)
        assert len(tracks) == 4
        assert any(track.face.box.left > 270 for track in tracks)
        # Everybody leaves and others come, again and again: the memory stays bounded.
        for _ in range(5):
            film.show(times=3)
            assert len(film.show(*places, times=3)) <= 8


def test_crowded_faces_do_not_swap_numbers() -> None:
    def row(shift: float) -> list[Patch]:
        return [(40 + 60 * i + shift, 120, 0.97) for i in range(4)]

    with Film() as film:
        begin = {t.id: t.face.box.center[0] for t in film.show(*row(0), times=3)}
        for i in range(50):
            tracks = film.show(*row(i))
    assert len(begin) == 4
    for track in tracks:
        assert track.state is TRACKED
        assert abs(track.face.box.center[0] - begin[track.id] - 49) < 3


def test_a_tracker_that_is_entered_again_starts_afresh() -> None:
    with Film() as film:
        film.show((100, 100, 0.97), times=10)
    assert not film.detector.is_open
    with film:
        assert states(film.show((200, 100, 0.97))) == {1: NEW}
