"""Every format says the same as the JSON lines, in a form that its readers understand."""

from __future__ import annotations

import csv
import json
import re
import xml.etree.ElementTree as ET
from contextlib import ExitStack
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import av
import cv2
import pyarrow.parquet as pq
import pytest

import srfer
from srfer import __version__
from srfer.errors import ConfigError, ExportError
from srfer.realtime import Frame, TrackState
from srfer.realtime.export import ExportOptions, export
from srfer.realtime.formats import FILE_NAMES, Format, parse_formats
from srfer.realtime.sinks import (
    CsvSink,
    FaceFields,
    FexSink,
    JsonlSink,
    ParquetSink,
    ReportSink,
    SegmentSink,
)
from srfer.realtime.sinks.codecs import VideoCodec
from srfer.realtime.sinks.eaf import Media, to_eaf
from srfer.realtime.sinks.pyfeat import COLUMNS
from srfer.realtime.sinks.subtitles import to_srt
from srfer.realtime.sinks.timeline import Timeline
from srfer.realtime.stage import Sink
from tests.clips import Clip, picture, ticks_25, video_times
from tests.moods import Mood, Moods, Script, acted

TURNS = ("happiness", "fear", "neutral")
COUNT = 60
NUMBERS_ONLY = frozenset(Format) - {Format.VIDEO}


