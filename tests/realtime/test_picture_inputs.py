"""Pictures in order are one video: what names them, and what comes of it."""

from __future__ import annotations

import hashlib
import json
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from srfer.errors import ConfigError, SourceError
from srfer.realtime.export import ExportOptions, ExportSummary, export
from srfer.realtime.footage import parse_rate
from srfer.realtime.formats import FILE_NAMES, MANIFEST_NAME, Format
from srfer.realtime.inputs import expand, find_footage
from srfer.realtime.selection import Selection
from srfer.realtime.sources import read_picture
from tests.clips import Clip, FixedFace, picture, video_images, video_times

RATE = Fraction(30000, 1001)
JSONL = frozenset({Format.JSONL})


def shoot(folder: Path, *names: str, width: int = 64, height: int = 48) -> Path:
    """Pictures with these names, each with other colours."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(names):
        cv2.imwrite(str(folder / name), picture(7 * place, width, height))
    return folder


def shots(folder: Path, count: int = 8) -> Path:
    return shoot(folder, *(f"img_{number:04d}.png" for number in range(1, count + 1)))


def run(out: Path, *inputs: Path, fails_at: int | None = None, **options: Any) -> ExportSummary:
    options.setdefault("formats", JSONL)
    return export(inputs, out, lambda: [FixedFace(fails_at)], ExportOptions(**options))


def manifest_of(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return found


def lines_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "frames.jsonl").read_text().splitlines()]


def found(*texts: str, rate: Fraction | None = None, deep: bool = False) -> list[tuple[str, int]]:
    """What is found for each input: how it is called, and how many pictures it has."""
    paths = expand(texts, keeps_patterns=rate is not None)
    inputs = find_footage(paths, is_recursive=deep, rate=rate)
    assert not [error for _, error in inputs if error]
    return [(str(one.path), len(one.pictures)) for one, _ in inputs]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A video, pictures beside it and in subfolders, and what an earlier export left."""
    monkeypatch.chdir(tmp_path)
    shoot(tmp_path / "in", "b1.png", "b2.jpg", "b10.png", ".b3.png")
    (tmp_path / "in/notes.txt").write_text("no picture")
    (tmp_path / "in/a.mp4").write_bytes(b"x")
    shoot(tmp_path / "in/left", "f_08.png", "f_09.png", "f_10.png", "g_1.png")
    shoot(tmp_path / "in/right", "f_01.png")
    shoot(tmp_path / "in/out/a/crops/track-0001", "frame-000001-before.png")
    shoot(tmp_path / "in/out/a/crops.partial/track-0001", "frame-000001-after.png")
    return tmp_path


def test_numbered_pictures_are_a_video_with_and_without_a_rate(folder: Path) -> None:
    for rate in (None, RATE):
        assert found("in/left/f_%02d.png", rate=rate) == [("in/left/f_%02d.png", 3)]
        both = [("in/left/f_%02d.png", 3), ("in/right/f_%02d.png", 1)]
        assert found("in/*t/f_%02d.png", rate=rate) == both
    (one, _), *_ = find_footage([Path("in/left/f_%d.png")], is_recursive=False)
    assert [path.name for path in one.files] == ["f_10.png"]
    assert one.rate == 25


def test_with_a_rate_a_folder_stands_for_its_pictures_too(folder: Path) -> None:
    assert found("in") == [("in/a.mp4", 0)]
    assert found("in", rate=RATE) == [("in/a.mp4", 0), ("in", 3)]
    deep = [("in/a.mp4", 0), ("in", 3), ("in/left", 4), ("in/right", 1)]
    assert found("in", rate=RATE, deep=True) == deep, "and never for the crops of an export"
    (_, (one, _)) = find_footage([Path("in")], is_recursive=False, rate=RATE)
    assert [path.name for path in one.files] == ["b1.png", "b2.jpg", "b10.png"]


def test_with_a_rate_a_pattern_is_a_video_in_each_folder(folder: Path) -> None:
    each = [(f"in/left/f_{number}.png", 0) for number in ("08", "09", "10")]
    assert found("in/left/f_*.png") == each
    assert found("in/left/f_*.png", rate=RATE) == [("in/left/f_*.png", 3)]
    assert found("in/*/f_*", rate=RATE) == [("in/left/f_*", 3), ("in/right/f_*", 1)]
    assert found("in/b*", "in/*.mp4", rate=RATE) == [("in/b*", 3), ("in/a.mp4", 0)]


def test_a_file_or_folder_of_that_name_is_just_that(folder: Path) -> None:
    shoot(Path("odd"), "p%03d.png", "[x].png")
    assert found("odd/p%03d.png", "odd/[x].png") == [("odd/p%03d.png", 0), ("odd/[x].png", 0)]
    shoot(Path("[dir]"), "1.png", "2.png")
    assert found("[dir]", rate=RATE) == [("[dir]", 2)]


