"""The window: shows what the session has, and hands on what a person wants."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PyQt6.QtCore import QByteArray, QElapsedTimer, QEvent, QRect, Qt, QTimer, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QMenu

from srfer.errors import SrferError

from .actions import Actions
from .desk import Desk
from .feeds import Choice, Kind, choose
from .messages import cause_of, message
from .orders import Orders, use_theme
from .overlay_window import OverlayWindow, watched_region
from .panels import Panels
from .preferences import Preferences, Privacy, Theme
from .reading import Reading
from .session import Phase, Session
from .spoken import spoken

if TYPE_CHECKING:
    from .export_dialog import ExportDialog
    from .timeline import Timeline

TICK_MS = 16
"""How often the newest result is looked for."""

SAID_FOR_MS = 8000


class MainWindow(QMainWindow):
    """One window on one source at a time.

    Args:
        desk: what is open and set.

    Signals:
        preferences_changed: something was set that is to be kept.
    """

    preferences_changed = pyqtSignal(Preferences)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.selected = 0
        self.region = QRect()
        self.usual_privacy = Privacy.PIXELATE
        self.timeline: Timeline | None = None
        self.overlay: OverlayWindow | None = None
        self.export_dialog: ExportDialog | None = None
        self._phase: Phase | None = None
        self.setWindowTitle("srfer")
        self.setAcceptDrops(True)
        self.orders = Orders(self)
        self.actions_ = Actions(self, self.orders)
        self.panels = Panels(self, self.actions_, desk.preferences)
        self._rota: list[tuple[int, Callable[[], None]]] = [
            (TICK_MS, self._show_result),
            (100, self._show_faces),
            (200, self._show_status),
            (250, self._show_timeline),
            (500, self._show_figures),
        ]
        self._last_ms = dict.fromkeys((work for _, work in self._rota), -10_000)
        self._since = QElapsedTimer()
        self._since.start()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._add_view_menu()
        self._connect()
        self._restore()
        self._show_preferences()
        self._show_session()

    def open_text(self, text: str) -> None:
        """Open what a text stands for."""
        try:
            choice = choose(text)
        except SrferError as error:
            self.complain(str(error))
            return
        self.open_choice(choice)

    def open_choice(self, choice: Choice) -> None:
        """Open a source; if that is impossible, what is open stays open."""
        try:
            self.desk.open(choice)
        except SrferError as error:
            self.complain(str(error))
            return
        self.panels.banner.hide()
        self._show_session()
        self._keep()

    def close_source(self) -> None:
        """Close what is open."""
        self.desk.close()
        self._show_session()

    def apply(self, preferences: Preferences) -> None:
        """Take over other preferences, and keep them."""
        before, before_setup = self.desk.preferences, self.desk.setup
        self.desk.apply(preferences)
        if preferences.theme is not before.theme:
            use_theme(preferences.theme)
        self._show_preferences()
        self._keep()
        session = self.desk.session
        if session is not None and session.setup != before_setup and self._phase is Phase.FAILED:
            self.open_choice(session.choice)  # it may go now

    def seek(self, position_s: float) -> None:
        """Go to a time of the file; where it has ended, begin again there."""
        session = self.desk.session
        if session is None or session.player is None:
            return
        if session.status().phase is Phase.ENDED:
            self.open_choice(session.choice)
            session = self.desk.session
        if session is not None and session.player is not None:
            session.player.seek(position_s)

    def choose_face(self, track_id: int) -> None:
        """Make a face the one that the panels are about; 0 for none."""
        self.selected = track_id
        self.panels.picture.selected = track_id
        self.panels.picture.update()
        self._show_faces()
        self._show_timeline()

    def say(self, text: str) -> None:
        """Say what went wrong, without stopping anybody."""
        self.panels.banner.say(text)

    def complain(self, text: str) -> None:
        """Say an error of another room."""
        self.say(spoken(text))

    def tell(self, text: str) -> None:
        """Say for a while what was done."""
        bar = self.statusBar()
        if bar is not None:
            bar.showMessage(text, SAID_FOR_MS)

    def show_overlay(self, is_on: bool) -> None:
        """Draw the marks over the screen itself, or no longer."""
        if self.overlay is not None:
            self.overlay.close()
            self.overlay.deleteLater()
            self.overlay = None
        if is_on and not self.region.isEmpty():
            self.overlay = OverlayWindow(self.region)
            self.overlay.show()
        self.actions_["overlay"].setChecked(self.overlay is not None)

    def closeEvent(self, event: QCloseEvent | None) -> None:
        """Keep what is set, and go at once; threads end behind the closed window."""
        self._timer.stop()
        self.panels.timeline_home.leave()
        self.show_overlay(False)
        if self.export_dialog is not None and self.export_dialog.job is not None:
            self.export_dialog.job.cancel()
        self.desk.close()
        if self.timeline is not None:
            self.timeline.close()
            self.timeline = None
        geometry = base64.b64encode(self.saveGeometry().data()).decode("ascii")
        layout = base64.b64encode(self.saveState().data()).decode("ascii")
        self.desk.apply(replace(self.desk.preferences, geometry=geometry, layout=layout))
        self._keep()
        super().closeEvent(event)

    def wait_closed(self, timeout_s: float) -> None:
        """After it was closed: wait for everything that still works for it."""
        self.desk.wait_closed(timeout_s)
        self.panels.performance.wait_for_devices(timeout_s)
        self.panels.timeline_home.wait(timeout_s)
        if self.export_dialog is not None and self.export_dialog.job is not None:
            self.export_dialog.job.wait(timeout_s)

    def follow_system(self) -> None:
        """The system has become light or dark."""
        if self.desk.preferences.theme is Theme.SYSTEM:
            use_theme(Theme.SYSTEM)

    def changeEvent(self, event: QEvent | None) -> None:
        """Follow the theme of the system."""
        if event is not None and event.type() == QEvent.Type.PaletteChange:
            self._restyle()
        super().changeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:
        """Take files."""
        data = None if event is None else event.mimeData()
        if event is not None and data is not None and data.hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:
        """Open the first file that was dropped."""
        data = None if event is None else event.mimeData()
        paths = [] if data is None else [url.toLocalFile() for url in data.urls()]
        for path in [path for path in paths if path][:1]:
            self.open_text(path)

    # What is shown, and how often.

    def _tick(self) -> None:
        now_ms = self._since.elapsed()
        for every_ms, work in self._rota:
            if now_ms - self._last_ms[work] >= every_ms - TICK_MS // 2:
                self._last_ms[work] = now_ms
                work()

    def _show_session(self) -> None:
        """A session has begun, or there is none any more."""
        session = self.desk.session
        picture = self.panels.picture
        picture.show_result(None)
        picture.fit()
        picture.has_age = False
        self.choose_face(0)
        self.panels.source_bar.show_choice(None if session is None else session.choice)
        title = "srfer" if session is None else f"{session.choice.title} – srfer"
        self.setWindowTitle(title)
        ratio = self.devicePixelRatioF()
        region = QRect() if session is None else watched_region(session.choice, ratio)
        if region != self.region:
            self.region = region
            self.show_overlay(False)
        if session is None:
            self._timer.stop()
        else:
            self._timer.start(TICK_MS)
        self._show_status()
        self._show_figures()

    def _show_result(self) -> None:
        session = self.desk.session
        if session is None:
            return
        result = session.latest()
        picture = self.panels.picture
        if result is not None and result is not picture.result:
            picture.show_result(result)
            if self.overlay is not None:
                self.overlay.show_result(result)

    def _show_faces(self) -> None:
        if self.panels.picture.has_age:
            self.panels.picture.update_age()
        result = self.panels.picture.result
        readings = [] if result is None else [Reading.of(face) for face in result.faces]
        self.panels.faces.show_readings(readings, self.selected)

    def _show_status(self) -> None:
        session = self.desk.session
        status = None if session is None else session.status()
        self._phase = None if status is None else status.phase
        cause = "" if status is None else cause_of(status)
        self.panels.source_bar.state.show_phase(self._phase, cause)
        has_result = self.panels.picture.result is not None
        self.panels.picture.show_message(*message(session, status, has_result=has_result))
        is_going = self._phase in (Phase.LIVE, Phase.STALLED, Phase.LOST)
        self.panels.picture.has_age = session is not None and session.is_live and is_going
        is_playing = self._phase not in (None, Phase.PAUSED, Phase.ENDED, Phase.FAILED)
        player = None if session is None else session.player
        self.panels.transport.show_player(player, is_playing=is_playing)
        self._show_what_is_possible(session)
        if session is not None:
            if self.desk.follow_session():
                self._show_preferences()
            for text in session.take_notices():
                self.complain(text)
            for text in session.take_news():
                self.tell(text)

    def _show_what_is_possible(self, session: Session | None) -> None:
        """Actions that would do nothing now are off."""
        has_result = self.panels.picture.result is not None
        is_running = has_result and self._phase not in (None, Phase.ENDED, Phase.FAILED)
        has_player = session is not None and session.player is not None
        for name, is_possible in (
            ("close_source", session is not None),
            ("export", session is not None and session.choice.kind is Kind.FILE),
            ("play", session is not None),
            ("record", is_running),
            ("snapshot", has_result),
            ("next_face", bool(self.panels.faces.cards)),
            ("overlay", not self.region.isEmpty()),
            *((name, has_player) for name in ("back", "forward", "start", "slower", "faster")),
            *((name, has_result) for name in ("zoom_in", "zoom_out", "fit")),
        ):
            self.actions_[name].setEnabled(is_possible)
        recording = None if session is None else session.recorder.recording
        self.actions_["record"].setChecked(recording is not None and recording.is_open)

    def _show_timeline(self) -> None:
        session = self.desk.session
        if self.panels.picture.result is not None:
            self.panels.timeline_home.begin()
        if self.timeline is not None and session is not None:
            can_seek = session.player is not None
            self.timeline.show_history(session.history, self.selected, can_seek=can_seek)

    def _show_figures(self) -> None:
        panel, session = self.panels.performance, self.desk.session
        if not panel.isVisible():
            return
        panel.look_for_devices()
        if session is None:
            panel.figures.show_report(None, None)
            panel.show_engine("–")
        else:
            panel.figures.show_report(session.gauges.report(), session.status())
            panel.show_engine("–" if session.model is None else session.model.description)

    def _show_preferences(self) -> None:
        preferences, picture = self.desk.preferences, self.panels.picture
        picture.has_marks = preferences.has_marks
        picture.has_loupe = preferences.has_loupe
        picture.has_notice = preferences.has_notice
        picture.update()
        for name, is_on in (
            ("marks", preferences.has_marks),
            ("loupe", preferences.has_loupe),
            ("notice", preferences.has_notice),
            ("privacy", preferences.privacy is not Privacy.OFF),
        ):
            self.actions_[name].setChecked(is_on)
        if preferences.privacy is not Privacy.OFF:
            self.usual_privacy = preferences.privacy
        self.panels.performance.show_preferences(preferences)
        self.panels.source_bar.show_recent(preferences.recent)

    # Setting up.

    def _connect(self) -> None:
        panels, orders = self.panels, self.orders
        panels.source_bar.chosen.connect(self.open_choice)
        panels.source_bar.file_wanted.connect(orders.open_file)
        panels.source_bar.stream_wanted.connect(orders.open_stream)
        panels.source_bar.screen_wanted.connect(orders.open_screen)
        panels.picture.face_chosen.connect(self.choose_face)
        panels.faces.face_chosen.connect(self.choose_face)
        panels.transport.play_toggled.connect(orders.play)
        panels.transport.time_chosen.connect(self.seek)
        panels.transport.speed_chosen.connect(orders.set_speed)
        panels.performance.changed.connect(self.apply)
        panels.timeline_home.made.connect(self._take_timeline)

    def _take_timeline(self, timeline: Timeline) -> None:
        self.timeline = timeline
        timeline.face_chosen.connect(self.choose_face)
        timeline.time_chosen.connect(self.seek)
        timeline.export_wanted.connect(self.orders.save_timeline_as)

    def _add_view_menu(self) -> None:
        """Panels can be closed and come back."""
        bar = self.menuBar()
        assert bar is not None
        menu = QMenu(self.tr("&Panels"), self)
        bar.insertMenu(bar.actions()[-1], menu)
        for dock, key in zip(self.findChildren(QDockWidget), ("1", "2", "3"), strict=True):
            action = dock.toggleViewAction()
            assert action is not None
            action.setShortcut(f"Ctrl+{key}")
            menu.addAction(action)
            self.actions_.add(dock.objectName(), action)

    def _restore(self) -> None:
        preferences = self.desk.preferences
        self.resize(1280, 800)
        for text, restore in (
            (preferences.geometry, self.restoreGeometry),
            (preferences.layout, self.restoreState),
        ):
            if text:
                restore(QByteArray(base64.b64decode(text, validate=False)))

    def _restyle(self) -> None:
        self.actions_.restyle()
        self.panels.source_bar.restyle()
        self.panels.transport.restyle()
        self.panels.picture.update()
        if self.timeline is not None:
            self.timeline.restyle()

    def _keep(self) -> None:
        self.panels.source_bar.show_recent(self.desk.preferences.recent)
        self.preferences_changed.emit(self.desk.preferences)
