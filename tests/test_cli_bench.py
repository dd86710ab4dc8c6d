"""`srfer bench`, as people run it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from srfer.cli import main
from tests.clips import Clip
from tests.realtime.bench.fakes import Script, report_of


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run `srfer bench` in this process; gives exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as ending:
        main(["bench", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    return int(ending.value.code or 0), captured.out, captured.err


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """A second without a face."""
    return Clip().make(tmp_path / "clip.mp4")


QUICK = ("--seconds", 2, "--warm-up", 0, "--detect-px", 160, "--max-fps", 5)


def test_json_goes_to_stdout_and_talk_to_stderr(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.html"
    code, data, talk = run(capsys, clip, "--streams", 2, *QUICK, "--json", "-", "--html", page)
    assert code == 0
    record = json.loads(data)
    assert record["format"] == "srfer-bench-1"
    assert [stream["name"] for stream in record["streams"]] == ["1 clip.mp4", "2 clip.mp4"]
    assert record["capacity"] is None
    assert record["settings"]["max_fps"] == 5
    assert "2 streams for 0 + 2 s" in talk
    assert "1 clip.mp4" in talk  # the tables
    ElementTree.fromstring(page.read_text(encoding="utf-8").partition("\n")[2])


def test_without_a_source_video_is_made_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    code, _, _ = run(capsys, *QUICK, "--quiet", "--json", path)
    assert code == 0
    record = json.loads(path.read_text(encoding="utf-8"))
    (scene,) = record["settings"]["sources"]
    assert scene.startswith("synthetic:faces=2,")
    assert record["streams"][0]["name"] == f"1 {scene}"
    assert record["streams"][0]["source_fps"] == 15


def test_capacity_is_found_and_progress_told(
    clip: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "capacity.json"
    code, data, talk = run(
        *(capsys, clip, "--find-capacity", "--target-fps", 2, "--max-drops", "90%", "--most", 1),
        *("--max-age-ms", 60000, *QUICK[:-2], "--json", path),
    )
    assert code == 0
    assert "This machine carries 1 stream, the most that were tried" in data
    assert "trying 1 stream for" in talk
    assert "1 stream: holds" in talk
    record = json.loads(path.read_text(encoding="utf-8"))
    assert record["capacity"]["streams"] == 1
    assert len(record["capacity"]["trials"]) == 2
    assert record["capacity"]["target"]["max_drop_share"] == 0.9
    assert record["settings"]["effort"] == "full"  # the same work in every trial
    assert record["settings"]["max_fps"] == 2


def test_reports_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = []
    for number, age_ms in enumerate((20.0, 30.0)):
        paths.append(tmp_path / f"{number}.json")
        report = report_of([Script(latency_ms=lambda _, age_ms=age_ms: age_ms)])  # type: ignore[misc]
        paths[-1].write_text(json.dumps(report.to_record()))
    code, data, _ = run(capsys, "--compare", *paths)
    assert code == 0
    assert "worse" in data
    other = json.loads(paths[1].read_text())
    other["machine"]["cores"] = 64
    paths[1].write_text(json.dumps(other))
    code, data, talk = run(capsys, "--compare", *paths)
    assert (code, data) == (2, "")
    assert talk.startswith("error: the reports are of different machines (cores: 2 / 64)")
    code, data, _ = run(capsys, "--compare", *paths, "--force")
    assert code == 0
    assert "note: different machines" in data


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--max-drops", "150%"), "no share"),
        (("--max-drops", "few"), "no share"),
        (("--find-capacity", "--unpaced"), "leave --unpaced"),
        (("--find-capacity", "--streams", 2), "leave --streams"),
        (("--find-capacity", "--target-fps", 5, "--max-fps", 5), "leave --max-fps"),
        (("--target-fps", 5), "add --find-capacity"),
        (("--seconds", 0), "seconds must be 2 to"),
        (("--json", "absent/folder/a.json"), "make it first"),
        (("--html", "."), "is a folder"),
        (("--json", "a.out", "--html", "./a.out"), "a.out cannot hold both"),
        (("other.mp4", "--streams", 1), "some sources would not be measured"),
    ],
)
def test_usage(
    clip: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[object, ...], said: str
) -> None:
    code, data, talk = run(capsys, clip, *arguments)
    assert (code, data) == (2, "")
    assert said in talk


def test_a_password_in_an_address_is_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.json"
    code, data, talk = run(
        capsys, "rtsp://admin:hunter2-canary@127.0.0.1:1/live", *QUICK, "--json", path, "--debug"
    )
    assert code in {1, 2}
    assert data == ""
    assert "hunter2-canary" not in talk
    assert not path.exists()