@pytest.mark.parametrize(
    ("text", "rate", "said"),
    [
        ("in/left", None, r"^left: no video in this folder, but 4 pictures: --fps 25 takes"),
        ("in/left/x_%d.png", None, r"^x_%d\.png: no file has such a name"),
        ("no/x_%d.png", None, r"^no: no such folder"),
        ("in/left/*.webp", RATE, r"^\*\.webp: no file has such a name; quote the pattern"),
    ],
)
def test_what_names_nothing_is_told(
    folder: Path, text: str, rate: Fraction | None, said: str
) -> None:
    ((_, error),) = find_footage([Path(text)], is_recursive=False, rate=rate)
    with pytest.raises(SourceError, match=said):
        raise error or AssertionError("no error")


def test_a_rate_that_would_do_nothing_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"--fps is the rate of pictures .* there are none"):
        found("in/a.mp4", rate=RATE)
    with pytest.raises(ConfigError, match=r"f_08\.png: is a single picture, .* such as '\*\.png'"):
        found("in/left/f_08.png", "in/left/f_09.png", rate=RATE)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("25", 25), (12.5, "25/2"), ("29.97", "2997/100"), ("30000/1001", RATE), ("1/60", "1/60")],
)
def test_rates_are_exact(text: str | float, rate: str | int | Fraction) -> None:
    assert parse_rate(text) == Fraction(rate)


@pytest.mark.parametrize("text", ["", "abc", "1/0", "nan", "inf", "0", "-5", "1001", "25.12345678"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="pictures"):
        parse_rate(text)


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(1, 60), Fraction(1000)])
def test_times_are_exact_at_any_rate(tmp_path: Path, rate: Fraction) -> None:
    formats = frozenset({Format.VIDEO, Format.JSONL})
    run(tmp_path / "out", shots(tmp_path / "in"), formats=formats, rate=rate)
    times = [place / rate for place in range(8)]
    assert video_times(tmp_path / "out/in/annotated.mp4") == times
    assert [line["pts"] for line in lines_of(tmp_path / "out/in")] == [float(t) for t in times]


def test_a_sequence_gives_every_output(tmp_path: Path) -> None:
    shots(tmp_path / "in")
    pattern = tmp_path / "in/img_%04d.png"
    wanted: dict[str, Any] = {"formats": frozenset(Format), "has_notice": False, "rate": RATE}
    (outcome,) = run(tmp_path / "out", pattern, **wanted).outcomes
    assert (outcome.error, outcome.frames, outcome.notes) == (None, 8, ())
    results = tmp_path / "out/img"
    assert outcome.folder == results
    assert {path.name for path in results.iterdir()} == {*FILE_NAMES.values(), MANIFEST_NAME}
    times = [place / RATE for place in range(8)]
    assert video_times(results / "annotated.mp4") == times
    lines = lines_of(results)
    assert [line["frame"] for line in lines] == list(range(8))
    assert [line["pts"] for line in lines] == [round(float(time), 6) for time in times]
    assert {line["source"] for line in lines} == {"img_%04d.png"}
    assert len(list((results / "crops").rglob("*-before.png"))) == 8
    for place, image in enumerate(video_images(results / "annotated.mp4")):
        shown = image[-12:, :12].astype(int) - picture(7 * place, 64, 48)[-12:, :12, ::-1]
        assert np.abs(shown).mean() < 25, "and in order"


def test_without_a_video_elan_has_none_to_open(tmp_path: Path) -> None:
    formats = frozenset({Format.EAF})
    run(tmp_path / "out", shots(tmp_path / "in"), rate=RATE, formats=formats)
    assert "MEDIA_DESCRIPTOR" not in (tmp_path / "out/in/labels.eaf").read_text()


def test_the_manifest_tells_which_pictures_at_which_rate(tmp_path: Path) -> None:
    folder = shots(tmp_path / "take.2", 3)
    run(tmp_path / "out", folder, rate=RATE)
    facts = manifest_of(tmp_path / "out/take.2")["input"]
    names = ["img_0001.png", "img_0002.png", "img_0003.png"]
    assert (facts["name"], facts["fps"], facts["pictures"]) == ("take.2", "30000/1001", names)
    contents = [(folder / name).read_bytes() for name in names]
    assert facts["bytes"] == sum(map(len, contents))
    digests = [hashlib.sha256(content).hexdigest() for content in contents]
    listed = "".join(f"{one}  {name}\n" for one, name in zip(digests, names, strict=True))
    assert facts["sha256"] == hashlib.sha256(listed.encode()).hexdigest()


