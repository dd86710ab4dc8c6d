"""The desktop app: how fast it starts, how long its event loop stands still, how often it paints.

    python -m benchmarks.gui

The window runs offscreen with the shipped model. A start is `srfer live CLIP` in a process of its
own, from the call to the first analysed frame that was painted. What a stall is says
`benchmarks.event_loop`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtCore import QEvent, QObject

from benchmarks.event_loop import Ticks, watch_loop
from benchmarks.harness import percentiles, write_result
from benchmarks.made_up import CAMERA, camera
from srfer.gui.app import make_application, responsive
from srfer.gui.desk import Desk
from srfer.gui.feeds import Choice, Feed, choose, open_feed
from srfer.gui.history import KEPT_S
from srfer.gui.main_window import MainWindow
from srfer.gui.picture import PictureView
from srfer.gui.preferences import Preferences
from srfer.gui.session import Session
from srfer.realtime import Box, Face, FaceResult, Frame, FrameResult, Track
from srfer.realtime.demo.clip import load_portrait, make_clip, plan_walk
from srfer.realtime.types import RgbImage, TrackState

OPENING_S, RUN_S = 4.0, 10.0
RUNS, STARTS = 3, 7
CROWD, CROWD_FPS = 12, 25
HD, FULL_HD = (1280, 720), (1920, 1080)
SETTINGS = "[General]\nversion=1\nhas_agreed=true\n"

START = """
import sys, time
from PyQt6.QtCore import QEvent, QObject, QTimer
from srfer import cli
from srfer.gui.app import make_application
from srfer.gui.picture import PictureView

class Watch(QObject):
    seen = ""
    def eventFilter(self, watched, event):
        if event.type() is QEvent.Type.Paint and isinstance(watched, PictureView):
            state = "result" if watched.result is not None else "window"
            if state != self.seen:
                self.seen = state
                QTimer.singleShot(0, lambda: self.tell(state, watched.window()))  # it is painted
        return False
    def tell(self, state, window):
        print(state, time.monotonic() - float(sys.argv[2]), time.process_time(), flush=True)
        if state == "result":
            window.close()

def main():
    app = make_application()
    watch = Watch()
    app.installEventFilter(watch)
    cli.main(["live", sys.argv[1]])

