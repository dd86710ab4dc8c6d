"""Painting that ends, whatever happens while it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PyQt6.QtGui import QPainter
from PyQt6.QtWidgets import QWidget


@contextmanager
def painting(widget: QWidget) -> Iterator[QPainter]:
    """A painter on a widget, with smooth edges.

    An error leaves a painter alive in its traceback, and Qt crashes when the widget goes before it.
    """
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    try:
        yield painter
    finally:
        painter.end()
