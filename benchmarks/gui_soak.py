"""Whether the desktop app stays as quick and as small as it was, over half an hour.

    python -m benchmarks.gui_soak [--minutes 30]

The window runs offscreen with the shipped model on a made-up camera, in real time: faces come and
go, and somebody uses it, choosing faces, looking at one view and the other, opening dialogues and
closing them, opening the camera anew. The loop is watched as `benchmarks.event_loop` does it, and
every few seconds it is counted what the process takes and what Qt has. Ends with 1 if a limit is
exceeded; growth is judged only in runs that are long enough for it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from itertools import cycle
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PyQt6.QtCore import QElapsedTimer, QObject, QTimer
from PyQt6.QtWidgets import QApplication, QComboBox, QDialog

from benchmarks.event_loop import Ticks, watch_loop
from benchmarks.growth import Footprint, footprint, median_of, slope_per_10_minutes
from benchmarks.harness import percentiles, write_result
from benchmarks.made_up import CAMERA, camera
from benchmarks.visits import Visits
from srfer.gui.app import make_application, responsive
from srfer.gui.desk import Desk
from srfer.gui.main_window import MainWindow
from srfer.gui.preferences import Preferences

MINUTES = 30.0
RATE = Fraction(15)
VISITS = Visits(1, (640, 360), RATE, 40.0, visit=int(8 * RATE), most_faces=4)

SAMPLE_EVERY_S = 5.0
ACT_EVERY_S = 7.0
WARM_UP = 1 / 6
"""Share of the run whose samples do not count: 5 minutes of half an hour."""
WINDOW = 1 / 6
"""Share that is compared: the first 5 minutes after the warm-up, and the last."""
PIECES = 30
"""Of a run: a minute of half an hour."""

MOST_STALL_MS = 50.0
MOST_SLOPE_MB = 1.0
"""In 10 minutes."""
MOST_GROWTH_MB = 30.0
FEWEST_MINUTES = 15.0
"""Of a run whose growth is judged: in a shorter one, chance is larger."""
MORE_OBJECTS = 60
"""So many more of Qt at the end than at the beginning may be those of other faces."""


@dataclass(frozen=True, slots=True)
class Sample(Footprint):
    """The window at one moment.

    Attributes:
        at_s: seconds since the run began.
        widgets: of the application.
        objects: of Qt below the window, widgets among them.
        cards: faces that are shown.
        remembered: faces that the timeline has.
        results: since the source was opened.
    """

    at_s: float
    widgets: int
    objects: int
    cards: int
    remembered: int
    results: int


@dataclass(frozen=True, slots=True)
class Soak:
    """What a run has shown.

    Attributes:
        minutes: how long it was.
        ticks: of the event loop.
        samples: in time.
        acts: how many things were done with the window.
        has_ended: nothing worked for the window any more soon after it was closed.
    """

    minutes: float
    ticks: Ticks
    samples: Sequence[Sample]
    acts: int
    has_ended: bool


class Person:
    """Does one thing after the other with a window.

    Attributes:
        acts: how many things were done.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._rota = cycle(self._habits())
        self.acts = 0

    def act(self) -> None:
        """Do the next thing."""
        next(self._rota)()
        self.acts += 1

    def _habits(self) -> Iterator[Callable[[], None]]:
        actions = self._window.actions_
        yield self._turn_timeline
        for name in ("next_face", "shortcuts", "zoom_in", "privacy", "next_face", "loupe"):
            yield actions[name].trigger
        yield self._close_dialogs
        yield self._turn_timeline
        for name in ("settings", "fit", "marks", "next_face", "about", "privacy", "loupe"):
            yield actions[name].trigger
        yield self._close_dialogs
        for name in ("play", "play", "marks"):
            yield actions[name].trigger
        yield lambda: self._window.open_choice(CAMERA)

    def _turn_timeline(self) -> None:
        """From curves to bands, or back."""
        for box in self._window.panels.timeline_home.findChildren(QComboBox):
            if box.findData("bands") >= 0:
                box.setCurrentIndex(1 - box.currentIndex())

    def _close_dialogs(self) -> None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog):
                widget.close()


def soak(minutes: float) -> Soak:
    """Open a window, use it for so long, and close it."""
    with tempfile.TemporaryDirectory() as folder:
        opened = camera(VISITS.pictures, float(1 / RATE))
        window = MainWindow(Desk(Preferences(has_agreed=True), Path(folder), opened=opened))
        window.show()
        window.open_choice(CAMERA)
        person, samples = Person(window), list[Sample]()
        since = QElapsedTimer()
        since.start()
        timers = [
            _timer(SAMPLE_EVERY_S, lambda: samples.append(look(window, since.elapsed() / 1e3))),
            _timer(ACT_EVERY_S, person.act),
        ]
        ticks = watch_loop(60 * minutes)
        for timer in timers:
            timer.stop()
        window.close()
        window.wait_closed(5)
        return Soak(minutes, ticks, samples, person.acts, window.desk.wait_closed(0))


def _timer(every_s: float, work: Callable[[], object]) -> QTimer:
    timer = QTimer()
    timer.timeout.connect(work)
    timer.start(round(every_s * 1e3))
    return timer


