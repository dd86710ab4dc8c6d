"""Hidden faces: nothing can be seen of them, also before they were found and when they are lost."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from srfer.errors import ConfigError
from srfer.realtime import Box, Frame, FrameResult
from srfer.realtime.demo.clip import HEIGHT_PX, WIDTH_PX, Walk, make_clip
from srfer.realtime.detection import open_detector
from srfer.realtime.export import ExportOptions, export
from srfer.realtime.formats import Format
from srfer.realtime.sources import VideoFile
from srfer.realtime.veil import HOLD_FRAMES, Veil, VeiledSink, hide
from tests.clips import Clip, picture, ticks_25, video_times
from tests.moods import Mood, Moods, acted
from tests.synthetic import Keep

FACE = Box(20.0, 20.0, 44.0, 44.0)


@pytest.mark.parametrize("veil", Veil)
def test_little_is_left_of_a_face(veil: Veil) -> None:
    image = picture(0, 64, 64, "noise")
    before = image.copy()
    hide(image, [FACE], veil)
    face = image[20:44, 20:44].astype(float)
    assert face.var() < before[20:44, 20:44].var() / 10
    assert np.array_equal(image[:8], before[:8]), "the rest stays"


def test_boxes_beyond_the_border_are_hidden_as_far_as_they_are_seen() -> None:
    image = picture(0, 64, 64, "noise")
    hide(image, [Box(-30, -30, 10, 10), Box(60, 60, 99, 99), Box(200, 200, 220, 220)], Veil.BLUR)
    assert image[:8, :8].std() < 30
    assert image[61:, 61:].std() < 60


def results(present: set[int], count: int) -> list[FrameResult]:
    frames = [
        Frame("a", i, 0.0, Fraction(i, 25), picture(i, 64, 64, "noise")) for i in range(count)
    ]
    return [acted(frame, {1: Mood(box=FACE)} if frame.index in present else {}) for frame in frames]


def is_hidden(result: FrameResult) -> bool:
    return bool(result.frame.image[24:40, 24:40].std() < 40)


def test_a_face_is_hidden_before_it_was_found_and_after_it_was_lost() -> None:
    count, present = 60, set(range(25, 30))
    keep = Keep()
    with VeiledSink(keep, Veil.BLUR) as sink:
        for result in results(present, count):
            sink.write(result)
    assert keep.indices == list(range(count)), "every frame, in order"
    hidden = {result.frame.index for result in keep.results if is_hidden(result)}
    assert hidden == set(range(25 - HOLD_FRAMES, 30 + HOLD_FRAMES))
    readings = [face.expression for result in keep.results for face in result.faces]
    assert all(reading is not None and reading.restored is None for reading in readings)


def write_all(sink: VeiledSink, count: int, error: Exception | None = None) -> None:
    with sink:
        for result in results(set(), count):
            sink.write(result)
        if error is not None:
            raise error


def test_frames_that_are_held_back_are_written_also_after_an_error() -> None:
    keep = Keep()
    with pytest.raises(ZeroDivisionError):
        write_all(VeiledSink(keep, Veil.PIXELATE), 5, ZeroDivisionError())
    assert keep.indices == [0, 1, 2, 3, 4]
    ((_, error),) = keep.exits
    assert isinstance(error, ZeroDivisionError)


def found_by_a_detector(path: Path) -> list[int]:
    """How many faces a detector is sure of in every tenth frame."""
    with (
        open_detector("retinaface", detect_px=640, device="cpu") as detector,
        VideoFile(path) as source,
    ):
        images = [frame.image for frame in source if frame.index % 10 == 3]
        return [
            sum(face.score > 0.7 for face in faces)
            for image in images
            for faces in detector.detect([image])
        ]


def test_a_detector_finds_no_face_in_an_anonymous_export(tmp_path: Path) -> None:
    sides = np.linspace(150, 60, 30)
    place = np.full((30, 2), [WIDTH_PX / 2, HEIGHT_PX / 2])
    make_clip(tmp_path / "a.mp4", Walk(sides, place))

    def script(index: int) -> dict[int, Mood]:
        half = sides[index] / 2
        x, y = place[index]
        return {1: Mood(box=Box(x - half, y - half, x + half, y + half))} if index > 5 else {}

    options = ExportOptions(formats=frozenset({Format.VIDEO}), veil=Veil.PIXELATE)
    export([tmp_path / "a.mp4"], tmp_path / "out", lambda: [Moods(script)], options)
    assert found_by_a_detector(tmp_path / "a.mp4") == [1, 1, 1]
    assert found_by_a_detector(tmp_path / "out/a/annotated.mp4") == [0, 0, 0]
    assert video_times(tmp_path / "out/a/annotated.mp4") == video_times(tmp_path / "a.mp4")


def test_an_anonymous_report_has_no_pictures(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(5)).make(tmp_path / "a.mp4")
    options = ExportOptions(formats=frozenset({Format.HTML}), veil=Veil.BLUR)
    export([clip], tmp_path / "out", lambda: [Moods(lambda index: {1: Mood()})], options)
    text = (tmp_path / "out/a/report.html").read_text()
    assert "Face 1" in text
    assert "<img" not in text


def test_hidden_faces_and_pictures_of_faces_contradict_each_other() -> None:
    with pytest.raises(ConfigError, match="crops show faces"):
        ExportOptions(formats=frozenset({Format.CROPS}), veil=Veil.BLUR)


def test_a_sink_that_fails_on_what_was_held_back_is_told_so() -> None:
    def refuse(index: int) -> None:
        if index == 2:
            raise ZeroDivisionError

    keep = Keep(before=refuse)
    with pytest.raises(ZeroDivisionError):
        write_all(VeiledSink(keep, Veil.BLUR), 3)
    ((_, error),) = keep.exits
    assert isinstance(error, ZeroDivisionError), "or it would publish half a file"
