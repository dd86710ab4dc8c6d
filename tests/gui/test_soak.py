"""A long watch, compressed: what the window keeps, makes and shows is bounded."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from PyQt6.QtCore import QEvent, QObject
from PyQt6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from benchmarks.event_loop import Ticks
from benchmarks.gui_soak import Person, Sample, Soak, exceeded, look, summarise, told
from srfer.gui.faces_panel import FaceCard
from srfer.gui.feeds import Choice, Feed
from srfer.gui.gauges import KEPT
from srfer.gui.history import KEPT_S, MAX_TRACKS
from srfer.gui.main_window import MainWindow
from srfer.gui.preferences import Privacy
from srfer.gui.reading import Reading
from srfer.realtime import Box, Face, Frame, FrameResult, Policy, Track, TrackedFrame, TrackState
from tests.synthetic import Find, Read

from .conftest import WAIT_MS, MakeWindow
from .sources import CAMERA, Camera
from .test_load import MOST_KEPT, processed
from .test_window import shown

VISITS, VISIT = 130, 12
PER_S = 2
"""Frames of a second of media time, so that there are more minutes than are remembered."""
MOST_FACES = 6
ROUND = 21
"""Things that somebody does, the last of which is to open the camera anew."""


class Guests(Find):
    """Face 1 stays for good, others come and go: new ones with every visit."""

    def __call__(self, frame: Frame, /) -> TrackedFrame:
        visit = frame.index // VISIT
        ids = [1, *(1 + visit * MOST_FACES + n for n in range(1, visit % MOST_FACES))]
        faces = [Face(Box(40.0 * n, 60, 40.0 * n + 30, 90), 0.9) for n in range(len(ids))]
        return TrackedFrame(
            frame,
            tuple(
                Track(id_, TrackState.TRACKED, face, 1)
                for id_, face in zip(ids, faces, strict=True)
            ),
        )


class Slow(Camera):
    """Of a few frames a second."""

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            yield replace(frame, pts=Fraction(frame.index, PER_S))


class Counts(NamedTuple):
    """What there is of Qt's."""

    objects: int
    widgets: int
    plotted: int


def count(window: MainWindow) -> Counts:
    assert window.timeline is not None
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    return Counts(
        len(window.findChildren(QObject)),
        len(QApplication.allWidgets()),
        len(window.timeline._plot.scene().items()),
    )


def alive(kind: type) -> int:
    # By type: isinstance asks the objects, of which some of PyTorch's answer with a warning.
    return sum(type(one) is kind for one in gc.get_objects())


