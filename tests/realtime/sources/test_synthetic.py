"""Synthetic video: the same every time, with faces where it says, which are found and read."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import srfer
from srfer.errors import ConfigError
from srfer.realtime import make_stages
from srfer.realtime.sources.synthetic import Scene, SyntheticVideo, parse_scene


def test_frames_are_the_same_in_every_run_and_differ_by_seed() -> None:
    runs = []
    for seed in (1, 1, 2):
        with SyntheticVideo(Scene(faces=2, rate=Fraction(15), seconds=Fraction(1), seed=seed)) as v:
            runs.append([(f.index, f.pts, f.image.tobytes()) for f in v])
    assert runs[0] == runs[1]
    assert [(index, pts) for index, pts, _ in runs[0]] == [(i, Fraction(i, 15)) for i in range(15)]
    assert len({image for run in runs[1:] for _, _, image in run}) == 30


@pytest.mark.parametrize("face_px", [28, 40, 100])
def test_faces_are_found_where_they_are_and_read(face_px: int) -> None:
    scene = Scene(faces=2, face_px=face_px, seconds=Fraction(1), seed=3)
    track, read = make_stages(srfer.load())
    with SyntheticVideo(scene) as video, track, read:
        results = [read(track(frame)) for frame in video]
        assert {len(result.faces) for result in results[3:]} == {2}
        assert {face.track.id for result in results for face in result.faces} == {1, 2}
        for result in results:
            middles = [box.center for box in video.boxes(result.frame.index)]
            for face in result.faces:
                x, y = face.track.face.box.center
                assert min(math.dist((x, y), middle) for middle in middles) < face_px / 4
                assert face.expression is not None
                assert 0.8 * face_px < face.expression.native_px < 1.15 * face_px


@pytest.mark.parametrize("faces", [1, 7, 12])
def test_faces_move_and_stay_apart_and_inside(faces: int) -> None:
    scene = Scene(faces=faces, face_px=30, seconds=Fraction(20), seed=faces)
    with SyntheticVideo(scene) as video:
        paths = np.array([video.boxes(index) for index in range(scene.frame_count)])
    assert paths.shape == (500, faces, 4)
    assert paths.min() >= 0
    assert paths[..., 2].max() <= scene.width
    assert paths[..., 3].max() <= scene.height
    assert np.ptp(paths[..., 0], axis=0).min() > 5
    middles = paths[..., :2]
    for a in range(faces):
        for b in range(a):
            assert np.linalg.norm(middles[:, a] - middles[:, b], axis=1).min() > scene.face_px


def test_the_largest_face_that_fits_is_named() -> None:
    with pytest.raises(ConfigError, match=r"4 faces of 200 px do not fit into 640x360; 112 px"):
        Scene(faces=4, face_px=200)
    with SyntheticVideo(Scene(faces=4, face_px=111, seconds=Fraction(1, 25))) as video:
        assert len(list(video)) == 1


def test_no_face_is_an_empty_room() -> None:
    with SyntheticVideo(Scene(faces=0, seconds=Fraction(1))) as video:
        assert len({frame.image.tobytes() for frame in video}) == 1


def test_text() -> None:
    assert parse_scene("synthetic:") == Scene()
    text = "synthetic:faces=2,face_px=40.5,size=320x240,fps=30000/1001,seconds=2.5,seed=1"
    assert parse_scene(text) == Scene(2, 40.5, 320, 240, Fraction(30_000, 1001), Fraction(5, 2), 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("video.mp4", "starts with 'synthetic:'"),
        ("synthetic:people=2", "there is no 'people'; there are faces, face_px, size, fps"),
        ("synthetic:faces=two", "faces cannot be 'two'; write faces=2"),
        ("synthetic:faces", "faces cannot be ''"),
        ("synthetic:size=640", "size cannot be '640'; write size=640x360"),
        ("synthetic:size=8x8", "size must be 16x16 to 8192x8192, not 8x8"),
        ("synthetic:fps=1/0", "fps cannot be '1/0'; write fps=15"),
        ("synthetic:fps=0", "fps must be over 0"),
        ("synthetic:seconds=0.01", "seconds must hold a frame"),
        ("synthetic:faces=-1", "faces must be 0 to 256, not -1"),
        ("synthetic:face_px=nan", "face_px must be 4 to 8192, not nan"),
        ("synthetic:seed=-1", "seed must be 0 or more"),
    ],
)
def test_wrong_text_is_explained(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_scene(text)
