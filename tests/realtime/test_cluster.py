"""The parts of an export on a cluster that need none."""

from __future__ import annotations

from pathlib import Path

import pytest

import srfer
from srfer.cli import main
from srfer.engines import load
from srfer.errors import ConfigError, SourceError, SourceFault
from srfer.realtime import AnalysisOptions
from srfer.realtime.cluster import Cluster, ModelRecipe
from srfer.realtime.cluster.attempts import new_attempt, publish, sweep
from srfer.realtime.cluster.messages import pack, unpack
from srfer.realtime.cluster.work import Facts, Seen, find_difference, find_missing
from srfer.realtime.footage import Footage
from srfer.realtime.jobs import Job
from srfer.realtime.outcome import ExportOutcome
from tests.clips import Clip, ticks_25


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("ray://127.0.0.1:1", "connection refused"),
        ("ray://nowhere.invalid:10001", "name or service not known"),
    ],
)
def test_a_cluster_that_is_not_there_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], address: str, reason: str
) -> None:
    pytest.importorskip("grpc")
    clip = Clip(ticks=ticks_25(2)).make(tmp_path / "a.mp4")
    with pytest.raises(SystemExit) as ending:
        main(["export", str(clip), "--out", str(tmp_path / "out"), "--cluster", address])
    assert ending.value.code == 1
    talk = capsys.readouterr().err
    assert talk.startswith(f"error: {address}: no cluster answers (")
    assert "check the address, and that `ray start --head` runs there" in talk
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "address",
    ["", "lokal", "ray://", "ray://a:b", "ray://a:1/b", "ray://me:secret@a:1", "http://a:1"],
)
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match=r"give local, or ray://HOST:PORT of its head") as caught:
        Cluster(address)
    assert "secret" not in str(caught.value)


def test_what_a_video_reserves_has_to_be_possible() -> None:
    with pytest.raises(ConfigError, match="1 core or more, not 0"):
        Cluster("local", cpus=0)
    with pytest.raises(ConfigError, match="0 GPUs or more, not -1"):
        Cluster("local", gpus=-1)


def test_a_loaded_model_does_not_travel(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a loaded model cannot travel: name it"):
        srfer.export(tmp_path, tmp_path / "out", model=load(), cluster="local")


def test_nodes_get_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    analysis = AnalysisOptions(tracker="yunet", tracker_model=Path("face.onnx"))
    cluster = Cluster("local", cpus=3)
    recipe = ModelRecipe.of(Path("mine.onnx"), analysis, cluster)
    assert recipe.model == str(tmp_path / "mine.onnx")
    assert recipe.analysis.tracker_model == tmp_path / "face.onnx"
    assert recipe.threads == 3
    assert ModelRecipe.of("srfer-base", analysis, cluster).model == "srfer-base"


def test_the_first_difference_is_named() -> None:
    one = Facts("1", {"model": "a", "model_sha256": "b"})
    assert find_difference(one, Facts("1", {"model_sha256": "b", "model": "a"})) is None
    assert find_difference(one, Facts("2", {})) == "srfer 1 and 2"
    other = Facts("1", {"model": "a", "model_sha256": "c"})
    assert find_difference(one, other) == "model sha256 b and c"


def test_storage_that_is_not_shared_is_noticed(tmp_path: Path) -> None:
    probe, clip = tmp_path / "probe", tmp_path / "a.mkv"
    probe.write_text("token")
    clip.write_bytes(b"1234")
    gone = tmp_path / "b.mkv"
    assert find_missing(Seen(probe, "token", [(clip, 4), (gone, None)])) == ""
    assert find_missing(Seen(probe, "token", [(clip, 5)])) == str(clip)
    assert find_missing(Seen(probe, "token", [(clip, None)])) == str(clip)
    assert find_missing(Seen(probe, "token", [(gone, 4)])) == str(gone)
    assert find_missing(Seen(probe, "other", [])) == str(tmp_path)
    assert find_missing(Seen(tmp_path / "x/probe", "token", [])) == str(tmp_path / "x")


def outcome(folder: Path, error: Exception | None) -> ExportOutcome:
    return ExportOutcome(Path("a.mkv"), folder, 5, 4, 1, 2.5, error, ("a note",), tracks=3)


@pytest.mark.parametrize(
    "error",
    [
        None,
        SourceError("a.mkv: is damaged", SourceFault.CORRUPT),
        ConfigError("no"),
        ZeroDivisionError("division by zero"),
    ],
)
def test_an_outcome_travels_as_words_and_numbers(tmp_path: Path, error: Exception | None) -> None:
    job = Job(Footage(Path("a.mkv")), tmp_path / "a")
    back = unpack(pack(outcome(tmp_path / "x", error), tmp_path / "x", job.folder), job)
    assert back.folder == job.folder
    assert back.to_record() | {"error": None} == outcome(job.folder, None).to_record()
    if error is None:
        assert back.error is None
    elif isinstance(error, ZeroDivisionError):
        assert str(back.error) == "ZeroDivisionError on a node: division by zero"
    else:
        assert (type(back.error), str(back.error)) == (type(error), str(error))
    if isinstance(error, SourceError):
        assert isinstance(back.error, SourceError)
        assert back.error.fault is error.fault


def test_an_error_speaks_of_the_folder_of_the_results(tmp_path: Path) -> None:
    attempt = new_attempt(tmp_path / "a")
    error = ConfigError(f"{attempt.name}/frames.csv: no space left")
    job = Job(Footage(Path("a.mkv")), tmp_path / "a")
    back = unpack(pack(outcome(attempt, error), attempt, job.folder), job)
    assert str(back.error) == "a/frames.csv: no space left"


def test_what_an_attempt_made_replaces_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    for name in ("frames.csv", "labels.srt", "mine.txt"):
        (folder / name).write_text("old")
    attempt = new_attempt(folder)
    (attempt / "crops/track-0001").mkdir(parents=True)
    (attempt / "crops/track-0001/frame-000001-after.png").write_text("new")
    for name in ("frames.csv", "frames.partial.jsonl", "manifest.json"):
        (attempt / name).write_text("new")
    publish(attempt, folder)
    assert {
        str(path.relative_to(tmp_path)): path.read_text()
        for path in tmp_path.rglob("*")
        if path.is_file()
    } == {
        "a/crops/track-0001/frame-000001-after.png": "new",
        "a/frames.csv": "new",
        "a/frames.partial.jsonl": "new",
        "a/manifest.json": "new",
        "a/mine.txt": "old",
    }
    assert list(tmp_path.iterdir()) == [folder]


def test_an_attempt_that_never_began_leaves_what_was_there(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "frames.csv").write_text("old")
    publish(new_attempt(folder), folder)
    assert (folder / "frames.csv").read_text() == "old"


def test_only_attempts_at_these_inputs_are_swept(tmp_path: Path) -> None:
    mine, other = new_attempt(tmp_path / "a"), new_attempt(tmp_path / "b")
    for folder in (mine, other, tmp_path / ".srfer-attempt-mine", tmp_path / "a"):
        folder.mkdir()
    sweep(tmp_path, [tmp_path / "a"])
    assert {path.name for path in tmp_path.iterdir()} == {other.name, ".srfer-attempt-mine", "a"}
