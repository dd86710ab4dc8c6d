"""Hidden faces: nothing to recognise is left, and everything else is untouched."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from srfer.realtime import Box, Frame, FrameResult, TrackState
from srfer.realtime.demo.clip import load_portrait
from srfer.realtime.veil import Veil, VeilStage, hide, veiled
from tests.clips import expression, face


@pytest.mark.parametrize("how", Veil)
def test_a_hidden_face_keeps_a_tenth_of_its_contrast_at_most(how: Veil) -> None:
    image = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    image[60:100, 80:120] = np.tile(np.linspace(0, 255, 40)[None, :, None], (40, 1, 3))
    box = Box(80.0, 60.0, 120.0, 100.0)
    hidden = image.copy()
    hide(hidden, [box], how)
    inside = (slice(60, 100), slice(80, 120))
    assert hidden[inside].var() <= 0.1 * image[inside].var()
    assert (hidden[:40] == image[:40]).all()
    assert (hidden[:, 140:] == image[:, 140:]).all()


@pytest.mark.parametrize(
    "box",
    [
        Box(-20.0, -20.0, 10.0, 10.0),
        Box(290.0, 190.0, 400.0, 400.0),
        Box(-500.0, 0.0, -400.0, 50.0),
        Box(10.2, 10.2, 10.8, 10.9),
    ],
)
def test_faces_at_the_border_and_beyond_do_no_harm(box: Box) -> None:
    image = np.random.default_rng(1).integers(0, 256, (200, 300, 3), np.uint8)
    hide(image, [box], Veil.PIXELATE)


def test_the_reading_stays_and_the_restored_face_goes() -> None:
    image = np.random.default_rng(1).integers(0, 256, (120, 160, 3), np.uint8)
    frame = Frame("clip", 3, 1.0, Fraction(1), image)
    seen = face(1, reading=expression())
    lost = face(2, Box(100.0, 20.0, 130.0, 50.0), state=TrackState.LOST)
    result = veiled(FrameResult(frame, (seen, lost)), Veil.PIXELATE)
    assert result.faces[0].expression is not None
    assert seen.expression is not None
    assert result.faces[0].expression.restored is None
    assert result.faces[0].expression.label == seen.expression.label
    assert result.frame.index == 3
    assert result.frame.image[20:50, 100:130].var() < 0.1 * image[20:50, 100:130].var()
    assert (frame.image == image).all(), "the frame that others hold was changed"


def test_the_stage_lets_results_through_until_it_is_told_to_hide() -> None:
    frame = Frame("clip", 0, 0.0, None, np.full((120, 160, 3), 9, np.uint8))
    result = FrameResult(frame, (face(reading=expression()),))
    with VeilStage() as stage:
        assert stage(result) is result
        stage.veil = Veil.BLUR
        assert stage(result) is not result


@pytest.mark.parametrize("how", Veil)
def test_the_detector_finds_no_hidden_face(how: Veil) -> None:
    from srfer.realtime.detection import open_detector

    portrait = load_portrait().copy()
    with open_detector(detect_px=320, score_from=0.3) as detector:
        (found,) = detector.detect([portrait])
        assert found
        hide(portrait, [one.box for one in found], how)
        (left,) = detector.detect([portrait])
    assert left == ()
