"""Searching large frames in tiles: which ones, and what the tracker makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np
import pytest
from numpy.typing import NDArray

from srfer.realtime.detection import Detector, open_detector
from srfer.realtime.picture import Luma
from srfer.realtime.tracking import FaceTracker, TrackerConfig
from srfer.realtime.tracking.glance import LEAST_CHANGED, STEP_PX, glance
from srfer.realtime.tracking.second_look import WINDOW_PX
from srfer.realtime.tracking.tiles import (
    FACE_PX,
    OVERLAP_PX,
    PART_STEP_PX,
    QUIET_S,
    STILL_S,
    Tile,
    TileRound,
    tiles_of,
)
from srfer.realtime.types import Box, Face, Frame, RgbImage, TrackState
from tests.people import film, numbers, paint, room, seen

SIZES = [(320, 240), (960, 540), (1280, 720), (1080, 1920), (3840, 2160), (5000, 20), (801, 640)]
RETINAFACE_PX, YUNET_PX = 24.0, 20.0
tiles_for_retinaface = partial(tiles_of, detect_px=640, least_face_px=RETINAFACE_PX)
tiles_for_yunet = partial(tiles_of, detect_px=640, least_face_px=YUNET_PX)
round_for_yunet = partial(TileRound, detect_px=640, least_face_px=YUNET_PX)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("least_face_px", [RETINAFACE_PX, YUNET_PX])
def test_a_small_face_is_whole_in_some_tile_and_large_enough(
    size: tuple[int, int], least_face_px: float
) -> None:
    width, height = size
    tiles = tiles_of(width, height, detect_px=640, least_face_px=least_face_px)
    if least_face_px / FACE_PX < 1.25 * min(1, 640 / max(size)):
        assert tiles == ()
        return
    side = int(FACE_PX)
    random = np.random.default_rng(1)
    corners = random.integers(0, np.subtract(size, side) + 1, (500, 2))
    for left, top in [*corners, (0, 0), np.subtract(size, side)]:
        assert any(
            t.left <= left and t.top <= top and left + side <= t.right and top + side <= t.bottom
            for t in tiles
        )
    blank = Frame("blank", 0, 0.0, None, np.zeros((height, width, 3), np.uint8))
    for tile in tiles:
        assert 0 <= tile.left < tile.right <= width
        assert 0 <= tile.top < tile.bottom <= height
        picture = tile.cut_out(blank)
        assert max(picture.shape) <= 640
        assert FACE_PX * tile.zoom >= 0.9 * least_face_px


def test_faces_return_to_the_pixels_of_the_frame() -> None:
    tile = Tile(100, 50, 420, 226, 2.0)
    landmarks = np.array([[40, 20]] * 5, np.float32)
    face = tile.to_frame(Face(Box(20.0, 10.0, 60.0, 50.0), 0.9, landmarks))
    assert face.box == (110.0, 55.0, 130.0, 75.0)
    assert face.landmarks is not None
    assert face.landmarks.dtype == np.float32
    assert face.landmarks[0].tolist() == [120.0, 60.0]


def test_frames_that_are_searched_finely_enough_have_no_tiles() -> None:
    for size in ((640, 480), (799, 400), (1, 1), (480, 640)):
        assert tiles_for_yunet(*size) == ()
        assert choose(round_for_yunet(), np.zeros(size[::-1], np.uint8), 0.0) is None


TILES = tiles_for_yunet(1920, 1080)


def gray(spot: tuple[int, int] | None = None) -> NDArray[np.uint8]:
    image = np.full((1080, 1920), 100, np.uint8)
    if spot is not None:
        image[spot[1] : spot[1] + 24, spot[0] : spot[0] + 24] = 200
    return image


def choose(
    tiles: TileRound, image: NDArray[np.uint8], now_s: float, known: Sequence[Box] = ()
) -> Tile | None:
    return tiles.choose(image.shape, glance(Luma(image)), now_s, known)


def is_within(part: Tile | None, tile: Tile) -> bool:
    return (
        part is not None
        and (tile.left <= part.left and part.right <= tile.right)
        and (tile.top <= part.top and part.bottom <= tile.bottom)
    )


def area(tile: Tile) -> int:
    return (tile.right - tile.left) * (tile.bottom - tile.top)


def sides(tile: Tile) -> tuple[int, int]:
    return tile.right - tile.left, tile.bottom - tile.top


def test_all_tiles_come_first_and_then_those_with_changes() -> None:
    chosen = round_for_yunet()
    assert [choose(chosen, gray(), i / 10) for i in range(len(TILES))] == list(TILES)
    assert choose(chosen, gray(), 1.0) is None
    part = choose(chosen, gray((1700, 900)), 1.1)
    assert part is not None
    assert is_within(part, TILES[-1])
    assert choose(chosen, gray((1700, 900)), 1.2) is None
    assert choose(chosen, gray(), 1.3) == part


@pytest.mark.parametrize("tiles", [TILES, tiles_for_retinaface(1920, 1080)], ids=["x1", "x1.25"])
def test_a_small_part_that_has_changed_is_searched_with_room_for_a_face(
    tiles: tuple[Tile, ...],
) -> None:
    random = np.random.default_rng(3)
    for tile in tiles:
        for _ in range(20):
            chosen = TileRound(detect_px=640, least_face_px=FACE_PX * tile.zoom)
            for i in range(len(tiles)):
                choose(chosen, gray(), i / 100)
            left = int(random.integers(tile.left, tile.right - 24))
            top = int(random.integers(tile.top, tile.bottom - 24))
            part = choose(chosen, gray((left, top)), 0.5)
            assert part is not None
            home = next(t for t in tiles if is_within(part, t))
            assert (part.right - part.left) * (part.bottom - part.top) < 0.3 * area(home)
            assert part.left <= max(home.left, left - OVERLAP_PX)
            # A glance shows every fourth line: a place may have changed in up to three more.
            assert part.top <= max(home.top, top + 3 - OVERLAP_PX)
            seen_right, seen_bottom = min(home.right, left + 24), min(home.bottom, top + 24)
            assert part.right >= min(home.right, seen_right + OVERLAP_PX - STEP_PX)
            assert part.bottom >= min(home.bottom, seen_bottom + OVERLAP_PX - STEP_PX)
            for begin, end in ((part.left, part.right), (part.top, part.bottom)):
                searched = round((end - begin) * part.zoom)
                assert -searched % PART_STEP_PX < 2 or end - begin in sides(home)


def test_a_tile_in_which_something_changes_all_the_time_is_searched_whole_now_and_then() -> None:
    chosen = round_for_yunet()
    for i in range(len(TILES)):
        choose(chosen, gray(), i / 8)
    times = range(len(TILES), len(TILES) + 3 * round(STILL_S * 8))
    parts = [choose(chosen, gray((1700, 900 + i % 2 * 40)), i / 8) for i in times]
    busy = [part for part in parts if is_within(part, TILES[-1])]
    assert len(busy) > 0.7 * len(parts)
    assert 2 <= busy.count(TILES[-1]) <= 4


def test_what_has_changed_since_a_tile_was_searched_whole_is_searched_with_it() -> None:
    chosen = round_for_yunet()
    for i in range(len(TILES)):
        choose(chosen, gray(), i / 8)
    first = choose(chosen, gray((1400, 800)), 2.0)
    both = choose(chosen, np.maximum(gray((1400, 800)), gray((1700, 900))), 2.1)
    assert first is not None
    assert both is not None
    assert is_within(first, both)
    assert area(both) > area(first)


def test_less_than_a_face_is_no_change() -> None:
    chosen = round_for_yunet()
    for i in range(9):
        choose(chosen, gray(), i / 10)
    image = gray()
    image[104:112, 104 : 104 + 8 * (LEAST_CHANGED - 1)] = 200
    assert choose(chosen, image, 1.0) is None
    noisy = gray() + np.random.default_rng(0).integers(-20, 21, gray().shape)
    assert choose(chosen, noisy.astype(np.uint8), 1.1) is None


def test_what_moves_round_a_followed_face_is_no_news() -> None:
    chosen = round_for_yunet()
    for i in range(len(TILES)):
        choose(chosen, gray(), i / 10)
    assert choose(chosen, gray((220, 300)), 1.0, [Box(200, 200, 250, 260)]) is None
    part = choose(chosen, gray((220, 300)), 1.1, [Box(900, 200, 950, 260)])
    assert part is not None
    assert is_within(part, TILES[0])


def test_still_tiles_have_their_turn_now_and_then() -> None:
    chosen = round_for_yunet()
    for i in range(len(TILES)):
        choose(chosen, gray(), i / 10)
    assert choose(chosen, gray(), STILL_S - 0.01) is None
    assert choose(chosen, gray(), STILL_S + 0.05) == TILES[0]
    assert choose(chosen, gray(), STILL_S + 0.15) == TILES[1]


def test_tiles_in_which_only_followed_people_move_have_their_turn_sooner() -> None:
    chosen, person = round_for_yunet(), [Box(200, 200, 250, 260)]
    for i in range(len(TILES)):
        choose(chosen, gray(), i / 10)
    assert choose(chosen, gray((220, 300)), QUIET_S - 0.01, person) is None
    part = choose(chosen, gray((220, 300)), QUIET_S + 0.05, person)
    assert part is not None
    assert part.left <= 220
    assert part.bottom >= 324
    assert is_within(part, TILES[0])
    assert area(part) < area(TILES[0]) / 2
    assert choose(chosen, gray((220, 300)), QUIET_S + 0.5, person) is None
    assert choose(chosen, gray((220, 300)), 2 * QUIET_S + 0.1, person) == part
    assert choose(chosen, gray((220, 300)), STILL_S + 0.05, person) == TILES[0]


def test_a_tile_in_which_only_a_followed_head_moves_counts_as_still() -> None:
    chosen, person = round_for_yunet(), [Box(200, 200, 250, 260)]
    for i in range(len(TILES)):
        choose(chosen, gray(), i / 10)
    nodding = gray((220, 230))  # within the head's window, which reaches to 299 px
    assert choose(chosen, nodding, QUIET_S + 0.05, person) is None
    assert choose(chosen, nodding, STILL_S - 0.01, person) is None
    assert choose(chosen, nodding, STILL_S + 0.05, person) == TILES[0]


def test_what_came_and_stays_is_searched_again_and_again() -> None:
    chosen = round_for_yunet()
    for i in range(len(TILES)):
        choose(chosen, gray(), i / 10)
    arrived = gray((1700, 900))
    part = choose(chosen, arrived, 1.0)
    assert part is not None
    assert part != TILES[-1]
    assert is_within(part, TILES[-1])
    all_s = (len(TILES) - 1) / 10
    assert choose(chosen, arrived, all_s + QUIET_S - 0.01) is None
    assert choose(chosen, arrived, all_s + QUIET_S + 0.01) == part
    assert choose(chosen, arrived, all_s + QUIET_S + 0.11) is None
    assert choose(chosen, arrived, all_s + 2 * QUIET_S + 0.02) == part


def test_a_tile_that_left_a_question_has_its_turn_sooner() -> None:
    chosen = round_for_yunet()
    for i in range(len(TILES)):
        choose(chosen, gray(), i / 10)
        chosen.settle(is_settled=i != 2)
    assert choose(chosen, gray(), QUIET_S + 0.1) is None
    assert choose(chosen, gray(), QUIET_S + 0.25) == TILES[2]
    chosen.settle(is_settled=True)
    assert choose(chosen, gray(), 2 * QUIET_S + 0.3) is None


def test_the_search_of_a_part_settles_no_question_of_the_rest() -> None:
    chosen = round_for_yunet()
    for i in range(len(TILES)):
        choose(chosen, gray(), i / 10)
        chosen.settle(is_settled=i != len(TILES) - 1)
    part = choose(chosen, gray((1700, 900)), 1.0)
    assert part is not None
    assert is_within(part, TILES[-1])
    chosen.settle(is_settled=True)
    now_s = (len(TILES) - 1) / 10 + QUIET_S + 0.05
    assert choose(chosen, gray((1700, 900)), now_s) == TILES[-1]


def test_one_busy_place_does_not_starve_the_others() -> None:
    chosen = round_for_yunet()
    random = np.random.default_rng(2)
    searched = []
    for i in range(400):
        image = gray()
        image[:300, :600] = random.integers(0, 255)
        image[900:930, 1700:1730] = 255 * (i % 2)
        searched.append(choose(chosen, image, i / 10))
    assert {t for t in TILES for part in searched[100:] if is_within(part, t)} == set(TILES)


def test_another_size_or_a_restart_begins_again() -> None:
    chosen = round_for_yunet()
    for i in range(9):
        choose(chosen, gray(), i / 10)
    assert choose(chosen, np.zeros((720, 1280), np.uint8), 1.0) == tiles_for_yunet(1280, 720)[0]
    chosen.restart()
    assert choose(chosen, np.zeros((720, 1280), np.uint8), 1.1) == tiles_for_yunet(1280, 720)[0]


class Counting:
    """A detector that notes the pictures it searches in each call."""

    name = "counting"

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.detect_px = detector.detect_px
        self.least_face_px = detector.least_face_px
        self.calls: list[list[tuple[int, int]]] = []

    def __enter__(self) -> Self:
        self._detector.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._detector.__exit__(kind, error, traceback)

    def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
        self.calls.append([(image.shape[0], image.shape[1]) for image in images])
        return self._detector.detect(images)

    @property
    def tiles(self) -> int:
        """Calls that were neither for the whole frame of 1280x720 nor for windows."""
        others = {(352, 640), (WINDOW_PX, WINDOW_PX)}
        return sum(call[0] not in others for call in self.calls)


def follow(image: RgbImage, frames: int, **settings: int) -> tuple[list[int], Counting]:
    """Ids that are seen in the last frame of a still film, and what was searched for it."""
    counting = Counting(open_detector())
    with FaceTracker(counting, TrackerConfig(**settings)) as tracker:
        tracks = film(tracker, iter([image] * frames))
    assert all(track.state is TrackState.TRACKED for track in seen(tracks[-1]))
    return [track.id for track in seen(tracks[-1])], counting


def test_faces_that_the_whole_frame_hides_are_found() -> None:
    people = [(34.0, 213.0 + 426 * (i % 3), 120.0 + 200 * (i // 3), i % 2 > 0) for i in range(9)]
    image = paint(room(1280, 720), people)
    assert follow(image, 8, tiles_per_search=0)[0] == []
    found, counting = follow(image, 66)
    assert found == list(range(1, 10))
    # In a frame that stays as it is each tile is searched once.
    assert counting.tiles == len(tiles_for_retinaface(1280, 720))


def test_a_face_that_tiles_cut_in_two_is_one_face() -> None:
    tile = tiles_for_retinaface(1280, 720)[4]
    people = [(70.0, float(tile.right), float(tile.bottom), False)]
    found, _ = follow(paint(room(1280, 720, 3), people), 60)
    assert found == [1]


def test_more_small_faces_than_second_looks_keep_their_numbers() -> None:
    people = [(34.0, 120.0 + 260 * x, 100.0 + 200 * y, False) for x in range(5) for y in range(3)]
    image = paint(room(1280, 720, 5), people)
    counting = Counting(open_detector())
    with FaceTracker(counting) as tracker:
        tracks = film(tracker, iter([image] * 60))
    assert len(seen(tracks[-1])) == len(people)
    assert numbers(tracks[45:]) == numbers(tracks[-1:])
    assert max(len(call) for call in counting.calls) <= TrackerConfig().second_looks


def test_a_frame_is_searched_whole_or_in_one_tile() -> None:
    image = np.zeros((720, 1280, 3), np.uint8)
    _, counting = follow(image, 24, tiles_per_search=6)
    # One search of the whole frame, since nothing changes, and a tile in each of the others.
    assert counting.tiles == len(tiles_for_retinaface(1280, 720)) == 9
    assert [len(call) for call in counting.calls] == [1] * (1 + 9)