@pytest.mark.parametrize(
    ("start_s", "end_s", "every", "places"),
    [
        ("0", None, 1, [0, 1, 2, 3, 4, 5, 6, 7]),
        ("0.3", "0.6", 1, [3, 4, 5]),
        ("0.25", None, 2, [3, 5, 7]),
    ],
)
def test_parts_are_chosen_by_time(
    tmp_path: Path, start_s: str, end_s: str | None, every: int, places: list[int]
) -> None:
    selection = Selection(Fraction(start_s), None if end_s is None else Fraction(end_s), every)
    folder = shots(tmp_path / "in")
    run(tmp_path / "out", folder, rate=Fraction(10), selection=selection)
    lines = lines_of(tmp_path / "out/in")
    assert [line["pts"] for line in lines] == [place / 10 for place in places]
    assert [line["frame"] for line in lines] == [place - places[0] for place in places]


def test_a_part_in_which_there_is_nothing_is_told(tmp_path: Path) -> None:
    selection = Selection(Fraction(3))
    folder = shots(tmp_path / "in")
    (outcome,) = run(tmp_path / "out", folder, rate=Fraction(10), selection=selection).outcomes
    assert str(outcome.error) == "in: no frame begins at 3 s or later; it lasts 0.800 s"


def test_pictures_that_cannot_be_read_are_missing_and_told(tmp_path: Path) -> None:
    folder = shots(tmp_path / "in")
    (folder / "img_0003.png").write_bytes(b"")
    whole = (folder / "img_0006.png").read_bytes()
    (folder / "img_0006.png").write_bytes(whole[: len(whole) // 2])
    formats = frozenset({Format.JSONL, Format.VIDEO})
    (outcome,) = run(tmp_path / "out", folder, rate=RATE, formats=formats).outcomes
    assert (outcome.error, outcome.frames) == (None, 6)
    (note,) = outcome.notes
    assert note == (
        "2 of 8 pictures could not be read, so frames are missing: "
        "img_0003.png: is empty (0 bytes); copy it again"
    )
    assert [line["frame"] for line in lines_of(tmp_path / "out/in")] == [0, 1, 3, 4, 6, 7]
    times = [place / RATE for place in (0, 1, 3, 4, 6, 7)]
    assert video_times(tmp_path / "out/in/annotated.mp4") == times
    result = manifest_of(tmp_path / "out/in")["result"]
    assert (result["damaged_packets"], result["notes"]) == (2, [note])


def test_nothing_but_bad_pictures_is_an_error(tmp_path: Path) -> None:
    folder = shots(tmp_path / "in", 3)
    for path in folder.iterdir():
        path.write_bytes(b"")
    summary = run(tmp_path / "out", folder, rate=RATE)
    assert str(summary.outcomes[0].error) == "in: none of 3 pictures can be read"
    assert summary.exit_code == 1


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((1, 2, 3, 5, 9), "lacks 4 of its numbers, the first after img_3.png"),
        ((0, 10, 20, 30), None),
        ((0, 10, 30), "lacks 1 of its numbers, the first after img_10.png"),
    ],
)
def test_numbers_that_are_left_out_are_told(
    tmp_path: Path, numbers: tuple[int, ...], said: str | None
) -> None:
    shoot(tmp_path / "in", *(f"img_{number}.png" for number in numbers))
    (outcome,) = run(tmp_path / "out", tmp_path / "in/img_%d.png").outcomes
    assert [note.partition(":")[0] for note in outcome.notes] == ([said] if said else [])
    times = [line["pts"] for line in lines_of(tmp_path / "out/img")]
    assert times == [place / 25 for place in range(len(numbers))]


def test_pictures_of_several_sizes_keep_their_pixels(tmp_path: Path) -> None:
    folder = shoot(tmp_path / "in", "1.png", "2.png")
    shoot(folder, "3.png", width=48, height=96)
    formats = frozenset({Format.JSONL, Format.VIDEO})
    (outcome,) = run(tmp_path / "out", folder, rate=RATE, formats=formats).outcomes
    assert (outcome.error, outcome.frames) == (None, 3)
    (note,) = outcome.notes
    assert note.startswith("has pictures of 2 sizes")
    assert "64x48, the size of the first" in note
    images = video_images(tmp_path / "out/in/annotated.mp4")
    assert {image.shape for image in images} == {(48, 64, 3)}
    assert images[2][:, :16].max() < 40 < images[2][:, 24:40].mean(), "upright, between black bars"


