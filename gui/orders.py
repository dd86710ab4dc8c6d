"""What a person can do: one method for each action, by its name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt6.QtCore import QObject, QRect, Qt
from PyQt6.QtWidgets import QApplication, QDialog, QFileDialog

from srfer.errors import ExportError
from srfer.realtime.sinks.atomic import shown, writing

from .about import AboutDialog
from .feeds import Kind, list_webcams, region_address
from .preferences import Privacy, Theme
from .region_picker import RegionPicker
from .session import Phase
from .settings_dialog import SettingsDialog
from .shortcut_sheet import ShortcutSheet
from .stream_dialog import StreamDialog
from .theme import apply_theme
from .transport import SKIP_S, SPEEDS

if TYPE_CHECKING:
    from .main_window import MainWindow

ZOOM_STEP = 1.25


class Orders(QObject):
    """Carries out what is asked of a window.

    Args:
        window: the one that is asked.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._picker: RegionPicker | None = None

    def open_file(self) -> None:
        """Ask for a file."""
        title = self.tr("Open video or picture")
        path, _ = QFileDialog.getOpenFileName(self._window, title)
        if path:
            self._window.open_text(path)

    def open_stream(self, address: str = "") -> None:
        """Ask for an address."""
        dialog = StreamDialog(address, self._window)
        dialog.accepted.connect(lambda: self._window.open_text(dialog.text))
        _show(dialog)

    def open_webcam(self) -> None:
        """Open the first webcam."""
        webcams = list_webcams()
        if webcams:
            self._window.open_choice(webcams[0])
        else:
            self._window.say(self.tr("No webcam was found; plug one in, and try again."))

    def open_screen(self) -> None:
        """Ask for a part of the screen."""
        self._picker = RegionPicker()
        self._picker.picked.connect(self._open_region)
        self._picker.show()
        self._picker.activateWindow()

    def close_source(self) -> None:
        """Close what is open."""
        self._window.close_source()

    def export(self) -> None:
        """Write all results of the open file."""
        from .export_dialog import ExportDialog  # brings all that writes files

        session, desk = self._window.desk.session, self._window.desk
        if session is not None and session.choice.kind is Kind.FILE:
            player = session.player
            length_s = None if player is None else player.duration_s
            dialog = ExportDialog(
                Path(session.choice.address),
                None if length_s is None else float(length_s),
                desk,
                self._window,
            )
            dialog.chosen.connect(self._window.apply)
            self._window.export_dialog = dialog
            _show(dialog)

    def settings(self) -> None:
        """Show what can be set."""
        desk = self._window.desk
        dialog = SettingsDialog(desk.preferences, desk.usual_folder, self._window)
        dialog.accepted.connect(lambda: self._window.apply(dialog.chosen))
        _show(dialog)

    def quit(self) -> None:
        """Close the window."""
        self._window.close()

    def play(self) -> None:
        """Pause, go on, or begin again where it has ended."""
        session = self._window.desk.session
        if session is None:
            return
        match session.status().phase:
            case Phase.PAUSED:
                session.resume()
            case Phase.ENDED | Phase.FAILED:
                self._window.open_choice(session.choice)
            case _:
                session.pause()

    def back(self) -> None:
        """Five seconds back."""
        self._skip(-SKIP_S)

    def forward(self) -> None:
        """Five seconds on."""
        self._skip(SKIP_S)

    def start(self) -> None:
        """To the first frame."""
        self._window.seek(0.0)

    def slower(self) -> None:
        """The next lower speed."""
        self._change_speed(-1)

    def faster(self) -> None:
        """The next higher speed."""
        self._change_speed(1)

    def set_speed(self, speed: float) -> None:
        """1 is the file's own speed."""
        session = self._window.desk.session
        if session is not None and session.player is not None:
            session.player.speed = speed

    def record(self, is_on: bool) -> None:
        """Begin or end a recording."""
        session = self._window.desk.session
        recording = None if session is None else session.recorder.recording
        if is_on != (recording is not None and recording.is_open):
            self._window.desk.toggle_recording()

    def snapshot(self) -> None:
        """Save what is shown."""
        result = self._window.panels.picture.result
        if result is not None:
            self._window.desk.save_snapshot(result)

    def privacy(self, is_on: bool) -> None:
        """Hide faces, in the way that was used last."""
        usual = self._window.usual_privacy
        self._change(privacy=usual if is_on else Privacy.OFF)

    def marks(self, is_on: bool) -> None:
        """Mark faces, or do not."""
        self._change(has_marks=is_on)

    def loupe(self, is_on: bool) -> None:
        """Show small faces enlarged, or do not."""
        self._change(has_loupe=is_on)

    def notice(self, is_on: bool) -> None:
        """Say that expressions are analysed, or do not."""
        self._change(has_notice=is_on)

    def next_face(self) -> None:
        """Choose the next face in view; after the last one, the first."""
        ids = sorted(self._window.panels.faces.cards)
        if ids:
            later = [one for one in ids if one > self._window.selected]
            self._window.choose_face(later[0] if later else ids[0])

    def zoom_in(self) -> None:
        """Show less, larger."""
        self._window.panels.picture.zoom_by(ZOOM_STEP)

    def zoom_out(self) -> None:
        """Show more, smaller."""
        self._window.panels.picture.zoom_by(1 / ZOOM_STEP)

    def fit(self) -> None:
        """Show all."""
        self._window.panels.picture.fit()

    def full_screen(self, is_on: bool) -> None:
        """Use the whole screen."""
        state = self._window.windowState()
        flag = Qt.WindowState.WindowFullScreen
        self._window.setWindowState(state | flag if is_on else state & ~flag)

    def overlay(self, is_on: bool) -> None:
        """Draw the marks over the part of the screen that is looked at."""
        self._window.show_overlay(is_on)

    def shortcuts(self) -> None:
        """Show the sheet."""
        extra = [
            (self.tr("Zoom about the pointer"), self.tr("Wheel")),
            (self.tr("Show the whole picture"), self.tr("Double click")),
            (self.tr("Choose a face"), self.tr("Click")),
            (self.tr("Open a file"), self.tr("Drop it")),
        ]
        _show(ShortcutSheet(self._window.actions_.all(), extra, self._window))

    def about(self) -> None:
        """Show version, lawful use and licences."""
        _show(AboutDialog(self._window))

    def save_timeline_as(self, kind: str) -> None:
        """Ask where to save the timeline, "png" or "csv"."""
        session, desk = self._window.desk.session, self._window.desk
        if session is None:
            return
        name = desk.folder / f"{desk.new_name(session.choice)}.{kind}"
        title = self.tr("Save the timeline")
        path, _ = QFileDialog.getSaveFileName(self._window, title, str(name), f"*.{kind}")
        if path:
            self.save_timeline(Path(path))

    def save_timeline(self, path: Path) -> None:
        """Write the plot as a picture, or the figures as a table, by the suffix."""
        session, timeline = self._window.desk.session, self._window.timeline
        if session is None or timeline is None:
            return
        if path.suffix == ".csv":
            session.save_table(path)
            return
        try:
            with writing(path):
                path.parent.mkdir(parents=True, exist_ok=True)
            if not timeline.save_png(path):
                trouble = "the picture cannot be written; choose another folder"
                raise ExportError(f"{shown(path)}: {trouble}")
        except ExportError as error:
            self._window.complain(str(error))
        else:
            self._window.tell(self.tr("saved {name}").format(name=path.name))

    def _open_region(self, region: QRect) -> None:
        self._window.open_text(region_address(region.getRect(), self._window.devicePixelRatioF()))

    def _skip(self, by_s: float) -> None:
        session = self._window.desk.session
        if session is not None and session.player is not None:
            self._window.seek(max(0.0, float(session.player.position_s) + by_s))

    def _change_speed(self, by: int) -> None:
        session = self._window.desk.session
        if session is not None and session.player is not None:
            faster = [one for one in SPEEDS if one > session.player.speed]
            slower = [one for one in SPEEDS if one < session.player.speed]
            wanted = faster[:1] if by > 0 else slower[-1:]
            for speed in wanted:
                session.player.speed = speed

    def _change(self, **values: object) -> None:
        preferences = replace(self._window.desk.preferences, **values)  # type: ignore[arg-type]
        self._window.apply(preferences)


def _show(dialog: QDialog) -> None:
    """Beside the window, which goes on."""
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()


def use_theme(theme: Theme) -> None:
    """Make the application light or dark."""
    app = QApplication.instance()
    if isinstance(app, QApplication):
        apply_theme(app, theme)