@pytest.fixture
def watching(
    make_window: MakeWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> tuple[MainWindow, Callable[[], None]]:
    """A window on a camera that nobody drops frames of; and what has it see another visit."""
    monkeypatch.setattr("srfer.gui.session.make_stages", lambda *_: (Guests(), Read()))
    camera, seen = Slow(), 0

    def opened(choice: Choice) -> Feed:
        return Feed(choice, camera, Policy.LOSSLESS)

    window = make_window(opened=opened)
    window.open_choice(CAMERA)

    def see() -> None:
        nonlocal seen
        seen += VISIT
        camera.deliver(VISIT)
        qtbot.waitUntil(lambda: processed(window) == seen, timeout=WAIT_MS)
        for _, work in window._rota:
            work()
        window.panels.picture.repaint()

    see()
    qtbot.waitUntil(lambda: window.timeline is not None, timeout=WAIT_MS)
    window._timer.stop()  # from here on it looks when the test says so, and only then
    return window, see


def test_faces_come_and_go_and_the_window_keeps_what_it_shows(
    watching: tuple[MainWindow, Callable[[], None]],
) -> None:
    window, see = watching
    session, timeline = window.desk.session, window.timeline
    assert session is not None
    assert timeline is not None
    counted: dict[int, set[Counts]] = {}
    for visit in range(1, VISITS):
        see()
        assert len(window.panels.faces.cards) == max(1, visit % MOST_FACES)
        if visit % 50 == 0:
            timeline.show_bands()
        if visit >= VISITS // 2 and visit % 10 == 0:
            counted.setdefault(visit % MOST_FACES, set()).add(count(window))
    assert all(len(counts) == 1 for counts in counted.values()), counted
    result = session.latest()
    assert result is not None
    assert result.frame.index == VISITS * VISIT - 1, "nothing was dropped"
    known = session.history.track_ids
    assert len(known) == MAX_TRACKS
    faces = timeline._face
    assert faces.count() == MAX_TRACKS
    course = session.history.course(1)
    assert course is not None
    assert course.times_s[0] >= session.history.now_s - KEPT_S - 100 / PER_S
    assert session.history.now_s > KEPT_S + 100
    assert len(session.gauges._samples) == KEPT
    del result, course
    assert alive(FaceCard) == len(window.panels.faces.cards)
    assert alive(Frame) <= MOST_KEPT
    assert alive(FrameResult) <= MOST_KEPT
    assert alive(Reading) <= MAX_TRACKS


def test_what_somebody_does_with_the_window_leaves_nothing_behind(
    make_window: MakeWindow, qtbot: QtBot
) -> None:
    cameras: list[Camera] = []

    def opened(choice: Choice) -> Feed:
        cameras.append(Camera())
        return Feed(choice, cameras[-1], Policy.LIVE)

    window = make_window(opened=opened)
    window.open_choice(CAMERA)
    person = Person(window)
    counted = []
    for _ in range(3):
        cameras[-1].deliver()
        qtbot.waitUntil(lambda: shown(window), timeout=WAIT_MS)
        qtbot.waitUntil(lambda: window.timeline is not None, timeout=WAIT_MS)
        for _, work in window._rota:
            work()
        assert len(window.panels.faces.cards) == 1
        counted.append(count(window))
        for _ in range(ROUND):
            person.act()
            QApplication.processEvents()
    assert counted[1] == counted[2]
    assert len(cameras) == 4, "a round ends with the camera opened anew"
    assert window.desk.preferences.privacy is Privacy.OFF, "everything was undone"


def sample(at_s: float, **others: float) -> Sample:
    usual = {"rss_mb": 300.0, "blocks": 1, "fds": 7, "threads": 9, "widgets": 200}
    more = {"objects": 300, "cards": 2, "remembered": 9, "results": 1}
    return Sample(at_s=at_s, **{**usual, **more, **others})  # type: ignore[arg-type]


def run_of(minutes: float, growth_mb: float = 0.0, stall_ms: float = 5.0, **others: float) -> Soak:
    """A run whose memory grows evenly, with peaks that mean nothing."""
    length_s = 60 * minutes
    times_s = np.arange(5, length_s, 5)
    samples = [
        sample(
            at_s,
            rss_mb=300 + growth_mb * at_s / length_s + 40 * (index % 3 == 0),
            **(others if at_s > length_s / 2 else {}),
        )
        for index, at_s in enumerate(times_s.tolist())
    ]
    ticks = Ticks(np.full(1000, stall_ms), np.zeros(1000))
    return Soak(minutes, ticks, samples, 100, has_ended=True)


def test_a_run_that_stays_as_it_is_keeps_all_limits() -> None:
    figures = summarise(run_of(30))
    assert exceeded(figures) == []
    assert figures["rss_mb_per_10_minutes"] == pytest.approx(0, abs=0.01)
    assert "stalls p50 5.0 ms, p99 5.0 ms" in told(figures)


@pytest.mark.parametrize(
    ("run", "limit"),
    [
        (run_of(30, growth_mb=6), "1 MB in 10 minutes"),
        (run_of(30, stall_ms=60), "stalls are below"),
        (run_of(30, threads=10), "threads"),
        (run_of(30, fds=8), "open files"),
        (run_of(3, objects=400), "objects of Qt"),
    ],
)
def test_a_run_that_grows_or_stands_still_does_not(run: Soak, limit: str) -> None:
    (beyond,) = exceeded(summarise(run))
    assert limit in beyond


def test_a_short_run_is_not_judged_by_its_memory() -> None:
    assert exceeded(summarise(run_of(3, growth_mb=6))) == []


def test_a_look_counts_what_the_window_has(
    watching: tuple[MainWindow, Callable[[], None]],
) -> None:
    window, see = watching
    see()
    seen = look(window, 1.234)
    assert (seen.at_s, seen.results) == (1.23, 2 * VISIT)
    assert seen.cards == len(window.panels.faces.cards) == 1
    assert seen.remembered == 1
    assert seen.objects > seen.cards
    assert seen.widgets >= len(window.findChildren(QWidget))
