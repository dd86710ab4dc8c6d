"""Starting the window, and ending it in good order."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import cv2
from PyQt6.QtCore import QLibraryInfo, QLocale, QStandardPaths, QTimer, QTranslator
from PyQt6.QtWidgets import QApplication

from srfer.engines import DEFAULT

from .about import NoticeDialog
from .desk import Desk
from .faults import Faults
from .garbage import Collector
from .keeper import Keeper
from .main_window import MainWindow
from .memory import keep_heaps_few
from .preferences import Language
from .settings import SettingsFile, default_path
from .theme import apply_theme

END_S = 3.0
"""Time for threads to end after the window is gone; what hangs longer ends with the process."""

SIGNALS_EVERY_MS = 200
"""Python sees Ctrl-C only when it runs; a window that rests would not notice."""

TURN_S = 0.001
"""The longest that a thread keeps Python's lock while others wait; by default it is 0.005."""

TRANSLATIONS = Path(__file__).parent / "translations"


def run(source: str = "", model: str = DEFAULT, overrides: Mapping[str, Any] | None = None) -> int:
    """Show the window until it is closed.

    Args:
        source: to open at once, or "".
        model: name or path of the model.
        overrides: preferences for this time only, by name.

    Returns:
        The exit code: 1 if there was an error that nobody expected.

    Raises:
        KeyboardInterrupt: if Ctrl-C or SIGTERM ended it.
        ConfigError: if an override is impossible.
    """
    app = make_application()
    with responsive():
        return _run(app, source, model, overrides or {})


def _run(app: QApplication, source: str, model: str, overrides: Mapping[str, Any]) -> int:
    file = SettingsFile(default_path())
    preferences, note = file.load()
    wanted = replace(preferences, **overrides)
    install_language(app, wanted.language)
    apply_theme(app, wanted.theme)
    hints = app.styleHints()
    assert hints is not None
    desk = Desk(wanted, usual_folder(), model=model)
    window = MainWindow(desk)
    faults = Faults()
    faults.found.connect(window.complain)
    faults.install()
    keeper = Keeper(file, preferences, overrides)
    keeper.failed.connect(window.complain)
    window.preferences_changed.connect(keeper.keep)
    hints.colorSchemeChanged.connect(lambda _: window.follow_system())
    if note:
        window.complain(note)
    received, restore = _listen(app)
    try:
        window.show()
        begin(window, source)
        app.exec()
    finally:
        restore()
        faults.uninstall()
        desk.close()
        window.wait_closed(END_S)
        keeper.finish(END_S)
    for number, before in received:
        if callable(before):
            before(number, None)
        raise KeyboardInterrupt
    return 1 if faults.count else 0


def make_application() -> QApplication:
    """The one application of the process, made if there is none."""
    clear_foreign_settings()
    keep_heaps_few()
    # Qt would share out the painting of a mark, and the window wait for threads that wait for a
    # processor that is busy with faces.
    os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        app = QApplication(["srfer"])
    app.setApplicationName("srfer")
    app.setStyle("Fusion")
    return app


@contextmanager
def responsive() -> Iterator[None]:
    """Set Python up for a window: threads hand on its lock soon, and garbage is collected here."""
    collector = Collector()
    collector.install()
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(TURN_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)
        collector.uninstall()


def clear_foreign_settings() -> None:
    """OpenCV points Qt to plugins and fonts of its own, which are of another version."""
    own = str(Path(cv2.__file__).parent)
    for name in [name for name in os.environ if name.startswith("QT_")]:
        if own in os.environ[name]:
            del os.environ[name]


def install_language(app: QApplication, language: Language) -> None:
    """Load the translations, Qt's own and ours."""
    locale = QLocale.system() if language is Language.SYSTEM else QLocale(str(language))
    places = (
        ("qtbase", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)),
        ("srfer", str(TRANSLATIONS)),
    )
    for name, folder in places:
        translator = QTranslator(app)
        if translator.load(locale, name, "_", folder):
            app.installTranslator(translator)


def usual_folder() -> Path:
    """Where recordings go if nobody says otherwise."""
    movies = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.MoviesLocation)
    return Path(movies or Path.home()) / "srfer"


def begin(window: MainWindow, source: str) -> None:
    """Open the source; the first time, after what may be done with it was said."""
    if window.desk.preferences.has_agreed:
        if source:
            window.open_text(source)
        return
    notice = NoticeDialog(window)

    def agree() -> None:
        window.apply(replace(window.desk.preferences, has_agreed=True))
        if source:
            window.open_text(source)

    notice.accepted.connect(agree)
    notice.rejected.connect(window.close)
    notice.open()


def _listen(app: QApplication) -> tuple[list[tuple[int, Any]], Callable[[], None]]:
    """Close the window on Ctrl-C and SIGTERM; gives what came, and how to stop listening."""
    received: list[tuple[int, Any]] = []
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def close(number: int, _frame: FrameType | None) -> None:
        received.append((number, before[signal.Signals(number)]))
        end()

    def end() -> None:
        app.closeAllWindows()
        app.quit()

    for number in before:
        signal.signal(number, close)
    timer = QTimer()
    # It lets Python see signals, and ends a loop that began after one had come.
    timer.timeout.connect(lambda: end() if received else None)
    timer.start(SIGNALS_EVERY_MS)

    def restore() -> None:
        timer.stop()
        for number, handler in before.items():
            signal.signal(number, handler)

    return received, restore
