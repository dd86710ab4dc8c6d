"""`srfer export` as people run it: exit codes, what is data and what is talk, one line an error."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
import skimage.data

from srfer import __version__
from srfer.cli import main
from srfer.export_verbs import parse_time
from srfer.talk import explain
from tests.clips import Clip, ticks_25, video_times

CLIP = Clip(ticks=ticks_25(5))


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ending:
        main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return int(ending.value.code or 0), captured.out, captured.err


def test_export_writes_data_to_stdout_and_talk_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = CLIP.make(tmp_path / "a.mp4")
    code, data, talk = run(capsys, "export", clip, "--out", tmp_path / "out")
    assert code == 0
    (record,) = [json.loads(line) for line in data.splitlines()]
    assert (record["input"], record["frames"], record["error"]) == ("a.mp4", 5, None)
    assert "a.mp4: 5 frames, 0 faces in " in talk
    assert video_times(tmp_path / "out/a/annotated.mp4") == video_times(clip)
    manifest = json.loads((tmp_path / "out/a/manifest.json").read_text())
    assert len(manifest["settings"]["model_sha256"]) == 64
    assert manifest["settings"]["tracker"] == "retinaface"


@pytest.mark.parametrize(
    ("name", "options", "rate"),
    [
        ("shots/img_%02d.png", (), 25),
        ("shots", ("--fps", "12.5"), 12.5),
        ("s*/*.png", ("--fps", "8"), 8),
    ],
)
def test_pictures_become_one_video(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    options: tuple[str, ...],
    rate: float,
) -> None:
    (tmp_path / "shots").mkdir()
    for number in range(8, 12):
        cv2.imwrite(str(tmp_path / f"shots/img_{number:02d}.png"), np.zeros((48, 64, 3), np.uint8))
    code, data, _ = run(capsys, "export", tmp_path / name, "--out", tmp_path / "out", *options)
    assert code == 0
    (record,) = [json.loads(line) for line in data.splitlines()]
    assert (record["frames"], record["error"], record["notes"]) == (4, None, [])
    (video,) = (tmp_path / "out").glob("*/annotated.mp4")
    assert video_times(video) == [place / Fraction(rate) for place in range(4)]


def test_quiet_says_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clip = CLIP.make(tmp_path / "a.mp4")
    arguments = ("export", clip, "--out", tmp_path / "out", "--no-video", "--quiet")
    code, data, talk = run(capsys, *arguments)
    assert (code, talk) == (0, "")
    assert len(data.splitlines()) == 1
    assert not (tmp_path / "out/a/annotated.mp4").exists()


def test_a_mix_of_good_and_bad_inputs_is_partly_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = CLIP.make(tmp_path / "a.mp4")
    (tmp_path / "b.mp4").write_text("text")
    (tmp_path / "empty").mkdir()
    inputs = [tmp_path / name for name in ("b.mp4", "c.mp4", "empty", "x" * 300)]
    code, data, talk = run(capsys, "export", *inputs, clip, "--out", tmp_path / "out")
    assert code == 3
    assert talk.splitlines()[-1].startswith("1 of 5 done; failed: b.mp4, c.mp4, empty, xxx")
    errors = [line for line in talk.splitlines() if line.startswith("error: ")]
    names = [error.split(":")[1].strip() for error in errors]
    assert names == ["b.mp4", "c.mp4", "empty", "x" * 300]
    assert str(tmp_path) not in "".join(errors)
    assert [json.loads(line)["frames"] for line in data.splitlines()] == [0, 0, 0, 0, 5]


def test_nothing_done_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, talk = run(capsys, "export", tmp_path / "no.mp4", "--out", tmp_path / "out")
    assert code == 1
    assert talk == "error: no.mp4: no such file; check the path\n"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["export"], "Missing"),
        (["export", "{clip}"], "--out"),
        (["export", "{clip}", "--out", "{clip}"], "is a file"),
        (["export", "{folder}", "--out", "{folder}"], "is an input as well"),
        (["export", "rtsp://a:secret@camera", "--out", "{folder}/out"], "rtsp://...: only files"),
        (["export", "a:secret@camera/x", "--out", "{folder}/out"], "without its scheme"),
        (["export", "{clip}", "--out", "{folder}/out", "--detect-px", "3"], "between 32 and 8192"),
        (["export", "{clip}", "--out", "{folder}/out", "--tracker", "magic"], "unknown tracker"),
        (["export", "{clip}", "--out", "{folder}/out", "--blendshapes"], "--tracker mediapipe"),
        (
            ["export", "{clip}", "--out", "{folder}/out", "--tracker-model", "x.onnx"],
            "retinaface has its own model",
        ),
        (["export", "{clip}", "--out", "{folder}/out", "--device", "abacus"], "abacus"),
        (["export", "{clip}", "--out", "{folder}/out", "--nonsense"], "nonsense"),
        (["export", "{clip}", "--out", "{folder}/out", "--formats", "csv,pdf"], "'pdf'"),
        (
            ["export", "{clip}", "--out", "{folder}/out", "--formats", "video", "--no-video"],
            "--no-video leaves nothing",
        ),
        (["export", "{clip}", "--out", "{folder}/out", "--formats", ","], "no format is named"),
        (["export", "{clip}", "--out", "{folder}/out", "--task-cpus", "2"], "with --cluster"),
        (["export", "{clip}", "--out", "{folder}/out", "--task-gpus", "0"], "with --cluster"),
        (["export", "{clip}", "--out", "{folder}/out", "--start", "soon"], "'soon' is no time"),
        (["export", "{clip}", "--out", "{folder}/out", "--start", "9", "--end", "5"], "after"),
        (["export", "{clip}", "--out", "{folder}/out", "--every", "0"], "1 or more"),
        (["export", "{clip}", "--out", "{folder}/out", "--fps", "25"], "rate of pictures"),
        (["export", "{folder}", "--out", "{folder}/out", "--fps", "soon"], "'soon' is no rate"),
        (["export", "{clip}", "--out", "{folder}/out", "--min-face", "2"], "6 or more"),
        (["export", "{clip}", "--out", "{folder}/out", "--max-faces", "0"], "max_faces"),
        (["export", "{clip}", "--out", "{folder}/out", "--video-codec", "vp9"], "vp9"),
        (["export", "@{folder}/no.txt", "--out", "{folder}/out"], "list cannot be read"),
        (["nonsense"], "nonsense"),
    ],
)
def test_wrong_usage_is_told_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    clip = CLIP.make(tmp_path / "a.mp4")
    filled = [text.format(clip=clip, folder=tmp_path) for text in arguments]
    code, data, talk = run(capsys, *filled)
    assert (code, data) == (2, "")
    assert reason in talk
    assert "Traceback" not in talk
    assert "secret" not in talk


def test_an_error_that_nobody_foresaw_shows_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    url = "rtsp://admin:C4nary@camera/live?token=C4nary"
    try:
        raise RuntimeError(f"cannot open '{url}'")
    except RuntimeError as error:
        explain(error, is_debug=True)
    said = capsys.readouterr().err
    assert "C4nary" not in said
    assert "Traceback" in said
    assert "error: unexpected RuntimeError: cannot open 'rtsp://***@camera/live?***'" in said


def test_every_option_does_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.mp4", "b.mp4"):
        Clip(ticks=ticks_25(50)).make(tmp_path / name)
    (tmp_path / "list.txt").write_text(f"{tmp_path}/a.mp4\n")
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{tmp_path}/b.mp4\n"))
    options = "--format pyfeat,html,srt,video --start 0:01 --end 00:00:01.8 --every 4 --max-faces 3"
    options += " --min-face 12.5 --anonymize blur --video-codec av1"
    inputs = (f"@{tmp_path}/list.txt", "-", f"{tmp_path}/*.mp4")
    code, data, _ = run(capsys, "export", *inputs, "--out", tmp_path / "out", *options.split())
    assert code == 0
    records = [json.loads(line) for line in data.splitlines()]
    assert [(record["input"], record["frames"]) for record in records] == [
        ("a.mp4", 5),
        ("b.mp4", 5),
    ]
    settings = json.loads((tmp_path / "out/a/manifest.json").read_text())["settings"]
    assert settings["start_s"] == "1"
    assert settings["end_s"] == "9/5"
    assert (settings["every"], settings["max_faces"], settings["min_face_px"]) == (4, 3, 12.5)
    assert (settings["anonymize"], settings["video_codec"]) == ("blur", "av1")
    assert "FaceRectX" in (tmp_path / "out/a/fex.csv").read_text()
    assert (tmp_path / "out/index.html").exists()

    again = ("export", tmp_path / "a.mp4", "--out", tmp_path / "out", *options.split())
    code, _, talk = run(capsys, *again)
    assert code == 2
    assert "--resume" in talk
    code, data, talk = run(capsys, *again, "--resume")
    assert code == 0
    assert json.loads(data)["resumed"] is True
    assert "a.mp4: finished before" in talk


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", "90"), ("1:30.5", "90.5"), ("01:00:00", "3600"), ("0.1", "0.1"), ("100:00", "6000")],
)
def test_times_are_exact(text: str, seconds: str) -> None:
    assert parse_time(text) == Fraction(seconds)


def test_what_is_peculiar_about_a_file_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"x264-params": "interlaced=1"})
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
        output.mux([*stream.encode(frame), *stream.encode(None)])
    code, data, talk = run(capsys, "export", path, "--out", tmp_path / "out", "--no-video")
    assert code == 0
    assert "warning: a.mp4: is interlaced" in talk
    assert json.loads(data)["notes"][0].startswith("is interlaced")


def test_debug_shows_where_an_error_came_from(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("export", tmp_path / "no.mp4", "--out", tmp_path / "out")
    _, _, talk = run(capsys, *arguments, "--debug")
    assert "Traceback" in talk
    assert talk.endswith("error: no.mp4: no such file; check the path\n")


def test_a_name_cannot_steer_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = CLIP.make(tmp_path / "a.mp4").rename(tmp_path / "\x1b[31m\nx\u202e.mp4")
    code, data, talk = run(capsys, "export", clip, "--out", tmp_path / "out", "--no-video")
    assert code == 0
    assert all(line.isprintable() for line in (data + talk).splitlines())
    assert len(data.splitlines()) == len(talk.splitlines()) == 1


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "--version") == (0, f"srfer {__version__}\n", "")


def test_help_loads_none_of_the_heavy_libraries() -> None:
    program = (
        "import sys\n"
        "from srfer.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'numpy', 'cv2', 'av', 'onnxruntime', 'rich', 'torch'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)\n"
    )
    child = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr
    assert "export" in child.stdout


def test_landmarks_are_written_if_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = cv2.imwrite(str(tmp_path / "a.png"), skimage.data.astronaut()[..., ::-1])
    assert picture
    arguments = ("--out", tmp_path / "out", "--no-video", "--landmarks")
    assert run(capsys, "export", tmp_path / "a.png", *arguments)[0] == 0
    (line,) = (tmp_path / "out/a/frames.jsonl").read_text().splitlines()
    (face,) = json.loads(line)["faces"]
    assert face["landmarks"]["nose"] == pytest.approx([223, 128], abs=6)
    assert "mesh" not in face


def test_two_passes_are_asked_for_by_one_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = CLIP.make(tmp_path / "a.mp4")
    arguments = ("export", clip, "--out", tmp_path / "out", "--refine", "--formats", "jsonl,csv")
    code, data, _ = run(capsys, *arguments)
    assert (code, json.loads(data)["frames"]) == (0, 5)
    manifest = json.loads((tmp_path / "out/a/manifest.json").read_text())
    assert manifest["settings"]["refine"]["join_gap_s"] > 2
    assert (tmp_path / "out/a/frames.csv").read_text().rstrip().endswith(",pass_one_track")
