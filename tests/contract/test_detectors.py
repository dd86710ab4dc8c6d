"""What every face detector has to do, whichever network is behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest
import skimage.data

from srfer.errors import EngineError
from srfer.realtime.detection import Detector, open_detector
from srfer.realtime.types import Face, RgbImage

ASTRONAUT: RgbImage = skimage.data.astronaut()
CENTER, WIDTH, HEIGHT = np.array([225.0, 118.0]), 93.0, 117.0
"""Where the astronaut's face is; detectors differ by a few pixels."""

Make = Callable[..., Detector]


@pytest.fixture(
    params=[
        "retinaface",
        pytest.param("yunet_n_dynamic.onnx", marks=pytest.mark.shared_data),
        pytest.param("yunet_s_dynamic.onnx", marks=pytest.mark.shared_data),
    ]
)
def make(request: pytest.FixtureRequest) -> Make:
    if request.param == "retinaface":
        return open_detector
    model = request.getfixturevalue("shared_dir") / "models" / request.param
    return lambda **options: open_detector("yunet", model=model, **options)


@pytest.fixture
def detector(make: Make) -> Iterator[Detector]:
    with make(score_from=0.5) as opened:
        yield opened


def only(faces: tuple[Face, ...]) -> Face:
    assert len(faces) == 1, faces
    return faces[0]


def assert_same(face: Face, other: Face, px: float) -> None:
    assert face.landmarks is not None
    assert other.landmarks is not None
    np.testing.assert_allclose(face.box, other.box, atol=px)
    np.testing.assert_allclose(face.landmarks, other.landmarks, atol=px)


def test_finds_the_face_and_its_landmarks(detector: Detector) -> None:
    face = only(detector.detect([ASTRONAUT])[0])
    assert face.score > 0.85
    np.testing.assert_allclose(face.box.center, CENTER, atol=5)
    assert face.box.width == pytest.approx(WIDTH, rel=0.1)
    assert face.box.height == pytest.approx(HEIGHT, rel=0.1)
    assert face.landmarks is not None
    expected = [[204, 101], [247, 104], [223, 128], [202, 140], [243, 141]]
    np.testing.assert_allclose(face.landmarks, expected, atol=6)


def test_answers_in_pixels_of_the_picture_as_given(make: Make) -> None:
    wide = cv2.resize(ASTRONAUT, (1200, 800), interpolation=cv2.INTER_AREA)
    with make(score_from=0.5, detect_px=400) as detector:
        face = only(detector.detect([np.asarray(wide, np.uint8)])[0])
        assert detector.detect_px == 400
    np.testing.assert_allclose(face.box.center, CENTER * (1200 / 512, 800 / 512), atol=12)


def test_a_moved_face_is_found_moved(detector: Detector) -> None:
    here = only(detector.detect([ASTRONAUT[:400, :400]])[0])
    # By whole strides of the coarsest grid, so that every cell sees the same pixels.
    moved = np.zeros((464, 496, 3), np.uint8)
    moved[64:464, 96:496] = ASTRONAUT[:400, :400]
    there = only(detector.detect([moved])[0])
    np.testing.assert_allclose(np.array(there.box) - (96, 64, 96, 64), here.box, atol=3)


def test_a_batch_gives_what_each_picture_gives_alone(detector: Detector) -> None:
    small = np.ascontiguousarray(ASTRONAUT[20:250, 100:390])
    blank = np.full((90, 300, 3), 128, np.uint8)
    together = detector.detect([ASTRONAUT, blank, small])
    assert [len(faces) for faces in together] == [1, 0, 1]
    assert_same(only(together[0]), only(detector.detect([ASTRONAUT])[0]), 0.01)
    # Another padding may let a neighbouring cell win: the same face, not the same bits.
    assert_same(only(together[2]), only(detector.detect([small])[0]), 5.0)


def test_the_most_certain_face_comes_first(detector: Detector) -> None:
    head = ASTRONAUT[:240, 100:340]
    tiny = cv2.resize(head, (60, 60), interpolation=cv2.INTER_AREA)
    picture = np.full((240, 400, 3), 90, np.uint8)
    picture[90:150, 20:80] = cv2.GaussianBlur(tiny, (0, 0), 1.0)
    picture[:, 160:] = head
    faces = detector.detect([picture])[0]
    assert len(faces) == 2
    assert faces[0].score >= faces[1].score
    assert {face.box.width > 50 for face in faces} == {True, False}


def test_a_face_at_the_border_is_found_with_its_middle_inside(detector: Detector) -> None:
    picture = np.ascontiguousarray(ASTRONAUT[:, 200:])
    face = only(detector.detect([picture])[0])
    assert 0 <= face.box.center[0] < picture.shape[1]
    assert face.box.right == pytest.approx(CENTER[0] + WIDTH / 2 - 200, abs=10)


@pytest.mark.parametrize(
    "shape", [(1, 1), (16, 16), (1, 700), (900, 2), (2160, 3840)], ids=lambda s: f"{s[1]}x{s[0]}"
)
def test_pictures_of_any_size_without_faces(detector: Detector, shape: tuple[int, int]) -> None:
    gradient = np.linspace(0, 255, shape[1], dtype=np.uint8)
    picture = np.broadcast_to(gradient[None, :, None], (*shape, 3)).copy()
    assert detector.detect([picture]) == [()]


def test_no_pictures_no_answers(detector: Detector) -> None:
    assert detector.detect([]) == []


def test_works_only_while_open_and_can_be_opened_again(make: Make) -> None:
    detector = make(score_from=0.5)
    for _ in range(2):
        with pytest.raises(EngineError, match=f"{detector.name} is not open"):
            detector.detect([ASTRONAUT])
        with detector:
            assert len(detector.detect([ASTRONAUT])[0]) == 1
