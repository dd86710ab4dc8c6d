"""The settings file: an INI file that only its owner may read, and that never blocks the start."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import platformdirs
from PyQt6.QtCore import QSettings

from srfer.errors import ConfigError

from .preferences import VERSION, Preferences

MAX_BYTES = 1_000_000

_MARK = b"@"
"""Qt writes everything but texts with this in front, and PyQt would unpickle some of it. So our own
texts are written without it, and a file with one is not ours."""


def default_path() -> Path:
    """Where the settings are, unless told otherwise."""
    return platformdirs.user_config_path("srfer") / "live.ini"


class SettingsFile:
    """Reads and writes `Preferences`.

    Args:
        path: of the file; its folder is made when something is saved.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> tuple[Preferences, str]:
        """What is in the file, and what there is to say about it.

        A file that cannot be understood is renamed to `.bad`, and everything has its default.
        """
        try:
            if not self.path.exists():
                return Preferences(), ""
            return Preferences.from_texts(self._texts()), ""
        except (ConfigError, OSError) as error:
            bad = self.path.with_name(self.path.name + ".bad")
            with suppress(OSError):
                self.path.replace(bad)
            return Preferences(), f"{error}; the settings file was kept as {bad.name}"

    def save(self, preferences: Preferences) -> None:
        """Write everything.

        Raises:
            OSError: if it cannot be written.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not self.path.exists():  # Qt keeps the mode of a file that it replaces
            os.close(os.open(self.path, os.O_CREAT | os.O_WRONLY, 0o600))
        self.path.chmod(0o600)
        store = QSettings(str(self.path), QSettings.Format.IniFormat)
        store.setValue("version", str(VERSION))
        for name, text in preferences.to_texts().items():
            store.setValue(name, text.replace("%", "%25").replace("@", "%40"))
        store.sync()
        if store.status() is not QSettings.Status.NoError:
            raise OSError(f"{self.path.name} cannot be written; check its folder")

    def _texts(self) -> dict[str, str]:
        if self.path.stat().st_size > MAX_BYTES:
            raise ConfigError("the settings are larger than settings can be")
        data = self.path.read_bytes()
        if not data.strip():
            return {}
        is_text = b"\0" not in data and _MARK not in data
        if not is_text or not data.lstrip().startswith(b"["):
            raise ConfigError("the settings are damaged")
        store = QSettings(str(self.path), QSettings.Format.IniFormat)
        texts = {}
        for key in store.allKeys():
            value = store.value(key)
            if not isinstance(value, str):
                raise ConfigError("the settings are damaged")
            texts[key] = value.replace("%40", "@").replace("%25", "%")
        if store.status() is not QSettings.Status.NoError or "version" not in texts:
            raise ConfigError("the settings are damaged")
        if not texts["version"].isdecimal() or int(texts["version"]) > VERSION:
            raise ConfigError("the settings are from a newer version")
        return texts
