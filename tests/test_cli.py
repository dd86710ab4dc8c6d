"""The verbs beside `export`, as people run them."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

import srfer
from srfer.cli import main
from srfer.engines import load
from srfer.training.evaluate import EVALUATED_PX
from srfer.training.recipe import RECIPES
from tests.training.toy import write_toy_data


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Run a command in this process; gives exit code, stdout and stderr."""
    with pytest.raises(SystemExit) as ending:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return int(ending.value.code or 0), captured.out, captured.err


@pytest.mark.parametrize("group", [(), ("model",), ("engine",)])
def test_help_is_whole_and_in_words(
    capsys: pytest.CaptureFixture[str], group: tuple[str, ...]
) -> None:
    code, listed, _ = run(capsys, *group, "--help")
    assert code == 0
    lines = listed.partition("Commands:")[2].splitlines()
    assert all(line.endswith(".") and not line.endswith("...") for line in lines if line)
    for verb in (line.split()[0] for line in lines if line):
        code, explained, _ = run(capsys, *group, verb, "--help")
        assert code == 0
        assert "typing." not in explained
        assert "object at" not in explained


def test_demo_makes_what_it_promises(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, data, talk = run(capsys, "demo", "--out", tmp_path / "demo")
    assert code == 0
    clip, video, plot, folder = (Path(line) for line in data.splitlines())
    assert plot.read_bytes().startswith(b"\x89PNG")
    with av.open(str(clip)) as source, av.open(str(video)) as annotated:
        times = [[frame.time for frame in part.decode(video=0)] for part in (source, annotated)]
    assert times[0] == times[1]
    lines = (folder / "frames.jsonl").read_text().splitlines()
    assert len(lines) == len(times[0])
    faces = [json.loads(line)["faces"] for line in lines]
    read = [face["native_px"] for found in faces for face in found if face["native_px"]]
    assert max(read) > 140
    assert min(read) < 12  # followed until it was tiny
    assert {face["track"] for found in faces for face in found} == {1}
    assert faces[0][0]["label"] == "happiness"
    assert "reads as happiness" in talk


def test_demo_in_a_place_that_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    code, data, talk = run(capsys, "demo", "--out", tmp_path / "file")
    assert code == 2
    assert data == ""
    assert talk.startswith("error: file is a file; choose a folder")
    assert len(talk.splitlines()) == 1


def test_doctor_says_what_is_missing_and_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    code, data, _ = run(capsys, "doctor")
    lines = data.splitlines()
    assert code == 0
    assert any(line.startswith("ok   device cpu") for line in lines)
    assert any(line.startswith("ok   model srfer-base") for line in lines)
    for line in lines:
        if line.startswith("-    device cuda"):
            assert "pip install onnxruntime-gpu" in line
    assert any(line.startswith("ok   extra [train]") for line in lines)


def test_doctor_examines_a_machine_on_which_opencv_cannot_be_loaded() -> None:
    code = "import sys; sys.modules['cv2'] = None; from srfer.cli import main; main(['doctor'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ""
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("FAIL pictures")]
    assert "apt-get install libgl1" in line
    assert "ok   video" in done.stdout


def test_opencv_adds_no_threads_to_those_of_the_command() -> None:
    code = (
        "import sys; sys.argv[1:] = ['doctor']\nfrom srfer.cli import main\n"
        "try: main()\nexcept SystemExit: pass\nimport cv2; print(cv2.getNumThreads())"
    )
    unset = {key: value for key, value in os.environ.items() if "OPENCV" not in key}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=unset
    )
    assert done.stdout.splitlines()[-1] == "1"


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["train", "base", "--data", "x.npz"], "train"),
        (["evaluate", "--data", "x.npz"], "train"),
        (["demo"], "demo"),
    ],
)
def test_a_verb_names_the_extra_that_it_needs(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    extra: str,
) -> None:
    monkeypatch.setattr("srfer.extras.find_spec", lambda _: None)
    code, data, talk = run(capsys, *arguments)
    assert (code, data) == (2, "")
    assert f"pip install 'srfer[{extra}]'" in talk


def test_model_info_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, data, _ = run(capsys, "model", "info")
    record = json.loads(data)
    spec = load().spec
    assert code == 0
    assert record["macs"] == spec.macs <= 60e6
    assert record["accuracy"] == {
        name: list(values) for name, values in dataclasses.asdict(spec.accuracy).items()
    }


