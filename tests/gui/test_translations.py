"""Everything that is said is said in every language."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PyQt6.QtCore import QCoreApplication, QTranslator
from PyQt6.QtWidgets import QApplication

from srfer.gui.app import TRANSLATIONS

ROOM = Path(__file__).parents[2] / "gui"
LANGUAGES = ("zh",)


def messages(path: Path) -> dict[tuple[str, str], str]:
    """Translations by context and source text."""
    return {
        (context.findtext("name", ""), one.findtext("source", "")): one.findtext("translation", "")
        for context in ET.parse(path).getroot().iter("context")
        for one in context.iter("message")
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_missing_and_nothing_is_left_over(language: str, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.ts"
    tool = [sys.executable, "-m", "PyQt6.lupdate.pylupdate", "--ts", str(fresh)]
    done = subprocess.run(
        [*tool, *map(str, sorted(ROOM.glob("*.py")))], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    known = messages(TRANSLATIONS / f"srfer_{language}.ts")
    assert set(known) == set(messages(fresh)), "run make translations"
    assert all(known.values()), "something is not translated"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_file_says_the_same(language: str, qapp: QApplication) -> None:
    translator = QTranslator()
    assert translator.load(str(TRANSLATIONS / f"srfer_{language}.qm"))
    qapp.installTranslator(translator)
    try:
        for (context, source), text in messages(TRANSLATIONS / f"srfer_{language}.ts").items():
            assert QCoreApplication.translate(context, source) == text
    finally:
        qapp.removeTranslator(translator)


@pytest.mark.parametrize("language", LANGUAGES)
def test_places_to_be_filled_in_are_the_same(language: str) -> None:
    for (_, source), text in messages(TRANSLATIONS / f"srfer_{language}.ts").items():
        places = [sorted(re.findall(r"\{\w+\}", one)) for one in (source, text)]
        assert places[0] == places[1], source