def test_depths_and_channels_make_no_difference(tmp_path: Path) -> None:
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1))
    gray, wide = np.dstack([ramp] * 3), ramp.astype(np.uint16) * 257
    alpha = np.full_like(ramp, 255)
    kinds: dict[str, np.ndarray] = {
        "gray.png": ramp,
        "gray16.png": wide,
        "rgb.png": gray,
        "rgb16.png": np.dstack([wide] * 3),
        "rgba.png": np.dstack([ramp, ramp, ramp, alpha]),
        "rgba16.png": np.dstack([wide, wide, wide, np.full_like(wide, 65535)]),
        "gray.jpg": ramp,
        "gray16.tiff": wide,
        "gray.bmp": ramp,
    }
    for name, image in kinds.items():
        cv2.imwrite(str(tmp_path / name), image)
        read = read_picture(tmp_path / name).image.astype(int)
        assert np.abs(read - gray).max() <= 2, name


def test_jpegs_are_turned_as_their_cameras_were(tmp_path: Path) -> None:
    image = picture(0, 64, 48)
    image[:24, :32] = 255
    folder = tmp_path / "in"
    folder.mkdir()
    for orientation in (1, 3, 6, 8):
        path = folder / f"{orientation}.jpg"
        path.write_bytes(with_orientation(cv2.imencode(".jpg", image)[1].tobytes(), orientation))
        upright = cv2.imread(str(path))  # OpenCV follows the tag
        assert upright is not None
        read = read_picture(path).image
        assert read.shape == upright.shape
        assert np.abs(read.astype(int) - upright[..., ::-1]).mean() < 4, orientation
    (outcome,) = run(tmp_path / "out", folder, rate=RATE).outcomes
    assert (outcome.frames, outcome.error) == (4, None)
    assert outcome.notes[-1].startswith("has pictures of 2 sizes"), "64x48 and 48x64"


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """A JPEG whose EXIF data say how the camera was held."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    exif = b"Exif\0\0" + struct.pack("<2sHIH", b"II", 42, 8, 1) + entry + bytes(4)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]


def test_an_interrupted_sequence_is_done_again_and_a_finished_one_left(tmp_path: Path) -> None:
    folder = shots(tmp_path / "in")
    formats = frozenset({Format.JSONL, Format.CSV, Format.VIDEO})
    wanted: dict[str, Any] = {"rate": RATE, "formats": formats}
    run(tmp_path / "whole", folder, **wanted)
    broken = run(tmp_path / "out", folder, fails_at=5, **wanted)
    assert broken.exit_code == 3
    assert (tmp_path / "out/in/frames.partial.jsonl").exists()
    (outcome,) = run(tmp_path / "out", folder, is_resumed=True, **wanted).outcomes
    assert (outcome.error, outcome.is_resumed) == (None, False)
    for name in ("frames.jsonl", "frames.csv", "annotated.mp4"):
        one, other = (tmp_path / out / "in" / name for out in ("whole", "out"))
        assert one.read_bytes() == other.read_bytes()
    (outcome,) = run(tmp_path / "out", folder, is_resumed=True, **wanted).outcomes
    assert outcome.is_resumed


def test_other_pictures_or_another_rate_are_not_taken_for_finished(tmp_path: Path) -> None:
    folder = shots(tmp_path / "in")
    run(tmp_path / "out", folder, rate=RATE)
    with pytest.raises(ConfigError, match="in: holds results of another rate of pictures"):
        run(tmp_path / "out", folder, rate=Fraction(25), is_resumed=True)
    (folder / "img_0008.png").rename(folder / "img_0009.png")
    with pytest.raises(ConfigError, match="in: holds results of other pictures"):
        run(tmp_path / "out", folder, rate=RATE, is_resumed=True)


def test_a_picture_that_changes_meanwhile_is_noticed(tmp_path: Path) -> None:
    folder = shots(tmp_path / "in")

    def spoil(_: object) -> None:
        (folder / "img_0002.png").write_bytes(b"other")

    options = ExportOptions(formats=JSONL, rate=RATE)
    summary = export([folder], tmp_path / "out", lambda: [FixedFace()], options, on_progress=spoil)
    error = str(summary.outcomes[0].error)
    assert error.startswith("img_0002.png: changed while it was read")
    assert not (tmp_path / "out/in/manifest.json").exists()


def test_results_never_go_among_the_pictures_of_a_folder(tmp_path: Path) -> None:
    folder = shots(tmp_path / "in")
    with pytest.raises(ConfigError, match="in: holds the input in; choose another folder"):
        run(tmp_path, folder, rate=RATE)


def test_videos_and_sequences_go_together(tmp_path: Path) -> None:
    folder = shots(tmp_path / "in")
    clip = Clip(width=64, height=48).make(tmp_path / "clip.mp4")
    outcomes = run(tmp_path / "out", clip, folder, folder / "img_%04d.png", rate=RATE).outcomes
    assert [(one.folder.name, one.frames) for one in outcomes] == [
        ("clip", 25),
        ("in", 8),
        ("img", 8),
    ]
