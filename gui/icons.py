"""Line icons on a grid of 24, drawn here, in the colour of the text."""

from __future__ import annotations

from PyQt6.QtCore import QByteArray, QRectF, Qt
from PyQt6.QtGui import QColor, QIcon, QPainter, QPixmap
from PyQt6.QtSvg import QSvgRenderer

from .theme import tones

_SIZES_PX = (20, 40, 60)

_PATHS = {
    "webcam": "M12 3a7 7 0 1 1 0 14a7 7 0 0 1 0-14z M12 7a3 3 0 1 1 0 6a3 3 0 0 1 0-6z "
    "M12 17v3 M7 21h10",
    "file": "M4 6h16v12H4z M8 6v12 M16 6v12 M4 10h4 M4 14h4 M16 10h4 M16 14h4",
    "stream": "M12 11a1.5 1.5 0 1 1 0 3a1.5 1.5 0 0 1 0-3z M8.5 16a5 5 0 0 1 0-7 "
    "M15.5 9a5 5 0 0 1 0 7 M5.8 18.7a9 9 0 0 1 0-12.4 M18.2 6.3a9 9 0 0 1 0 12.4",
    "screen": "M3 4h18v13H3z M8 21h8 M12 17v4",
    "synthetic": "M12 3l2.2 6.2L20 12l-5.8 2.8L12 21l-2.2-6.2L4 12l5.8-2.8z",
    "recent": "M12 3a9 9 0 1 1 0 18a9 9 0 0 1 0-18z M12 7v5l3.5 2",
    "add": "M12 5v14 M5 12h14",
    "play": "M7 4.5l12 7.5l-12 7.5z",
    "pause": "M8 5v14 M16 5v14",
    "record": "M12 5a7 7 0 1 1 0 14a7 7 0 0 1 0-14z",
    "stop": "M6 6h12v12H6z",
    "camera": "M4 8h4l2-3h4l2 3h4v11H4z M12 10a3.5 3.5 0 1 1 0 7a3.5 3.5 0 0 1 0-7z",
    "privacy": "M3 12c3-5 6-7 9-7s6 2 9 7c-3 5-6 7-9 7s-6-2-9-7z M4 20L20 4",
    "export": "M12 3v12 M7 10l5 5l5-5 M4 17v4h16v-4",
    "overlay": "M4 8V4h4 M16 4h4v4 M20 16v4h-4 M8 20H4v-4 M9 9h6v6H9z",
    "settings": "M4 7h10 M18 7h2 M16 5v4 M4 17h2 M10 17h10 M8 15v4 M4 12h4 M12 12h8 M10 10v4",
    "image": "M4 5h16v14H4z M4 16l5-5l4 4l3-3l4 4 M15.5 8.5h.01",
    "table": "M4 5h16v14H4z M4 10h16 M4 14.5h16 M10 5v14",
    "close": "M6 6l12 12 M18 6L6 18",
    "zoom": "M10.5 4a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13z M15.5 15.5L20 20",
}

_FILLED = {"record", "play", "stop"}


def icon(name: str, colour: str | None = None) -> QIcon:
    """An icon in the text's colour, or another; a faint one where it is disabled."""
    look = tones()
    made = QIcon()
    for mode, ink in (
        (QIcon.Mode.Normal, colour or look.text),
        (QIcon.Mode.Disabled, look.line),
    ):
        for size in _SIZES_PX:
            made.addPixmap(_pixmap(name, ink, size), mode)
    return made


def draw_icon(painter: QPainter, name: str, colour: QColor, area: QRectF) -> None:
    """Draw an icon into an area."""
    QSvgRenderer(QByteArray(_svg(name, colour.name()).encode())).render(painter, area)


def _pixmap(name: str, colour: str, size: int) -> QPixmap:
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_icon(painter, name, QColor(colour), QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def _svg(name: str, colour: str) -> str:
    fill = colour if name in _FILLED else "none"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="{fill}" '
        f'stroke="{colour}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">'
        f'<path d="{_PATHS[name]}"/></svg>'
    )
