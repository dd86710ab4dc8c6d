"""The main window's parts, put in their places."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication, Qt
from PyQt6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QToolBar, QVBoxLayout, QWidget

from .actions import Actions
from .banner import Banner
from .faces_panel import FacesPanel
from .performance_panel import PerformancePanel
from .picture import PictureView
from .preferences import Preferences
from .source_bar import SourceBar
from .timeline_home import TimelineHome
from .transport import Transport

TIMELINE_PX, FACES_PX = 210, 350
"""Height and width of the panels at the first start."""

TOOLS = ("record", "snapshot", "privacy", None, "export", "overlay", "settings")


class Panels:
    """Everything that a window shows.

    Args:
        window: to fill.
        actions: of that window.
        preferences: what is set.
    """

    def __init__(self, window: QMainWindow, actions: Actions, preferences: Preferences) -> None:
        self.source_bar = SourceBar()
        self.banner = Banner()
        self.picture = PictureView()
        self.transport = Transport()
        self.faces = FacesPanel()
        self.performance = PerformancePanel(preferences)
        self.timeline_home = TimelineHome()
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.banner)
        column.addWidget(self.picture, 1)
        column.addWidget(self.transport)
        window.setCentralWidget(middle)
        window.addToolBar(_tool_bar(actions, self.source_bar))
        right = Qt.DockWidgetArea.RightDockWidgetArea
        faces = _dock(
            window, QCoreApplication.translate("Panels", "Faces"), "faces", self.faces, right
        )
        numbers = _dock(
            window,
            QCoreApplication.translate("Panels", "Performance"),
            "performance",
            self.performance,
            right,
        )
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        lane = _dock(
            window,
            QCoreApplication.translate("Panels", "Timeline"),
            "timeline",
            self.timeline_home,
            bottom,
        )
        window.tabifyDockWidget(faces, numbers)
        window.setTabPosition(right, QTabWidget.TabPosition.North)
        for dock in (faces, numbers):
            dock.setTitleBarWidget(QWidget())  # the tabs say what they are
        faces.raise_()
        window.resizeDocks([lane], [TIMELINE_PX], Qt.Orientation.Vertical)
        window.resizeDocks([faces], [FACES_PX], Qt.Orientation.Horizontal)
        window.setCorner(Qt.Corner.BottomRightCorner, right)


def _tool_bar(actions: Actions, source_bar: SourceBar) -> QToolBar:
    bar = QToolBar(QCoreApplication.translate("Panels", "Tools"))
    bar.setObjectName("tools")
    bar.setMovable(False)
    bar.addWidget(source_bar)
    for name in TOOLS:
        if name is None:
            bar.addSeparator()
        else:
            bar.addAction(actions[name])
    return bar


def _dock(
    window: QMainWindow, title: str, name: str, content: QWidget, area: Qt.DockWidgetArea
) -> QDockWidget:
    dock = QDockWidget(title, window)
    dock.setObjectName(name)
    dock.setWidget(content)
    window.addDockWidget(area, dock)
    return dock