def two_faces(index: int) -> dict[int, Mood]:
    moods = {1: Mood(TURNS[index // 20], 0.45 if index // 20 == 1 else 0.8)}
    if 10 <= index < 50:
        hidden = 30 <= index < 35
        moods[2] = Mood("anger", px=12, state=TrackState.LOST if hidden else TrackState.TRACKED)
    return moods


def run(folder: Path, script: Script = two_faces, name: str = "a.mp4", **options: Any) -> Path:
    """Export a clip; gives the folder of its results."""
    clip = Clip(ticks=ticks_25(COUNT), width=64, height=80).make(folder / "made.mp4")
    clip = clip.rename(folder / name)
    options.setdefault("settings", {"model": "a-model --> <b>"})
    (outcome,) = export(
        [clip], folder / "out", lambda: [Moods(script)], ExportOptions(**options)
    ).outcomes
    assert outcome.error is None
    return outcome.folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("formats"), formats=frozenset(Format))


def records(results: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (results / "frames.jsonl").read_text().splitlines()]


def test_all_formats_at_once_are_all_there(results: Path) -> None:
    names = {path.name for path in results.iterdir()}
    assert names == {*FILE_NAMES.values(), "manifest.json"}
    manifest = json.loads((results / "manifest.json").read_text())
    assert set(manifest["outputs_bytes"]) == set(FILE_NAMES.values())
    assert all(manifest["outputs_bytes"].values())
    assert manifest["result"]["tracks"] == 2
    assert manifest["result"]["expressions_s"]["happiness"] == pytest.approx(0.8)
    assert manifest["result"]["expressions_s"]["fear"] == 0
    assert manifest["result"]["unsure_s"] == pytest.approx(0.8)


def test_parquet_equals_the_csv_and_says_what_made_it(results: Path) -> None:
    table = pq.read_table(results / "frames.parquet")
    with (results / "frames.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert table.schema.names == list(rows[0])
    found = table.to_pylist()
    assert len(found) == len(rows) == 100
    for one, row in zip(found, rows, strict=True):
        assert {name: "" if value is None else str(value) for name, value in one.items()} == row
    made_by = json.loads(table.schema.metadata[b"srfer"])
    assert (made_by["srfer"], made_by["model"]) == (__version__, "a-model --> <b>")


SRT_CUE = re.compile(r"(\d+)\n(\S+) --> (\S+)\n(.+)\n")


def seconds(clock: str) -> Fraction:
    hours, minutes, rest = clock.replace(",", ".").split(":")
    return Fraction(hours) * 3600 + Fraction(minutes) * 60 + Fraction(rest)


EXPECTED = [
    ("#1 happiness", "0.0", "0.8"),
    ("#2 anger", "0.4", "2.0"),
    ("#1 unsure (fear)", "0.8", "1.6"),
    ("#1 neutral", "1.6", "2.4"),
]


def test_subrip(results: Path) -> None:
    cues = SRT_CUE.findall((results / "labels.srt").read_text())
    assert [int(number) for number, *_ in cues] == [1, 2, 3, 4]
    assert [(text, seconds(start), seconds(end)) for _, start, end, text in cues] == [
        (text, Fraction(start), Fraction(end)) for text, start, end in EXPECTED
    ]


@pytest.mark.parametrize("name", ["labels.srt", "labels.vtt", "labels.ass"])
def test_ffmpeg_reads_the_subtitles(results: Path, name: str) -> None:
    with av.open(str(results / name)) as container:
        packets = [p for p in container.demux(container.streams.subtitles[0]) if p.size]
    assert len(packets) == len(EXPECTED)
    for packet, (text, start, end) in zip(packets, EXPECTED, strict=True):
        assert packet.pts is not None
        assert packet.duration is not None
        assert text in bytes(packet).decode().replace("&gt;", ">")
        assert packet.pts * packet.time_base == Fraction(start)
        assert packet.duration * packet.time_base == Fraction(end) - Fraction(start)


def test_webvtt_says_what_made_it_in_a_comment_that_ends(results: Path) -> None:
    header, note, cue, *_ = (results / "labels.vtt").read_text().split("\n\n")
    assert header == "WEBVTT"
    assert note.startswith("NOTE ")
    assert "a-model" in note
    assert "-->" not in note, "or it would be a cue"
    assert cue == "00:00:00.000 --> 00:00:00.800\n<v #1>#1 happiness"


def test_elan_has_a_tier_for_each_face_and_the_right_times(results: Path) -> None:
    root = ET.parse(results / "labels.eaf").getroot()
    times = {
        slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE", "-1"))
        for slot in root.iter("TIME_SLOT")
    }
    assert list(times.values()) == sorted(times.values())
    found = {
        tier.get("TIER_ID"): [
            (
                one.findtext("ANNOTATION_VALUE"),
                times[one.get("TIME_SLOT_REF1")],
                times[one.get("TIME_SLOT_REF2")],
            )
            for one in tier.iter("ALIGNABLE_ANNOTATION")
        ]
        for tier in root.iter("TIER")
    }
    assert found == {
        "face 1": [("happiness", 0, 800), ("unsure (fear)", 800, 1600), ("neutral", 1600, 2400)],
        "face 2": [("anger", 400, 2000)],
    }
    (media,) = root.iter("MEDIA_DESCRIPTOR")
    assert (results / str(media.get("RELATIVE_MEDIA_URL"))).is_file()
    order = [child.tag for child in root]
    assert order == ["HEADER", "TIME_ORDER", "TIER", "TIER", "LINGUISTIC_TYPE"]


def test_without_the_video_elan_opens_the_input(tmp_path: Path) -> None:
    results = run(tmp_path, formats=frozenset({Format.EAF}), name="my clip.mp4")
    (media,) = ET.parse(results / "labels.eaf").getroot().iter("MEDIA_DESCRIPTOR")
    assert media.get("MEDIA_URL") == "../../my%20clip.mp4"
    assert media.get("MIME_TYPE") == "video/mp4"


def test_there_is_a_crop_before_and_after_for_every_reading(results: Path) -> None:
    expected = {
        f"track-{face['track']:04d}/frame-{record['frame']:06d}-{what}.png"
        for record in records(results)
        for face in record["faces"]
        if face["label"] is not None
        for what in ("before", "after")
    }
    folder = results / "crops"
    found = {str(path.relative_to(folder)) for path in folder.rglob("*.png")}
    assert found == expected
    for what in ("before", "after"):
        image = cv2.imread(
            str(folder / f"track-0001/frame-000007-{what}.png"), cv2.IMREAD_UNCHANGED
        )
        assert image is not None
        assert image.shape == (48, 48)


class Page(HTMLParser):
    """Checks that elements are closed, and notes what a page refers to and shows."""

    void = frozenset({"meta", "br", "img", "rect", "line"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.text = ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        self.links += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.void or tag == "rect":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag == "rect" and self.open[-1] != "rect":
            return
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data.replace("\N{NO-BREAK SPACE}", " ")


def test_the_report_is_one_file_that_loads_nothing(results: Path) -> None:
    page = Page((results / "report.html").read_text())
    assert all(link.startswith("data:image/jpeg;base64,") for link in page.links)
    assert len(page.links) == 4, "face 1 in three expressions, face 2 in one"
    assert "60 frames of 64\N{MULTIPLICATION SIGN}80, 2.40 s, 2 faces followed" in page.text
    assert "unsure (fear), 0.80 to 1.60 s, 45%" in page.text
    assert "Not read, or not surely, in 33.3% of its 60 frames" in page.text
    assert "hidden in 12.5%" in page.text
    assert "a-model --> <b>" in page.text


def test_the_batch_has_a_page_that_leads_to_the_reports(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>.mp4"
    results = run(tmp_path, formats=frozenset({Format.HTML}), name=name.replace("/", "-"))
    page = Page((tmp_path / "out/index.html").read_text())
    assert "1 of 1 video" in page.text
    (link,) = page.links
    assert (tmp_path / "out" / unquote(link)).samefile(results / "report.html")


def test_what_failed_is_on_the_page_of_the_batch(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(3)).make(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_text("no video")
    options = ExportOptions(formats=frozenset({Format.HTML}))
    export([clip, tmp_path / "b.mp4"], tmp_path / "out", lambda: [Moods(two_faces)], options)
    page = Page((tmp_path / "out/index.html").read_text())
    assert "1 of 2 videos" in page.text
    assert "b.mp4: is not a video" in page.text


def test_a_video_without_faces_has_all_its_files(tmp_path: Path) -> None:
    results = run(tmp_path, lambda index: {}, formats=NUMBERS_ONLY)
    assert "No face was found" in Page((results / "report.html").read_text()).text
    assert (results / "labels.srt").read_text() == ""
    assert (results / "labels.vtt").read_text().startswith("WEBVTT\n\nNOTE ")
    assert pq.read_table(results / "frames.parquet").num_rows == 0
    assert list((results / "crops").iterdir()) == []
    assert ET.parse(results / "labels.eaf").getroot().find("TIER") is None


def test_a_crowd_does_not_make_a_page_that_nobody_can_open(tmp_path: Path) -> None:
    def crowd(index: int) -> dict[int, Mood]:
        return {number: Mood() for number in range(5 * index + 1, 5 * index + 6)}

    results = run(tmp_path, crowd, formats=frozenset({Format.HTML}))
    page = Page((results / "report.html").read_text())
    assert "300 faces were followed; the first 100 are shown here" in page.text
    assert len(page.links) == 100


def test_py_feat_names(tmp_path: Path) -> None:
    script: Script = lambda index: two_faces(index) if index % 2 else {}  # noqa: E731
    formats = frozenset({Format.PYFEAT, Format.JSONL})
    results = run(tmp_path, script, formats=formats)
    with (results / "fex.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    emotions = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
    boxes = ["FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore"]
    own = {"contempt", "pts"}
    assert set(rows[0]) == {*emotions, *boxes, "frame", "input", "Identity"} | own
    frames = [record for record in records(results) for _ in record["faces"] or [None]]
    assert [int(row["frame"]) for row in rows] == [record["frame"] for record in frames]
    without = [row for row in rows if not int(row["frame"]) % 2]
    assert without
    assert all(row[name] == "" for row in without for name in (*emotions, *boxes))
    (first, *_) = [row for row in rows if int(row["frame"]) == 1]
    assert [float(first[name]) for name in boxes] == [20, 30, 40, 40, 0.9]
    assert float(first["happiness"]) == pytest.approx(0.8)


def test_what_is_asked_for_besides_is_in_both_tables(tmp_path: Path) -> None:
    fields = FaceFields(landmarks=True, mesh=True, blendshapes=True)
    formats = frozenset({Format.CSV, Format.PYFEAT, Format.PARQUET, Format.JSONL})
    results = run(tmp_path, formats=formats, fields=fields)
    table = pq.read_table(results / "frames.parquet")
    with (results / "frames.csv").open(newline="") as file:
        header = next(csv.reader(file))
    assert table.schema.names == header == list(srfer.results(results).to_pandas().columns)
    assert {"nose_x", "mesh_477_z", "blendshape_jawOpen"} <= set(header)
    assert table["nose_x"].null_count == table.num_rows, "nobody measured it"
    with (results / "fex.csv").open(newline="") as file:
        assert tuple(next(csv.reader(file))) == COLUMNS
    with pytest.raises(ConfigError, match="py-feat's names have none"):
        ExportOptions(fields=fields, formats=frozenset({Format.PYFEAT, Format.VIDEO}))


@pytest.mark.parametrize("codec", VideoCodec)
def test_every_codec_keeps_times_and_says_what_it_is(tmp_path: Path, codec: VideoCodec) -> None:
    results = run(tmp_path, formats=frozenset({Format.VIDEO}), codec=codec)
    assert video_times(results / "annotated.mp4") == video_times(tmp_path / "a.mp4")
    with av.open(str(results / "annotated.mp4")) as container:
        assert container.streams.video[0].codec.canonical_name == codec
        assert json.loads(container.metadata["comment"])["srfer"] == __version__
        keys = [p.pts for p in container.demux(video=0) if p.is_keyframe]
    assert len(keys) == 3, "one a second"


def test_formats_are_named_in_a_list() -> None:
    assert parse_formats(" csv, SRT,") == {Format.CSV, Format.SRT}
    with pytest.raises(ConfigError, match="unknown format 'xml'; choose from video, jsonl"):
        parse_formats("csv,xml")
    with pytest.raises(ConfigError, match="no format is named"):
        parse_formats(" , ")
    with pytest.raises(ConfigError, match="nothing to write"):
        ExportOptions(formats=frozenset())


def no_room(path: Path, timeline: Timeline) -> dict[Format, Sink]:
    media = Media("a.mp4", "video/mp4", "2026-01-01T00:00:00+00:00")
    return {
        Format.JSONL: JsonlSink(path),
        Format.CSV: CsvSink(path),
        Format.PYFEAT: FexSink(path),
        Format.PARQUET: ParquetSink(path),
        Format.SRT: SegmentSink(path, timeline, to_srt, "x"),
        Format.EAF: SegmentSink(path, timeline, lambda shown, by: to_eaf(shown, by, [1, 2], media)),
        Format.HTML: ReportSink(path, timeline, "a"),
    }


def fill(*sinks: Sink) -> None:
    with ExitStack() as entered:
        for sink in sinks:
            entered.enter_context(sink)
        for index in range(300):
            frame = Frame("a", index, 0.0, Fraction(index, 25), picture(index, 64, 80))
            for sink in sinks:
                sink.write(acted(frame, two_faces(index % COUNT)))


@pytest.mark.parametrize(
    "kind", [Format.JSONL, Format.CSV, Format.PARQUET, Format.SRT, Format.EAF, Format.HTML]
)
def test_a_full_disk_is_told_in_the_same_words_by_all(tmp_path: Path, kind: Format) -> None:
    timeline = Timeline()
    (tmp_path / "a.partial.x").symlink_to("/dev/full")
    sink = no_room(tmp_path / "a.x", timeline)[kind]
    with pytest.raises(ExportError, match=r"/a\.x: no space left on device"):
        fill(timeline, sink)
    assert not (tmp_path / "a.x").exists()
