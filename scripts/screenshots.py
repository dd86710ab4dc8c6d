"""Pictures of every view of the desktop app, from a real window on a screen that nobody sees.

python scripts/screenshots.py docs/images

Needs Xvfb. Every view is shown light and dark, on a usual and on a fine screen; the main one also
in Chinese. What is live depends on how fast the machine is: take them where nothing else runs.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from PyQt6 import sip
from PyQt6.QtCore import QEventLoop, QPoint, QRect, Qt, QTimer
from PyQt6.QtGui import QGuiApplication, QImage, QPixmap
from PyQt6.QtWidgets import QApplication, QDialog, QDockWidget, QLabel, QWidget

from srfer.gui.about import NoticeDialog
from srfer.gui.app import install_language, make_application
from srfer.gui.desk import Desk
from srfer.gui.images import as_image
from srfer.gui.main_window import MainWindow
from srfer.gui.preferences import Language, Preferences, Theme
from srfer.gui.theme import apply_theme
from srfer.realtime.demo.clip import make_clip, plan_walk
from srfer.realtime.types import RgbImage

ROOT = Path(__file__).resolve().parent.parent
LOOKS = [
    (Theme.LIGHT, 1, "en"),
    (Theme.DARK, 1, "en"),
    (Theme.LIGHT, 2, "en"),
    (Theme.DARK, 2, "en"),
    (Theme.LIGHT, 1, "zh"),
]
SCREEN = "2880x1800x24"
WINDOW_PX = (1280, 800)
CROWD = "synthetic:faces=4,face_px=42,size=1280x720,fps=25,seconds=60,seed=3"
SMALL_PX = 24.0
COLOURS, KEPT_COLOURS = 256, 64
FILM_AT = QPoint(1400, 40)
"""Beside the window."""


def main() -> None:
    """Take all pictures, each look in a process of its own, as Qt scales once per process."""
    if len(sys.argv) == 5:
        Photographer(Path(sys.argv[1]), Theme(sys.argv[2]), sys.argv[3], sys.argv[4]).work()
        return
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    with virtual_screen() as display:
        for theme, scale, language in LOOKS:
            environ = os.environ | {
                "DISPLAY": display,
                "QT_QPA_PLATFORM": "xcb",
                "QT_SCALE_FACTOR": str(scale),
                "WAYLAND_DISPLAY": "",
            }
            command = [sys.executable, __file__, str(target), theme, str(scale), language]
            subprocess.run(command, check=True, env=environ, cwd=ROOT)


@contextmanager
def virtual_screen() -> Iterator[str]:
    """An X server without a screen; gives its name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", SCREEN, "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        try:
            yield f":{number}"
        finally:
            server.terminate()


