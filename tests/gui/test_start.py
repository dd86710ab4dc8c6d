"""`srfer live` as a person starts it, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETTINGS = "[General]\nversion=1\nhas_agreed=true\n"


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A person who has started it before."""
    (tmp_path / "srfer").mkdir()
    (tmp_path / "srfer" / "live.ini").write_text(SETTINGS, encoding="utf-8")
    return os.environ | {
        "XDG_CONFIG_HOME": str(tmp_path),
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(ROOT),
    }


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "srfer", "live", *arguments]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_in_good_order(
    environ: dict[str, str], clip: Path, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    settings = tmp_path / "srfer" / "live.ini"
    with subprocess.Popen(
        command(str(clip), "--detect-px", "320"), env=environ, stderr=subprocess.PIPE, text=True
    ) as process:
        deadline_s = time.monotonic() + 60
        while "smile.mp4" not in settings.read_text(encoding="utf-8"):  # the source is open
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < deadline_s
            time.sleep(0.05)
        process.send_signal(number)
        _, talk = process.communicate(timeout=60)
    assert process.returncode == code, talk
    assert "Traceback" not in talk
    text = settings.read_text(encoding="utf-8")
    assert "detect_px=640" in text, "an option of the command line was kept"
    assert "geometry=" in text


def test_an_impossible_option_is_a_usage_error(environ: dict[str, str]) -> None:
    done = subprocess.run(
        command("--detect-px", "7"), env=environ, check=False, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "detect_px must lie between" in done.stderr
    assert "Traceback" not in done.stderr


FAULT = """
import sys
from PyQt6.QtCore import QTimer
from srfer.gui.app import make_application
from srfer import cli

def fail():
    make_application().closeAllWindows()
    raise RuntimeError("nobody expected this")

def main():
    app = make_application()
    QTimer.singleShot(0, fail)  # as soon as the loop runs
    cli.main(["live"])

main()
"""


def test_an_error_that_nobody_expected_is_said_in_the_exit_code(environ: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FAULT], env=environ, check=False, capture_output=True, text=True
    )
    assert done.returncode == 1, done.stderr
    assert done.stderr.count("RuntimeError: nobody expected this") == 1
