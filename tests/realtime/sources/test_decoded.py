"""Pictures as they were decoded: luma and parts agree with the whole picture in colour."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from srfer.realtime.picture import Picture, RgbPicture, to_gray
from srfer.realtime.sources import VideoFile
from srfer.realtime.sources.decoded import decoded
from srfer.realtime.types import Frame
from tests.clips import Clip, picture, ticks_25

FORMATS = [
    "yuv420p",
    "yuvj420p",
    "yuv422p",
    "yuv444p",
    "nv12",
    "nv21",
    "gray",
    "yuv420p10le",
    "rgb24",
]
SIZES = [(160, 120), (853, 479), (1, 1), (18, 2)]


def converted(form: str, width: int = 160, height: int = 120) -> VideoFrame:
    """Colours from black to white, in a pixel format."""
    return VideoFrame.from_ndarray(picture(3, width, height), format="rgb24").reformat(format=form)


def gray_of(shown: Picture | Frame) -> NDArray[np.uint8]:
    """All of it in full range."""
    return shown.luma.gray(shown.luma.levels)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_gray_is_that_of_the_colours(form: str, size: tuple[int, int]) -> None:
    shown = decoded(converted(form, *size))
    assert (shown.width, shown.height) == size
    assert gray_of(shown).shape == shown.rgb.shape[:2] == size[::-1]
    apart = np.abs(gray_of(shown).astype(float) - to_gray(shown.rgb))
    # Where colours jump, the chroma that neighbours share makes some that RGB does not have.
    assert np.percentile(apart, 99) <= 6
    assert apart.mean() <= 2


@pytest.mark.parametrize(
    ("luma", "is_full", "gray"), [(16, 0, 0), (235, 0, 255), (5, 0, 0), (5, 1, 5)]
)
def test_gray_has_the_full_range(luma: int, is_full: bool, gray: int) -> None:
    flat = VideoFrame.from_ndarray(np.full((24, 16), luma, np.uint8), format="yuv420p")
    flat.color_range = ColorRange.JPEG if is_full else ColorRange.MPEG
    assert np.unique(gray_of(decoded(flat))).tolist() == [gray]


def test_parts_are_those_of_the_whole() -> None:
    width, height = 332, 246
    ends = [(0, 332), (0, 1), (331, 332), (17, 60), (40, 300), (250, 331)]
    for form, space in product(("yuv420p", "yuvj420p", "yuv444p"), Colorspace):
        given = converted(form, width, height)
        given.colorspace = space
        whole = decoded(given).rgb
        for left, right in ends:
            rows, columns = slice(left // 2, min(height, right)), slice(left, right)
            part = decoded(given).part(rows, columns)
            assert np.array_equal(part, whole[rows, columns]), (form, space, left, right)


@pytest.mark.parametrize("form", [*FORMATS, "array"])
@pytest.mark.parametrize("first", [(16, 22), (17, 23)], ids=["even", "odd"])
def test_a_part_in_another_size_is_that_part_scaled(form: str, first: tuple[int, int]) -> None:
    given = converted("rgb24" if form == "array" else form, 480, 360)
    shown = (
        RgbPicture(np.asarray(given.to_ndarray(), np.uint8)) if form == "array" else decoded(given)
    )
    rows, columns = slice(first[0], 217), slice(first[1], 331)
    for size, how in (((103, 64), cv2.INTER_AREA), ((500, 301), cv2.INTER_LINEAR)):
        part = shown.part(rows, columns, size)
        expected = cv2.resize(decoded(given).rgb[rows, columns], size, interpolation=how)
        assert part.shape == (*size[::-1], 3)
        apart = np.abs(part.astype(float) - expected)
        assert np.percentile(apart, 95) <= 8
        assert apart.mean() <= 3


@pytest.mark.parametrize("form", FORMATS)
def test_a_reduced_picture_is_averaged_over_areas(form: str) -> None:
    shown = decoded(converted(form, 480, 360))
    for width, height in ((160, 120), (213, 100), (1, 1), (479, 360)):
        smaller = shown.reduced(width, height)
        expected = cv2.resize(shown.rgb, (width, height), interpolation=cv2.INTER_AREA)
        assert smaller.shape == (height, width, 3)
        apart = np.abs(smaller.astype(float) - expected)
        assert np.percentile(apart, 95) <= 8
        assert apart.mean() <= 3


def test_a_picture_is_reduced_alike_whatever_was_asked_of_it_before() -> None:
    asked, fresh = (decoded(converted("yuv420p", 480, 360)) for _ in range(2))
    assert asked.rgb.size
    assert asked.part(slice(3, 40), slice(5, 60)).size
    assert np.array_equal(asked.reduced(200, 150), fresh.reduced(200, 150))
    part = slice(20, 221), slice(40, 341), (150, 100)
    assert np.array_equal(asked.part(*part), fresh.part(*part))


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_pictures_are_upright_in_every_form(tmp_path: Path, degrees: int) -> None:
    clip = Clip(ticks=ticks_25(2), rotation=degrees).make(tmp_path / "turned.mp4")
    with VideoFile(clip) as source:
        frame = next(iter(source))
    rows, columns = slice(10, 40), slice(30, 90)
    part = frame.part(rows, columns)
    size = (160, 120) if degrees % 180 == 0 else (120, 160)
    assert (frame.width, frame.height) == size
    assert frame.image.shape == (*size[::-1], 3)
    assert np.array_equal(part, frame.image[rows, columns])
    assert np.abs(gray_of(frame).astype(float) - to_gray(frame.image)).mean() < 2
    half = frame.reduced(size[0] // 2, size[1] // 2)
    expected = cv2.resize(frame.image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    assert np.abs(half.astype(float) - expected).mean() < 3


def test_nobody_can_write_into_a_decoded_picture() -> None:
    shown = decoded(converted("yuv420p"))
    for array in (shown.luma.levels, shown.rgb):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


def test_threads_share_one_conversion() -> None:
    shown = decoded(converted("yuv420p", 853, 479))
    with ThreadPoolExecutor(8) as threads:
        images = list(threads.map(lambda _: shown.rgb, range(32)))
    assert all(image is images[0] for image in images)


def test_a_picture_outlives_its_file(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(12)).make(tmp_path / "clip.mp4")
    with VideoFile(clip) as source:
        frames = list(source)
    with av.open(str(clip)) as container:
        images = [shown.to_ndarray(format="rgb24") for shown in container.decode(video=0)]
    assert all(np.array_equal(f.image, image) for f, image in zip(frames, images, strict=True))


def test_an_array_is_a_picture() -> None:
    image = picture(1, 64, 48)
    frame = Frame("array", 0, 0.0, None, image)
    assert frame.image is image
    assert np.array_equal(gray_of(frame), to_gray(image))
    assert frame.luma is frame.luma
    assert np.array_equal(frame.part(slice(4, 9), slice(2, 7)), image[4:9, 2:7])