main()
"""


class Paintings(QObject):
    """Counts how often the picture is painted, and how many different results are."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0
        self.pictures = 0
        self._last: FrameResult | None = None

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Look, and let everything pass."""
        if event is not None and event.type() == QEvent.Type.Paint:
            assert isinstance(watched, PictureView)
            self.count += 1
            self.pictures += watched.result is not self._last
            self._last = watched.result
        return False


class Situation(NamedTuple):
    """What a window is watched with.

    Attributes:
        choice: the source.
        opened: makes it.
        detect_px: long side at which frames are searched.
        has_past: the timeline is full, and shows the bands of all faces.
    """

    choice: Choice = CAMERA
    opened: Callable[[Choice], Feed] = open_feed
    detect_px: int = 640
    has_past: bool = False


class Run(NamedTuple):
    """What was seen of one window."""

    opening: Ticks
    ticks: Ticks
    paintings_per_s: float
    pictures_per_s: float
    results_per_s: float
    captured_per_s: float


def run(situation: Situation) -> Run:
    """Open a window and a source, and watch the loop while it comes up and then for a while."""
    with tempfile.TemporaryDirectory() as folder:
        preferences = Preferences(has_agreed=True, detect_px=situation.detect_px)
        window = MainWindow(Desk(preferences, Path(folder), opened=situation.opened))
        window.show()
        window.open_choice(situation.choice)
        session = window.desk.session
        assert session is not None
        opening = watch_loop(OPENING_S)
        if situation.has_past:
            remember_crowd(session)
            assert window.timeline is not None
            window.timeline.show_bands()
        paintings = Paintings()
        window.panels.picture.installEventFilter(paintings)
        before = session.status().stats
        ticks = watch_loop(RUN_S)
        after = session.status().stats
        window.close()
        window.wait_closed(5)
    return Run(
        opening,
        ticks,
        round(paintings.count / RUN_S, 1),
        round(paintings.pictures / RUN_S, 1),
        round((after.processed - before.processed) / RUN_S, 1),
        round((after.captured - before.captured) / RUN_S, 1),
    )


def remember_crowd(session: Session) -> None:
    """Fill the timeline with as many faces and as much time as it holds."""
    expression = next(
        face.expression for face in _faces(session.latest()) if face.expression is not None
    )
    tracks = [
        Track(1000 + n, TrackState.TRACKED, Face(Box(0, 0, 40, 40), 0.9), 1) for n in range(CROWD)
    ]
    faces = tuple(FaceResult(track, expression) for track in tracks)
    image = np.zeros((4, 4, 3), np.uint8)
    now_s = Fraction(time.monotonic()).limit_denominator(1000)
    for index in range(int(KEPT_S * CROWD_FPS)):
        pts = now_s - Fraction(int(KEPT_S)) + Fraction(index, CROWD_FPS)
        session.history.write(FrameResult(Frame("camera", index, 0.0, pts, image), faces))


def _faces(result: FrameResult | None) -> Sequence[FaceResult]:
    return () if result is None else result.faces


def measure(situation: Situation) -> dict[str, Any]:
    """Several windows, one after the other."""
    runs = [run(situation) for _ in range(RUNS)]
    return {
        "stall_ms": percentiles(np.concatenate([one.ticks.late_ms for one in runs])),
        "own_stall_ms": percentiles(np.concatenate([one.ticks.own_ms for one in runs])),
        "longest_stall_ms_by_run": [_longest(one.ticks.late_ms) for one in runs],
        "longest_own_stall_ms_by_run": [_longest(one.ticks.own_ms) for one in runs],
        "opening_longest_stall_ms_by_run": [_longest(one.opening.late_ms) for one in runs],
        "opening_longest_own_stall_ms_by_run": [_longest(one.opening.own_ms) for one in runs],
        **{
            name: [getattr(one, name) for one in runs]
            for name in ("paintings_per_s", "pictures_per_s", "results_per_s", "captured_per_s")
        },
    }


def _longest(stalls_ms: NDArray[np.float64]) -> float:
    return round(float(stalls_ms.max()), 1)


def starts(clip: Path, folder: Path) -> dict[str, Any]:
    """Seconds from the call until the window and until the first result are painted."""
    (folder / "srfer").mkdir()
    (folder / "srfer" / "live.ini").write_text(SETTINGS, encoding="utf-8")
    environ = os.environ | {"XDG_CONFIG_HOME": str(folder)}
    seen: dict[str, list[float]] = {}
    for count in range(STARTS + 1):
        command = [sys.executable, "-c", START, str(clip), str(time.monotonic())]
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=environ)
        if done.returncode:
            sys.exit(f"srfer live has failed:\n{done.stderr}")
        for state, wall_s, cpu_s in (line.split() for line in done.stdout.splitlines()):
            if count:  # the first one brings the files into memory
                seen.setdefault(f"{state}_s", []).append(float(wall_s))
                seen.setdefault(f"{state}_cpu_s", []).append(float(cpu_s))
    return {name: percentiles(samples) for name, samples in seen.items()}


def portraits(size: tuple[int, int]) -> Callable[[], Iterator[RgbImage]]:
    """A portrait, again and again."""
    image = np.full((size[1], size[0], 3), 120, np.uint8)
    image[100:612, 300:812] = load_portrait()
    return lambda: repeat(image)


def main() -> None:
    """Measure, print and write the result file."""
    app = make_application()  # Qt needs somebody to hold it
    with tempfile.TemporaryDirectory() as folder, responsive():
        clip = Path(folder) / "walk.mp4"
        make_clip(clip, plan_walk())
        situations = {
            "file": Situation(choose(str(clip))),
            "slow source, 2 frames a second": Situation(opened=camera(portraits(HD), 0.5)),
            "dead source": Situation(opened=camera(portraits(HD), None)),
            "overloaded engine, 1080p at 60": Situation(
                opened=camera(portraits(FULL_HD), 1 / 60), detect_px=1920
            ),
            "ten minutes of twelve faces remembered": Situation(
                opened=camera(portraits(HD), 1 / 25), has_past=True
            ),
        }
        data: dict[str, Any] = {"start": starts(clip, Path(folder))}
        print(f"start: {data['start']}")
        for name, situation in situations.items():
            data[name] = measure(situation)
            print(f"{name}: {data[name]}")
    print(write_result("gui", data))
    app.quit()


if __name__ == "__main__":
    main()
