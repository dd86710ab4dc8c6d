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


Menu = tuple[str, list[Order | None]]
"""A title and its orders; None is a separator."""


def _menus() -> list[Menu]:
    return [_source_menu(), _play_menu(), _capture_menu(), _view_menu(), _help_menu()]


def _source_menu() -> Menu:
    translate = QCoreApplication.translate
    orders: list[Order | None] = [
        Order("open_file", translate("Actions", "Open video or picture…"), "Ctrl+O", "file"),
        Order(
            "open_stream",
            translate("Actions", "Open stream address…"),
            "Ctrl+U",
            "stream",
        ),
        Order(
            "open_webcam",
            translate("Actions", "Open the first webcam"),
            "Ctrl+W",
            "webcam",
        ),
        Order(
            "open_screen",
            translate("Actions", "Open part of the screen…"),
            "Ctrl+G",
            "screen",
        ),
        Order("close_source", translate("Actions", "Close the source"), "Ctrl+D", "close"),
        None,
        Order("export", translate("Actions", "Export the whole file…"), "Ctrl+E", "export"),
        Order("settings", translate("Actions", "Settings…"), "Ctrl+,", "settings"),
        None,
        Order("quit", translate("Actions", "Quit"), "Ctrl+Q"),
    ]
    return translate("Actions", "&Source"), orders


def _play_menu() -> Menu:
    translate = QCoreApplication.translate
    orders: list[Order | None] = [
        Order("play", translate("Actions", "Play or pause"), "Space", "play"),
        Order("back", translate("Actions", "Back 5 s"), "Left"),
        Order("forward", translate("Actions", "Forward 5 s"), "Right"),
        Order("start", translate("Actions", "To the start"), "Home"),
        Order("slower", translate("Actions", "Slower"), "["),
        Order("faster", translate("Actions", "Faster"), "]"),
    ]
    return translate("Actions", "&Play"), orders


def _capture_menu() -> Menu:
    translate = QCoreApplication.translate
    orders: list[Order | None] = [
        Order("record", translate("Actions", "Record"), "R", "record", is_checkable=True),
        Order("snapshot", translate("Actions", "Save this picture"), "S", "camera"),
        Order("privacy", translate("Actions", "Hide faces"), "P", "privacy", is_checkable=True),
    ]
    return translate("Actions", "&Capture"), orders


def _view_menu() -> Menu:
    translate = QCoreApplication.translate
    orders: list[Order | None] = [
        Order("marks", translate("Actions", "Mark faces"), "K", is_checkable=True),
        Order(
            "loupe",
            translate("Actions", "Show small faces enlarged"),
            "L",
            is_checkable=True,
        ),
        Order("notice", translate("Actions", "Show the notice"), "N", is_checkable=True),
        None,
        Order("next_face", translate("Actions", "Choose the next face"), "F"),
        Order("zoom_in", translate("Actions", "Zoom in"), "+"),
        Order("zoom_out", translate("Actions", "Zoom out"), "-"),
        Order("fit", translate("Actions", "Show the whole picture"), "0"),
        None,
        Order("full_screen", translate("Actions", "Full screen"), "F11", is_checkable=True),
        Order(
            "overlay",
            translate("Actions", "Marks over the screen itself"),
            "O",
            "overlay",
            is_checkable=True,
        ),
    ]
    return translate("Actions", "&View"), orders


def _help_menu() -> Menu:
    translate = QCoreApplication.translate
    orders: list[Order | None] = [
        Order("shortcuts", translate("Actions", "Shortcuts"), "F1"),
        Order("about", translate("Actions", "About srfer"), "Ctrl+I"),
    ]
    return translate("Actions", "&Help"), orders


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
