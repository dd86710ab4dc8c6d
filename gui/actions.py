"""Everything that can be done, each with a name, a shortcut, and a place in a menu."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PyQt6.QtCore import QCoreApplication
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QMainWindow

from .icons import icon


@dataclass(frozen=True, slots=True)
class Order:
    """How an action is made.

    Attributes:
        name: by which the code knows it.
        text: by which people know it.
        keys: its shortcut.
        icon: name of its icon, or "".
        is_checkable: it is on or off.
    """

    name: str
    text: str
    keys: str
    icon: str = ""
    is_checkable: bool = False


def _menus() -> list[tuple[str, list[Order | None]]]:
    """The menus; None is a separator."""
    tr = QCoreApplication.translate
    return [
        (
            tr("Actions", "&Source"),
            [
                Order("open_file", tr("Actions", "Open video or picture…"), "Ctrl+O", "file"),
                Order(
                    "open_stream",
                    tr("Actions", "Open stream address…"),
                    "Ctrl+U",
                    "stream",
                ),
                Order(
                    "open_webcam",
                    tr("Actions", "Open the first webcam"),
                    "Ctrl+W",
                    "webcam",
                ),
                Order(
                    "open_screen",
                    tr("Actions", "Open part of the screen…"),
                    "Ctrl+G",
                    "screen",
                ),
                Order("close_source", tr("Actions", "Close the source"), "Ctrl+D", "close"),
                None,
                Order("export", tr("Actions", "Export the whole file…"), "Ctrl+E", "export"),
                Order("settings", tr("Actions", "Settings…"), "Ctrl+,", "settings"),
                None,
                Order("quit", tr("Actions", "Quit"), "Ctrl+Q"),
            ],
        ),
        (
            tr("Actions", "&Play"),
            [
                Order("play", tr("Actions", "Play or pause"), "Space", "play"),
                Order("back", tr("Actions", "Back 5 s"), "Left"),
                Order("forward", tr("Actions", "Forward 5 s"), "Right"),
                Order("start", tr("Actions", "To the start"), "Home"),
                Order("slower", tr("Actions", "Slower"), "["),
                Order("faster", tr("Actions", "Faster"), "]"),
            ],
        ),
        (
            tr("Actions", "&Capture"),
            [
                Order("record", tr("Actions", "Record"), "R", "record", is_checkable=True),
                Order("snapshot", tr("Actions", "Save this picture"), "S", "camera"),
                Order("privacy", tr("Actions", "Hide faces"), "P", "privacy", is_checkable=True),
            ],
        ),
        (
            tr("Actions", "&View"),
            [
                Order("marks", tr("Actions", "Mark faces"), "K", is_checkable=True),
                Order("loupe", tr("Actions", "Show small faces enlarged"), "L", is_checkable=True),
                Order("notice", tr("Actions", "Show the notice"), "N", is_checkable=True),
                None,
                Order("next_face", tr("Actions", "Choose the next face"), "F"),
                Order("zoom_in", tr("Actions", "Zoom in"), "+"),
                Order("zoom_out", tr("Actions", "Zoom out"), "-"),
                Order("fit", tr("Actions", "Show the whole picture"), "0"),
                None,
                Order("full_screen", tr("Actions", "Full screen"), "F11", is_checkable=True),
                Order(
                    "overlay",
                    tr("Actions", "Marks over the screen itself"),
                    "O",
                    "overlay",
                    is_checkable=True,
                ),
            ],
        ),
        (
            tr("Actions", "&Help"),
            [
                Order("shortcuts", tr("Actions", "Shortcuts"), "F1"),
                Order("about", tr("Actions", "About srfer"), "Ctrl+I"),
            ],
        ),
    ]


class Actions:
    """The actions of a window, in its menu bar.

    Args:
        window: that has them.
        orders: its method `NAME` is called, with the state of an action that is checkable.
    """

    def __init__(self, window: QMainWindow, orders: object) -> None:
        self._orders = orders
        self._by_name: dict[str, QAction] = {}
        self._icons: dict[str, str] = {}
        bar = window.menuBar()
        assert bar is not None
        self.menus = {}
        for title, entries in _menus():
            menu = bar.addMenu(title)
            assert menu is not None
            self.menus[title] = menu
            for order in entries:
                if order is None:
                    menu.addSeparator()
                    continue
                action = self._make(window, order)
                menu.addAction(action)
                window.addAction(action)  # or its shortcut is gone where the menu bar is hidden

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def add(self, name: str, action: QAction) -> None:
        """Take an action that somebody else made."""
        self._by_name[name] = action

    def all(self) -> list[QAction]:
        """In the order of the menus."""
        return list(self._by_name.values())

    def restyle(self) -> None:
        """Take over the colours of the theme."""
        for name, picture in self._icons.items():
            self._by_name[name].setIcon(icon(picture))

    def _make(self, window: QMainWindow, order: Order) -> QAction:
        action = QAction(order.text, window)
        action.setShortcut(QKeySequence(order.keys))
        action.setCheckable(order.is_checkable)
        action.setToolTip(f"{order.text.rstrip('…')} ({order.keys})")
        do: Callable[..., None] = getattr(self._orders, order.name)
        if order.is_checkable:
            action.triggered.connect(do)
        else:
            action.triggered.connect(lambda _is_on: do())
        if order.icon:
            self._icons[order.name] = order.icon
            action.setIcon(icon(order.icon))
        self._by_name[order.name] = action
        return action
