"""Many files, some of them broken, disguised or oddly named: each ends for itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from srfer.realtime.export import ExportOptions, export
from srfer.realtime.formats import Format
from tests.clips import Clip, FixedFace, ticks_25


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
