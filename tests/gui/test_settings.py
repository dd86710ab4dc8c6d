"""What is kept between two starts, and files that are not what they should be."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest
from PyQt6.QtCore import QSettings
from pytestqt.qtbot import QtBot

from srfer.errors import ConfigError
from srfer.gui.keeper import Keeper
from srfer.gui.preferences import MAX_RECENT, Language, Preferences, Privacy, Theme
from srfer.gui.settings import SettingsFile

ODD = Preferences(
    theme=Theme.DARK,
    language=Language.CHINESE,
    privacy=Privacy.BLUR,
    has_notice=False,
    device="openvino",
    precision="int8",
    tracker="yunet",
    detect_px=320,
    folder="@/home/%20/Видео; 录像, small=@1",
    recent=("/a, b/clip.mp4", "rtsp://camera/stream", 'quote".mp4', "back\\slash"),
    has_agreed=True,
    geometry="AdnQywAD==",
)


def test_everything_comes_back(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "srfer" / "live.ini")
    file.save(ODD)
    assert SettingsFile(file.path).load() == (ODD, "")
    file.save(Preferences())
    assert SettingsFile(file.path).load() == (Preferences(), "")


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "srfer" / "live.ini")
    file.save(ODD)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    file.path.chmod(0o644)
    file.save(replace(ODD, detect_px=640))
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert [path.name for path in file.path.parent.iterdir()] == ["live.ini"]


def hostile(tmp_path: Path) -> bytes:
    """Settings in which Qt keeps a Python object, which PyQt would unpickle."""
    path = tmp_path / "made.ini"
    store = QSettings(str(path), QSettings.Format.IniFormat)
    store.setValue("version", "1")
    store.setValue("theme", Canary(tmp_path / "canary"))
    store.sync()
    data = path.read_bytes()
    assert b"@Variant" in data
    return data


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_nothing_in_it_is_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "live.ini"
    path.write_bytes(hostile(tmp_path))
    preferences, note = SettingsFile(path).load()
    assert not (tmp_path / "canary").exists()
    assert preferences == Preferences()
    assert "live.ini.bad" in note


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)),
        b"\0" * 100,
        b"not settings at all",
        b"[General]\ntheme=dark\n",
        b"[General]\nversion=1\ntheme=purple\n",
        b"[General]\nversion=1\ndetect_px=-5\n",
        b"[General]\nversion=1\ndetect_px=many\n",
        b"[General]\nversion=1\nhas_notice=perhaps\n",
        b"[General]\nversion=1\nrecent={\n",
        b"[General]\nversion=1\nrecent=[1, 2]\n",
        b"[General]\nversion=1\ntheme=light, dark\n",
        b"[General]\nversion=2\ntheme=dark\n",
        b"[General]\nversion=x\n",
        b"[General]\nversion=1\n" + b"a" * 2_000_000,
    ],
)
def test_a_file_that_cannot_be_understood_is_kept_and_nothing_is_blocked(
    tmp_path: Path, data: bytes
) -> None:
    path = tmp_path / "live.ini"
    path.write_bytes(data)
    preferences, note = SettingsFile(path).load()
    assert preferences == Preferences()
    assert (tmp_path / "live.ini.bad").read_bytes() == data
    assert "live.ini.bad" in note
    SettingsFile(path).save(ODD)
    assert SettingsFile(path).load() == (ODD, "")


def test_what_is_unknown_is_left_out_and_what_is_missing_has_its_default(tmp_path: Path) -> None:
    path = tmp_path / "live.ini"
    path.write_bytes(b"[General]\nversion=1\ntheme=dark\nfuture=1\n")
    assert SettingsFile(path).load() == (Preferences(theme=Theme.DARK), "")
    path.write_bytes(b"")
    assert SettingsFile(path).load() == (Preferences(), "")


def test_a_folder_that_cannot_be_written_to_is_an_error_and_no_crash(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(OSError, match="file"):
        SettingsFile(tmp_path / "file" / "live.ini").save(ODD)


def test_recent_sources_are_few_and_each_is_there_once() -> None:
    preferences = Preferences()
    for number in range(20):
        preferences = preferences.with_recent(f"{number % 15}.mp4")
    assert len(preferences.recent) == MAX_RECENT
    assert preferences.recent[0] == "4.mp4"
    assert len(set(preferences.recent)) == MAX_RECENT


@pytest.mark.parametrize("values", [{"detect_px": 1}, {"precision": "fp8"}])
def test_impossible_values_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Preferences(**values)  # type: ignore[arg-type]


def test_the_newest_preferences_are_kept_without_what_was_for_this_time(tmp_path: Path) -> None:
    file = SettingsFile(tmp_path / "live.ini")
    keeper = Keeper(file, Preferences(device="cpu"), {"device": "openvino"})
    for size in (320, 480, 960):
        keeper.keep(Preferences(device="openvino", detect_px=size))
    keeper.finish(20)
    kept, note = file.load()
    assert (kept.detect_px, kept.device, note) == (960, "cpu", "")


def test_what_cannot_be_kept_is_told(tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    keeper = Keeper(SettingsFile(tmp_path / "file" / "live.ini"), Preferences(), {})
    with qtbot.waitSignal(keeper.failed, timeout=20_000) as told:
        keeper.keep(Preferences())
    assert "file" in told.args[0]
    keeper.finish(20)
