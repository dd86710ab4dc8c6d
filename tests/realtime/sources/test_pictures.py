"""A folder of pictures is a video in the natural order of their names."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from srfer.errors import ConfigError, SourceError, SourceFault
from srfer.realtime.sources.pictures import PictureFolder, find_pictures


def write(folder: Path, *names: str) -> None:
    """Pictures whose gray value is their place in `names`."""
    folder.mkdir(exist_ok=True)
    for value, name in enumerate(names):
        cv2.imwrite(str(folder / name), np.full((8, 12, 3), value, np.uint8))


def values(source: PictureFolder) -> list[int]:
    with source:
        return [int(frame.image.mean()) for frame in source]


def test_order_is_natural_whatever_the_kind(tmp_path: Path) -> None:
    write(tmp_path, "a1.png", "a2.bmp", "a10.png", "B3.PNG", "b20.tiff", "c.webp")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / ".a0.png").write_text("hidden")
    with PictureFolder(tmp_path, rate=Fraction(10)) as source:
        frames = list(source)
        assert source.info.frame_count == 6
    assert [int(frame.image.mean()) for frame in frames] == [0, 1, 2, 3, 4, 5]
    assert [frame.index for frame in frames] == list(range(6))
    assert [frame.pts for frame in frames] == [Fraction(i, 10) for i in range(6)]
    assert {frame.source_id for frame in frames} == {tmp_path.name}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("f%03d.png", [0, 1, 2]),  # as printf: 1000 needs four digits, 0007 has one too many
        ("f%d.png", [3, 2]),
        ("f*.png", [3, 0, 1, 4, 2]),
        ("f00[12].png", [0, 1]),
        ("f?.png", [3]),
        ("f002.png", [1]),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, expected: list[int]) -> None:
    names = ("f001.png", "f002.png", "f1000.png", "f0.png", "f0007.png", "g001.png", "f001.bmp")
    write(tmp_path, *names)
    assert values(PictureFolder(tmp_path / pattern)) == expected


def test_sizes_may_differ(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), np.zeros((8, 12, 3), np.uint8))
    cv2.imwrite(str(tmp_path / "2.png"), np.zeros((20, 10, 3), np.uint8))
    with PictureFolder(tmp_path) as source:
        assert (source.info.width, source.info.height) == (12, 8)
        assert [(frame.width, frame.height) for frame in source] == [(12, 8), (10, 20)]


def test_a_bad_picture_is_an_error_or_skipped_and_counted(tmp_path: Path) -> None:
    write(tmp_path, "1.png", "2.png", "3.png", "4.png")
    (tmp_path / "1.png").write_bytes(b"")
    (tmp_path / "3.png").write_bytes((tmp_path / "4.png").read_bytes()[:40])
    with pytest.raises(SourceError, match=r"1\.png: is empty"):
        PictureFolder(tmp_path).__enter__()
    with PictureFolder(tmp_path, skips_bad=True) as source:
        frames = list(source)
        assert source.bad_pictures == 2
    assert [(frame.index, frame.pts) for frame in frames] == [
        (1, Fraction(1, 25)),
        (3, Fraction(3, 25)),
    ]
    for name in ("2.png", "4.png"):
        (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(SourceError, match="none of 4 pictures can be read"):
        PictureFolder(tmp_path, skips_bad=True).__enter__()


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    for pattern, said in [
        (tmp_path, "holds no picture"),
        (tmp_path / "*.png", r"\*\.png: no file has such a name"),
        (tmp_path / "none" / "%05d.png", "none: no such folder"),
    ]:
        with pytest.raises(SourceError, match=said) as caught:
            PictureFolder(pattern).__enter__()
        assert caught.value.fault is SourceFault.MISSING
    with pytest.raises(ConfigError, match="only one number"):
        find_pictures(tmp_path / "%d-%d.png")
    with pytest.raises(ConfigError, match="more than 0"):
        PictureFolder(tmp_path, rate=Fraction(0))
    with pytest.raises(RuntimeError, match="entered"):
        _ = PictureFolder(tmp_path).info