class Photographer:
    """Shows views one after the other and keeps what the screen shows.

    Args:
        target: folder for the pictures.
        theme: light or dark.
        scale: "1" or "2".
        language: of the window.
    """

    def __init__(self, target: Path, theme: Theme, scale: str, language: str) -> None:
        fine = "" if scale == "1" else f"@{scale}x"
        self._suffix = f"-{theme}{'' if language == 'en' else f'-{language}'}{fine}.png"
        self._target = target
        self._app = make_application()
        install_language(self._app, Language(language))
        apply_theme(self._app, theme)
        self._is_short = language != "en"
        self._is_fine = scale != "1"
        self._is_plain = not self._is_fine and theme is Theme.LIGHT and not self._is_short
        desk = Desk(Preferences(has_agreed=True, theme=theme), Path("/home/me/Videos/srfer"))
        self._window = MainWindow(desk)
        self._window.resize(*WINDOW_PX)
        self._window.move(0, 0)

    def work(self) -> None:
        """Take all pictures."""
        self._window.show()
        self._until(lambda: self._window.timeline is not None)
        with tempfile.TemporaryDirectory() as folder:
            self._walk(Path(folder) / "walk.mp4")
        if not self._is_short:
            self._dialogs()
            film = self._crowd()
            if self._is_plain:  # marks look the same everywhere
                self._overlay(film)
            self._trouble()
        self._window.close()
        self._window.desk.wait_closed(5)

    def _walk(self, clip: Path) -> None:
        """The main view: a face that has become small."""
        make_clip(clip, plan_walk())
        self._open(str(clip))
        walk = plan_walk()
        frame = int((walk.sides_px <= SMALL_PX).argmax())
        window = self._window
        window.seek((frame - 60) / 25)
        self._until(lambda: self._shown() >= 1 and self._position_s() >= frame / 25)
        window.orders.play()
        self._until(lambda: window.panels.source_bar.state.phase == "paused")
        window.choose_face(next(iter(window.panels.faces.cards)))
        self._pause()
        self._take("live-main", window)
        if not self._is_short:
            window.actions_["export"].trigger()
            self._pause()
            dialog = window.export_dialog
            assert dialog is not None
            dialog.folder.setText("/home/me/Videos/srfer/export")
            self._take("live-export", dialog)
            dialog.close()

    def _crowd(self) -> RgbImage:
        """Several faces, the bands, and the figures; gives a picture of the faces."""
        window = self._window
        self._open(CROWD)
        self._until(lambda: self._frame() >= 150)
        assert window.timeline is not None
        window.timeline.show_bands()
        self._pause()
        self._take("live-faces", window)
        numbers = window.findChild(QDockWidget, "performance")
        assert numbers is not None
        numbers.raise_()
        self._until(lambda: window.panels.performance.device.count() > 1)
        self._pause(1500)
        self._take("live-performance", window)
        film = window.panels.picture.result
        assert film is not None
        window.actions_["privacy"].trigger()
        self._pause(1500)
        self._take("live-privacy", window)
        window.actions_["privacy"].trigger()
        return film.frame.image

    def _overlay(self, picture: RgbImage) -> None:
        """Marks over a film that another window shows."""
        window = self._window
        image = as_image(picture, QImage.Format.Format_RGB888)
        film = QLabel()
        film.setWindowFlags(Qt.WindowType.FramelessWindowHint)
        film.setPixmap(QPixmap.fromImage(image))
        film.move(FILM_AT)
        film.show()
        self._pause()
        size = image.size()
        self._open(f"screen:{size.width()}x{size.height()}+{FILM_AT.x()}+{FILM_AT.y()}")
        self._until(lambda: self._shown() >= 3)
        window.actions_["overlay"].trigger()
        self._pause(3000)
        self._keep("live-overlay", 0, QRect(FILM_AT, size))
        film.close()

    def _trouble(self) -> None:
        """A source that is not there."""
        self._open("rtsp://192.0.2.1:554/entrance")
        self._pause(1200)
        self._take("live-lost", self._window)

    def _dialogs(self) -> None:
        window = self._window
        for name, action in (
            ("live-settings", "settings"),
            ("live-shortcuts", "shortcuts"),
            ("live-about", "about"),
            ("live-stream", "open_stream"),
        ):
            window.actions_[action].trigger()
            self._pause()
            (dialog,) = [
                one
                for one in QApplication.topLevelWidgets()
                if isinstance(one, QDialog) and one.isVisible()
            ]
            self._take(name, dialog)
            dialog.close()
            self._pause(50)
        notice = NoticeDialog(window)
        notice.show()
        self._pause()
        self._take("live-notice", notice)
        notice.close()

    def _open(self, text: str) -> None:
        self._window.open_text(text)
        self._pause(100)

    def _shown(self) -> int:
        result = self._window.panels.picture.result
        return 0 if result is None else len(result.faces)

    def _frame(self) -> int:
        result = self._window.panels.picture.result
        return -1 if result is None else result.frame.index

    def _position_s(self) -> float:
        result = self._window.panels.picture.result
        return -1.0 if result is None or result.frame.pts is None else float(result.frame.pts)

    def _take(self, name: str, widget: QWidget) -> None:
        """What the screen shows of a window."""
        self._keep(name, int(widget.winId()), widget.rect())

    def _keep(self, name: str, window: int, area: QRect) -> None:
        """Write what the screen shows of an area of a window; 0 is the whole desktop."""
        screen = QGuiApplication.primaryScreen()
        assert screen is not None
        path = self._target / f"{name}{self._suffix}"
        grabbed = screen.grabWindow(sip.voidptr(window), *area.getRect())
        if not grabbed.save(str(path), "PNG"):
            sys.exit(f"{path} cannot be written")
        if self._is_fine or not window:  # large, and mostly noise
            _shrink(path)
        print(path)

    def _pause(self, duration_ms: int = 400) -> None:
        loop = QEventLoop()
        QTimer.singleShot(duration_ms, loop.quit)
        loop.exec()

    def _until(self, is_so: Callable[[], bool]) -> None:
        for _ in range(4800):
            if is_so():
                return
            self._pause(50)
        sys.exit("a view did not come about within four minutes")


def _shrink(path: Path) -> None:
    """Give a picture a palette, which is a third of the bytes.

    Its most frequent colours, which are the window's, stay as they are.
    """
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB"), np.uint32)
    codes, place, counts = np.unique(
        pixels @ np.array([1 << 16, 1 << 8, 1], np.uint32), return_inverse=True, return_counts=True
    )
    colours = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=1)
    is_kept = np.zeros(len(codes), bool)
    is_kept[np.argsort(-counts)[:KEPT_COLOURS]] = True
    others = pixels[~is_kept[place].reshape(pixels.shape[:2])][None].astype(np.uint8)
    count = COLOURS - KEPT_COLOURS
    few = Image.fromarray(others).quantize(count, Image.Quantize.MAXCOVERAGE, kmeans=2)
    made = np.reshape((few.getpalette() or [])[: 3 * count], (-1, 3))
    palette = np.concatenate([colours[is_kept], made]).astype(np.float32)
    # The nearest one; what Pillow finds itself is only about right, and white would be gray.
    nearest = ((palette**2).sum(axis=1) - 2 * colours.astype(np.float32) @ palette.T).argmin(axis=1)
    small = Image.fromarray(nearest.astype(np.uint8)[place].reshape(pixels.shape[:2]))
    small.putpalette(palette.astype(np.uint8).ravel().tolist())
    small.save(path, optimize=True)


if __name__ == "__main__":
    main()
