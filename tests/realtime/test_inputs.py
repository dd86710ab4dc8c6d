"""What can be named as an input: files, folders, patterns and lists."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from srfer.errors import ConfigError
from srfer.realtime.inputs import expand, find_footage


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "b.mp4", "c.mkv", "deep/d.mp4", "deep/deeper/e.mp4", "odd[1].mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path


def names(*texts: str) -> list[str]:
    return [str(path) for path in expand(texts, lambda: "a.mp4\n\n deep \n")]


def test_plain_names_stay_as_they_are(folder: Path) -> None:
    assert names("b.mp4", "a.mp4", "nope.mp4") == ["b.mp4", "a.mp4", "nope.mp4"]


def test_patterns_are_filled_in_in_order(folder: Path) -> None:
    assert names("[ab].mp4") == ["a.mp4", "b.mp4"]
    assert names("?.mkv") == ["c.mkv"]
    assert names("**/*.mp4") == ["a.mp4", "b.mp4", "deep/d.mp4", "deep/deeper/e.mp4", "odd[1].mp4"]
    assert names(str(folder / "deep/*.mp4")) == [str(folder / "deep/d.mp4")]


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(folder: Path) -> None:
    assert names("odd[1].mp4") == ["odd[1].mp4"]


def test_a_pattern_that_fits_nothing_stays_to_be_reported(folder: Path) -> None:
    assert names("*.webm") == ["*.webm"]


def test_lists_come_from_files_and_from_standard_input(folder: Path) -> None:
    odd = os.fsdecode(b"caf\xe9.mp4")
    Path("list.txt").write_bytes(b"b.mp4\r\n\nspace name.mp4\ncaf\xe9.mp4\n")
    assert names("@list.txt") == ["b.mp4", "space name.mp4", odd]
    assert names("c.mkv", "-") == ["c.mkv", "a.mp4", " deep "]


def test_a_file_whose_name_starts_with_an_at_sign_is_that_file(folder: Path) -> None:
    Path("@home.mp4").write_bytes(b"x")
    assert names("@home.mp4") == ["@home.mp4"]


def test_an_empty_name_is_refused_and_not_the_current_folder(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^an input is empty: name a video"):
        names("a.mp4", "")


def test_a_list_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^@nope\.txt: the list cannot be read"):
        names("@nope.txt")


def test_videos_of_folders_and_lists_are_each_done_once(folder: Path) -> None:
    paths = expand(["a.mp4", ".", "*.mp4"])
    found = [str(one.path) for one, _ in find_footage(paths, is_recursive=False)]
    assert found == ["a.mp4", "b.mp4", "c.mkv", "odd[1].mp4"]
