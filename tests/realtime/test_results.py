"""The Python front door of the export, and what it left as tables."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import srfer
from srfer.errors import ConfigError
from srfer.realtime.export import ExportOptions, export
from srfer.realtime.formats import Format
from tests.clips import Clip, ticks_25
from tests.moods import Moods, in_turn


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    clips = [Clip(ticks=ticks_25(6 + i)).make(folder / f"{i}.mp4") for i in range(2)]
    formats = frozenset({Format.JSONL, Format.CSV, Format.PARQUET})
    script = in_turn(1, ["fear", "anger"], 3)
    export(clips, folder / "out", lambda: [Moods(script)], ExportOptions(formats=formats))
    return folder / "out"


def test_pandas_has_the_columns_and_rows_of_the_csv(out: Path) -> None:
    found = srfer.results(out)
    assert len(found) == 2
    table = found.to_pandas()
    assert len(table) == 6 + 7
    with (out / "0/frames.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(table.columns) == list(rows[0])
    first = table[table["source"] == "0.mp4"]
    assert [str(label) for label in first["label"]] == [row["label"] for row in rows]
    assert list(first["fear"]) == [float(row["fear"]) for row in rows]
    assert table["track"].dtype == "Int64"


def test_arrow_equals_the_parquet_files(out: Path) -> None:
    table = srfer.results(out / "1").to_arrow()
    assert table.equals(pq.read_table(out / "1/frames.parquet"))


def test_manifests_and_records(out: Path) -> None:
    found = srfer.results(out)
    assert [manifest["result"]["frames"] for manifest in found.manifests()] == [6, 7]
    lines = (out / "0/frames.jsonl").read_text().splitlines()
    assert list(srfer.results(out / "0").records()) == [json.loads(line) for line in lines]


def test_a_folder_without_finished_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"holds no finished results with frames\.jsonl"):
        srfer.results(tmp_path)


def test_export_from_python_is_that_of_the_command(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        Clip(ticks=ticks_25(10)).make(tmp_path / name)
    formats = ["jsonl", "srt"]
    part: dict[str, float] = {"start_s": 0.1, "end_s": 0.3}
    summary = srfer.export(tmp_path / "*.mp4", tmp_path / "out", formats=formats, **part)  # type: ignore[arg-type]
    assert [outcome.frames for outcome in summary.outcomes] == [5, 5]
    settings = srfer.results(tmp_path / "out").manifests()[0]["settings"]
    assert Fraction(settings["start_s"]) == Fraction(1, 10)
    assert settings["formats"] == formats
    again = srfer.export(
        [tmp_path / "a.mp4"],
        tmp_path / "out",
        formats="jsonl,srt",  # as on the command line
        resume=True,
        **part,  # type: ignore[arg-type]
    )
    assert again.outcomes[0].is_resumed


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"formats": ["xml"]}, "unknown format 'xml'"),
        ({"video_codec": "vp9"}, "unknown video codec 'vp9'; choose from h264, hevc, av1"),
        ({"anonymize": "mask"}, "unknown way to anonymize 'mask'; choose from blur, pixelate"),
        ({"end_s": -1}, "must be after the start"),
    ],
)
def test_wrong_options_are_refused(
    tmp_path: Path, options: dict[str, str | Sequence[str]], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        srfer.export(tmp_path / "a.mp4", tmp_path / "out", **options)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()