def test_train_then_evaluate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data_file = write_toy_data(tmp_path / "toy.npz")
    recipe = (RECIPES / "base.toml").read_text()
    for old, new in (("srfer-base", "toy"), ("batch = 128", "batch = 16"), ("bf16", "fp32")):
        recipe = recipe.replace(old, new)
    lines = ["epochs = 1" if line.startswith("epochs") else line for line in recipe.splitlines()]
    (tmp_path / "toy.toml").write_text("\n".join(lines))
    run_folder = tmp_path / "run"
    code, data, talk = run(
        capsys, "train", tmp_path / "toy.toml", "--data", data_file, "--run", run_folder
    )
    assert code == 0
    model, card, log, events = (Path(line) for line in data.splitlines())
    assert list(events.glob("events.out.tfevents.*"))
    assert card.read_text().startswith("# toy 0")
    assert json.loads(log.read_text().splitlines()[-1])["step"] == 2
    assert "epoch 1, step 2 of 2" in talk
    code, data, _ = run(capsys, "evaluate", "--data", data_file, "--model", model)
    assert code == 0
    scores = [json.loads(line) for line in data.splitlines()]
    spec = srfer.load(model).spec
    for item in scores:
        expected = spec.accuracy.at(item["native_px"])
        assert item["accuracy"] == pytest.approx(expected, abs=0.07)  # 16 faces; one may flip


def test_evaluate_on_a_folder_per_expression(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for index, label in enumerate(("neutral", "happy")):
        (tmp_path / "val" / label).mkdir(parents=True)
        random = np.random.default_rng(index)
        for name in ("a.png", "b.png", "damaged.png"):
            picture = random.integers(0, 256, (64, 64, 3), np.uint8)
            cv2.imwrite(str(tmp_path / "val" / label / name), picture)
    (tmp_path / "val" / "happy" / "damaged.png").write_bytes(b"no picture")
    code, data, _ = run(capsys, "evaluate", "--data", tmp_path)
    assert code == 0
    scores = [json.loads(line) for line in data.splitlines()]
    assert [(item["native_px"], item["count"]) for item in scores] == [
        (size, 5) for size in EVALUATED_PX
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["train", "nope", "--data", "x.npz"], 2, "error: no recipe 'nope'"),
        (["train", "base", "--data", "x.npz"], 1, "error: no data set at x.npz"),
        (["evaluate", "--data", "x.npz"], 1, "error: no data set at x.npz"),
        (["model", "info", "nope"], 1, "error: no model 'nope'"),
        (["demo", "--device", "tpu"], 2, "error: no device 'tpu'"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    found, data, talk = run(capsys, *arguments)
    assert (found, data) == (code, "")
    assert talk.startswith(message)
    assert len(talk.splitlines()) == 1


def test_an_impossible_setting_leaves_nothing_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code, _, talk = run(capsys, "export", "x.mp4", "--out", out, "--detect-px", "9")
    assert code == 2
    assert talk.startswith("error: detect_px must lie between 32 and 8192, not 9")
    assert not out.exists()


def test_evaluate_under_another_degradation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_file = write_toy_data(tmp_path / "toy.npz")
    found = {}
    for kind in ("D1", "D5"):
        code, data, _ = run(capsys, "evaluate", "--data", data_file, "--degradation", kind)
        assert code == 0
        found[kind] = {item["native_px"]: item for item in map(json.loads, data.splitlines())}
    assert found["D5"][8]["psnr_db"] < found["D1"][8]["psnr_db"]
    code, _, talk = run(capsys, "evaluate", "--data", data_file, "--degradation", "D9")
    assert code == 2
    assert "D9" in talk


def test_train_with_other_networks_and_an_unknown_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_file = write_toy_data(tmp_path / "toy.npz")
    code, _, talk = run(capsys, "train", "base", "--data", data_file, "--sr", "nope")
    assert code == 2
    assert "no SR network 'nope'" in talk


def test_protocol_refuses_what_it_does_not_know(capsys: pytest.CaptureFixture[str]) -> None:
    code, data, talk = run(capsys, "protocol", "--data", "none.npz", "--rows", "B77")
    assert (code, data) == (2, "")
    assert "no row 'B77'" in talk


def test_train_tracks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    random = np.random.default_rng(3)
    for part in ("train", "val"):
        for label in ("neutral", "happiness"):
            for track in range(2):
                folder = tmp_path / "tracks" / part / label / f"t{track}"
                folder.mkdir(parents=True)
                for frame in range(3):
                    picture = random.integers(0, 256, (48, 48), np.uint8)
                    cv2.imwrite(str(folder / f"{frame}.png"), picture)
    code, data, talk = run(
        capsys, "train-tracks", tmp_path / "tracks", "--run", tmp_path / "run", "--epochs", "1"
    )
    assert code == 0
    assert Path(data.strip()).exists()
    assert "epoch 1 of 1" in talk