def look(window: MainWindow, at_s: float) -> Sample:
    """Count what there is."""
    session = window.desk.session
    assert session is not None
    return Sample(
        **asdict(footprint()),
        at_s=round(at_s, 2),
        widgets=len(QApplication.allWidgets()),
        objects=len(window.findChildren(QObject)),
        cards=len(window.panels.faces.cards),
        remembered=len(session.history.track_ids),
        results=session.status().stats.processed,
    )


def summarise(run: Soak) -> dict[str, Any]:
    """The figures of a run, for the result file."""
    length_s = 60 * run.minutes
    warm = [sample for sample in run.samples if sample.at_s >= WARM_UP * length_s]
    first = [sample for sample in warm if sample.at_s < (WARM_UP + WINDOW) * length_s]
    last = [sample for sample in warm if sample.at_s >= (1 - WINDOW) * length_s]
    floors = lowest(warm, length_s / PIECES)
    slope = slope_per_10_minutes(
        [sample.at_s for sample in floors], [sample.rss_mb for sample in floors]
    )
    counts = {
        name: {"first": median_of(first, name), "last": median_of(last, name)}
        for name in ("blocks", "fds", "threads", "widgets", "objects")
    }
    rss_mb = [min(sample.rss_mb for sample in part) for part in (first, last)]
    return {
        "minutes": run.minutes,
        "stall_ms": percentiles(run.ticks.late_ms, 2),
        "own_stall_ms": percentiles(run.ticks.own_ms, 2),
        "acts": run.acts,
        "most_cards": max(sample.cards for sample in run.samples),
        "most_remembered": max(sample.remembered for sample in run.samples),
        **counts,
        "rss_mb": {"first": rss_mb[0], "last": rss_mb[1]},
        "rss_growth_mb": round(rss_mb[1] - rss_mb[0], 2),
        "rss_mb_per_10_minutes": round(slope, 3),
        "has_ended": run.has_ended,
        "samples": [asdict(sample) for sample in run.samples],
    }


def lowest(samples: Sequence[Sample], piece_s: float) -> list[Sample]:
    """Those with the least memory of each piece of time.

    What is free goes back to the system in large pieces, now and then; what grows is the rest.
    """
    least: dict[int, Sample] = {}
    for sample in samples:
        piece = int(sample.at_s / piece_s)
        if piece not in least or sample.rss_mb < least[piece].rss_mb:
            least[piece] = sample
    return list(least.values())


def exceeded(figures: Mapping[str, Any]) -> list[str]:
    """The limits that a run does not keep, in words."""
    kept = {
        f"99 % of the stalls are below {MOST_STALL_MS:g} ms": (
            figures["stall_ms"]["p99"] <= MOST_STALL_MS
        ),
        f"objects of Qt grow by at most {MORE_OBJECTS}": (
            figures["objects"]["last"] - figures["objects"]["first"] <= MORE_OBJECTS
        ),
        "the window ends": figures["has_ended"],
    }
    if figures["minutes"] >= FEWEST_MINUTES:
        kept |= {
            f"memory grows by at most {MOST_SLOPE_MB:g} MB in 10 minutes": (
                figures["rss_mb_per_10_minutes"] <= MOST_SLOPE_MB
            ),
            f"memory grows by at most {MOST_GROWTH_MB:g} MB": (
                figures["rss_growth_mb"] <= MOST_GROWTH_MB
            ),
            "threads stay as many": figures["threads"]["last"] <= figures["threads"]["first"],
            "open files stay as many": figures["fds"]["last"] <= figures["fds"]["first"],
        }
    return [limit for limit, is_kept in kept.items() if not is_kept]


def told(figures: Mapping[str, Any]) -> str:
    """The figures that matter, in one line."""
    stall, own = figures["stall_ms"], figures["own_stall_ms"]
    rss, threads, objects = (figures[name] for name in ("rss_mb", "threads", "objects"))
    return (
        f"{figures['minutes']:g} min: stalls p50 {stall['p50']} ms, p99 {stall['p99']} ms, longest "
        f"{stall['max']} ms (own: {own['p99']}, {own['max']}); "
        f"memory {rss['first']} -> {rss['last']} MB, {figures['rss_mb_per_10_minutes']} MB in "
        f"10 min; threads {threads['first']:g} -> {threads['last']:g}; "
        f"objects {objects['first']:g} -> {objects['last']:g}"
    )


def main() -> None:
    """Run, print one line, write the result file; ends with 1 if a limit is exceeded."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=MINUTES, help="1 or more")
    minutes: float = parser.parse_args().minutes
    if minutes < 1:
        parser.error("a run takes 1 minute or more")
    app = make_application()  # Qt needs somebody to hold it
    with responsive():
        figures = summarise(soak(minutes))
    beyond = exceeded(figures)
    write_result("gui_soak", {"exceeded": beyond, **figures})
    print(told(figures))
    app.quit()
    if beyond:
        sys.exit(f"not kept: {'; '.join(beyond)}")


if __name__ == "__main__":
    main()
