"""Many files, some of them broken, disguised or oddly named: each ends for itself."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from srfer.realtime.export import ExportOptions, ExportProgress, export
from srfer.realtime.formats import Format
from tests.clips import Clip, FixedFace, ticks_25, video_times
from tests.faults.command import export_command
from tests.faults.hostile import hostile_files
from tests.faults.limits import HANG_S, peak_mb


def test_of_a_hundred_files_the_broken_ones_alone_fail(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(2), width=32, height=32).make(tmp_path / "good.mp4")
    data = clip.read_bytes()
    (tmp_path / "in").mkdir()
    broken = {f"{i:03d}.mp4" for i in range(5, 100, 14)}
    assert len(broken) == 7
    for i in range(100):
        name = f"{i:03d}.mp4"
        content = data[: len(data) // 3] if name in broken else data
        (tmp_path / "in" / name).write_bytes(content)
    options = ExportOptions(formats=frozenset({Format.JSONL}))
    summary = export([tmp_path / "in"], tmp_path / "out", lambda: [FixedFace()], options)
    failed = {
        outcome.input.name: str(outcome.error) for outcome in summary.outcomes if outcome.error
    }
    assert set(failed) == broken
    assert all(error.startswith(f"{name}: ") for name, error in failed.items())
    assert summary.exit_code == 3
    assert len(list((tmp_path / "out").glob("*/manifest.json"))) == 93


def test_playlists_in_disguise_are_refused_at_once(tmp_path: Path) -> None:
    secret = Clip(ticks=ticks_25(3)).make(tmp_path / "secret.ts")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    (tmp_path / "a.mp4").write_text(playlist)
    (tmp_path / "b.mp4").write_text(f"ffconcat version 1.0\nfile {secret.name}\n")
    os.mkfifo(tmp_path / "c.mp4")
    (tmp_path / "d.mp4").symlink_to("/dev/zero")
    (tmp_path / "e.mp4").symlink_to("/etc/passwd")
    inputs = [tmp_path / f"{letter}.mp4" for letter in "abcde"]
    summary = export(inputs, tmp_path / "out", lambda: [FixedFace()])
    assert summary.exit_code == 1
    for outcome in summary.outcomes:
        assert outcome.error is not None
        assert outcome.elapsed_s < 2
        assert not outcome.folder.exists()


ODD_NAMES = {
    "newline": b"a\nb.mp4",
    "escape": b"\x1b[31mred.mp4",
    "right-to-left": "\u202egpj.mp4".encode(),
    "leading dash": b"-rf.mp4",
    "markup": b"<b>&quot;\"'.mp4",
    "not utf-8": b"caf\xe9.mp4",
    "long": b"x" * 251 + b".mp4",
}


@pytest.mark.parametrize("kind", ODD_NAMES)
def test_odd_names_go_through_every_format(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Clip(ticks=ticks_25(3)).make(tmp_path / "plain.mp4")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + ODD_NAMES[kind]))
    plain.rename(path)
    monkeypatch.chdir(tmp_path)
    options = ExportOptions(formats=frozenset(Format))
    (outcome,) = export([Path(path.name)], Path("out"), lambda: [FixedFace()], options).outcomes
    assert outcome.error is None
    assert outcome.folder.name.isprintable()
    texts = ["frames.jsonl", "frames.csv", "labels.vtt", "labels.eaf", "report.html"]
    for name in [*texts, "../index.html"]:
        text = (outcome.folder / name).read_text(encoding="utf-8")
        assert all(char.isprintable() or char == "\n" for char in text), name
    again = export(
        [Path(path.name)],
        Path("out"),
        lambda: [FixedFace()],
        ExportOptions(formats=frozenset(Format), is_resumed=True),
    )
    assert again.outcomes[0].is_resumed


def test_odd_names_on_the_command_line(tmp_path: Path) -> None:
    """Whatever the names are, what is told is lines that steer no terminal."""
    plain = Clip(ticks=ticks_25(2), width=64, height=48).make(tmp_path / "plain.mp4").read_bytes()
    places = {kind: os.fsencode(tmp_path) + b"/" + name for kind, name in ODD_NAMES.items()}
    for kind, place in places.items():
        Path(os.fsdecode(place)).write_bytes(plain if kind != "escape" else plain[:700])
    done = export_command(*places.values(), "--out", tmp_path / "out", "--formats", "csv")
    assert done.returncode == 3, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(ODD_NAMES)
    assert [one["input"] for one in told if one["error"]] == ["\\x1b[31mred.mp4"]
    for text in (done.stdout, done.stderr):
        assert all(char.isprintable() or char == "\n" for char in text)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("text", ["-rf.mp4", "concat:a.ts", "subfile,,start,0,end,9,,:a.ts"])
def test_names_that_mean_something_to_others_are_only_names(tmp_path: Path, text: str) -> None:
    Clip(ticks=ticks_25(2)).make(tmp_path / "a.ts")
    done = export_command(text, "--out", tmp_path / "out")
    assert done.returncode == (2 if text.startswith("-") else 1)
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_headers_that_promise_too_much_cost_nothing(tmp_path: Path) -> None:
    """Sizes, numbers of tracks, lengths and counts that no file has."""
    files = hostile_files(tmp_path / "in")
    Clip(ticks=ticks_25(3)).make(tmp_path / "plain.mp4")
    formats = frozenset({Format.VIDEO, Format.JSONL, Format.HTML})
    options = ExportOptions(formats=formats)
    export([tmp_path / "plain.mp4"], tmp_path / "first", lambda: [FixedFace()], options)
    before_mb = peak_mb()
    summary = export(list(files), tmp_path / "out", lambda: [FixedFace()], options)
    assert peak_mb() - before_mb < 50
    for outcome in summary.outcomes:
        assert outcome.elapsed_s < HANG_S, outcome
        frames = files[outcome.input]
        if frames is None:
            assert str(outcome.error).startswith(f"{outcome.input.name}: "), outcome
            assert not (outcome.folder / "manifest.json").exists()
        else:
            assert (outcome.error, outcome.frames) == (None, frames), outcome


def test_what_holds_no_picture_is_refused_and_one_picture_is_enough(tmp_path: Path) -> None:
    clips = {
        "nothing.mp4": Clip(container={"movflags": "frag_keyframe+empty_moov"}),
        "sound.mp4": Clip(ticks=[], sound="aac"),
        "sound.mkv": Clip(ticks=[], sound="libopus"),
        "one.mp4": Clip(ticks=[0]),
        "one-late.mkv": Clip(ticks=[90_000], sound="aac"),
    }
    paths = [clip.make(tmp_path / name) for name, clip in clips.items()]
    head = paths[0].read_bytes()
    paths[0].write_bytes(head[: head.index(b"moof") - 4])
    summary = export(paths, tmp_path / "out", lambda: [FixedFace()])
    frames = {outcome.input.name: outcome.frames for outcome in summary.outcomes}
    assert frames == {
        "nothing.mp4": 0,
        "sound.mp4": 0,
        "sound.mkv": 0,
        "one.mp4": 1,
        "one-late.mkv": 1,
    }
    for outcome in summary.outcomes:
        name = outcome.input.name
        assert (outcome.error is None) == name.startswith("one"), outcome
        if outcome.error is None:
            times = video_times(outcome.folder / "annotated.mp4")
            assert times == video_times(outcome.input)
        else:
            assert str(outcome.error).startswith(f"{name}: holds no "), outcome
            assert not outcome.folder.exists()
    assert summary.exit_code == 3


def test_a_file_that_is_cut_while_it_is_read_keeps_what_it_had(tmp_path: Path) -> None:
    clip = Clip(content="noise", ticks=ticks_25(60), container={"movflags": "faststart"})
    path = clip.make(tmp_path / "a.mp4")

    def cut(progress: ExportProgress) -> None:
        if progress.frames == 3:
            os.truncate(path, path.stat().st_size // 2)

    times = video_times(path)
    (outcome,) = export([path], tmp_path / "out", lambda: [FixedFace()], on_progress=cut).outcomes
    assert f"a.mp4: breaks off after {outcome.frames} frames" in str(outcome.error)
    assert 3 <= outcome.frames < 60
    assert {path.name for path in outcome.folder.iterdir()} == {
        "annotated.partial.mp4",
        "frames.partial.csv",
        "frames.partial.jsonl",
    }
    played = video_times(outcome.folder / "annotated.partial.mp4")
    assert played == times[: outcome.frames]


def test_frames_that_are_lost_are_told(tmp_path: Path) -> None:
    import av

    path = Clip(codec="mjpeg", pix_fmt="yuvj420p", ticks=ticks_25(20)).make(tmp_path / "a.mkv")
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        places = [(packet.pos, packet.size) for packet in packets if packet.pos is not None]
    data = bytearray(path.read_bytes())
    for place, size in places[10:12]:
        data[place + 8 : place + size] = bytes(size - 8)
    path.write_bytes(data)
    options: dict[str, Any] = {"formats": frozenset({Format.JSONL})}
    (outcome,) = export(
        [path], tmp_path / "out", lambda: [FixedFace()], ExportOptions(**options)
    ).outcomes
    told = "is damaged: 2 packets could not be decoded, so frames are missing; copy it again"
    assert (outcome.error, outcome.frames, outcome.notes) == (None, 18, (told,))
    assert json.loads((outcome.folder / "manifest.json").read_text())["result"]["notes"] == [told]
    (again,) = export(
        [path], tmp_path / "out", lambda: [FixedFace()], ExportOptions(is_resumed=True, **options)
    ).outcomes
    assert (again.is_resumed, again.notes) == (True, (told,))
