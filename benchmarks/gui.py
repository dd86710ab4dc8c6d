"""The desktop app: how long its event loop stands still, how often it paints, how fast it starts.

    python -m benchmarks.gui

The window runs offscreen with the shipped model. A stall is how much later than asked a timer of
10 ms comes; the window's own work is in it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PyQt6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer

from benchmarks.harness import percentiles, write_result
from srfer.gui.app import make_application
from srfer.gui.desk import Desk
from srfer.gui.feeds import Choice, Feed, Kind, choose, open_feed
from srfer.gui.main_window import MainWindow
from srfer.gui.preferences import Preferences
from srfer.realtime import Frame, Policy, SourceInfo
from srfer.realtime.demo.clip import load_portrait, make_clip, plan_walk

LOOK_EVERY_MS = 10
WARM_UP_S, RUN_S = 4.0, 10.0
STARTS = 5
CAMERA = Choice(Kind.WEBCAM, "camera", "webcam:benchmark")

START = """
import sys, time
begun_s = time.perf_counter()
from srfer.gui.app import make_application
from PyQt6.QtCore import QTimer
app = make_application()
from pathlib import Path
from srfer.gui.desk import Desk
from srfer.gui.main_window import MainWindow
from srfer.gui.preferences import Preferences
window = MainWindow(Desk(Preferences(has_agreed=True), Path("unused")))
window.show()
shown_s = time.perf_counter()
window.open_text(sys.argv[1])
def look():
    if window.panels.picture.result is not None:
        print(shown_s - begun_s, time.perf_counter() - begun_s)
        window.close()
        app.quit()
timer = QTimer()
timer.timeout.connect(look)
timer.start(5)
app.exec()
window.wait_closed(5)
"""


class MadeUp:
    """A camera that delivers a portrait every `every_s` seconds; None never delivers anything."""

    def __init__(self, every_s: float | None, size: tuple[int, int] = (1280, 720)) -> None:
        self._every_s = every_s
        self._is_over = threading.Event()
        portrait = load_portrait()
        self._image = np.full((size[1], size[0], 3), 120, np.uint8)
        self._image[100:612, 300:812] = portrait

    @property
    def info(self) -> SourceInfo:
        """A live camera."""
        height, width = self._image.shape[:2]
        return SourceInfo("camera", width, height, Fraction(30), Fraction(1, 1000), None, True)

    def interrupt(self) -> None:
        """End the iteration."""
        self._is_over.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def __iter__(self) -> Iterator[Frame]:
        index = 0
        while not self._is_over.wait(self._every_s):
            now_s = time.monotonic()
            pts = Fraction(now_s).limit_denominator(1000)
            yield Frame("camera", index, now_s, pts, self._image.copy())
            index += 1


class Paintings(QObject):
    """Counts how often a widget is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, _watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Look, and let everything pass."""
        self.count += event is not None and event.type() == QEvent.Type.Paint
        return False


def stalls_ms(duration_s: float) -> list[float]:
    """Let the event loop run, and note by how much each tick was late."""
    loop, timer = QEventLoop(), QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    late: list[float] = []
    before_s = time.perf_counter()

    def tick() -> None:
        nonlocal before_s
        now_s = time.perf_counter()
        late.append(max(0.0, (now_s - before_s) * 1e3 - LOOK_EVERY_MS))
        before_s = now_s

    timer.timeout.connect(tick)
    timer.start(LOOK_EVERY_MS)
    QTimer.singleShot(round(duration_s * 1e3), loop.quit)
    loop.exec()
    timer.stop()
    return late


def measure(
    choice: Choice, opened: Callable[[Choice], Feed] = open_feed, detect_px: int = 640
) -> dict[str, Any]:
    """Run a window on a source for a while."""
    with tempfile.TemporaryDirectory() as folder:
        preferences = Preferences(has_agreed=True, detect_px=detect_px)
        window = MainWindow(Desk(preferences, Path(folder), opened=opened))
        window.show()
        window.open_choice(choice)
        stalls_ms(WARM_UP_S)  # until the model is loaded and the timeline is there
        paintings = Paintings()
        window.panels.picture.installEventFilter(paintings)
        session = window.desk.session
        assert session is not None
        before = session.status().stats
        late = stalls_ms(RUN_S)
        after = session.status().stats
        window.close()
        window.wait_closed(5)
    return {
        "stall_ms": percentiles(late) | {"max": round(max(late), 3)},
        "paintings_per_s": round(paintings.count / RUN_S, 1),
        "results_per_s": round((after.processed - before.processed) / RUN_S, 1),
        "captured_per_s": round((after.captured - before.captured) / RUN_S, 1),
    }


def starts(clip: Path) -> dict[str, Any]:
    """Seconds from the start of the interpreter's work to the window, and to the first result."""
    shown, first = [], []
    for _ in range(STARTS):
        done = subprocess.run(
            [sys.executable, "-c", START, str(clip)], check=True, capture_output=True, text=True
        )
        window_s, result_s = map(float, done.stdout.split())
        shown.append(window_s)
        first.append(result_s)
    return {"window_s": percentiles(shown), "first_result_s": percentiles(first)}


def main() -> None:
    """Measure, print and write the result file."""
    app = make_application()  # Qt needs somebody to hold it

    def camera(every_s: float | None, size: tuple[int, int] = (1280, 720)) -> Any:
        return lambda choice: Feed(choice, MadeUp(every_s, size), Policy.LIVE)

    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "walk.mp4"
        make_clip(clip, plan_walk())
        data = {
            "file": measure(choose(str(clip))),
            "slow source, 2 frames a second": measure(CAMERA, camera(0.5)),
            "dead source": measure(CAMERA, camera(None)),
            "overloaded engine, 1080p at 60": measure(CAMERA, camera(1 / 60, (1920, 1080)), 1920),
            "start": starts(clip),
        }
    for name, figures in data.items():
        print(f"{name}: {figures}")
    print(write_result("gui", data))
    app.quit()


if __name__ == "__main__":
    main()
