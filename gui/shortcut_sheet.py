"""All shortcuts on one sheet, read from the actions themselves."""

from __future__ import annotations

from collections.abc import Iterable

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QAction, QKeySequence
from PyQt6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

ROWS = 15


class ShortcutSheet(QDialog):
    """Lists what can be done, and by which key.

    Args:
        actions: those of the window; the ones without a shortcut are left out.
        extra: what else is done by mouse or key, and how.
    """

    def __init__(
        self,
        actions: Iterable[QAction],
        extra: Iterable[tuple[str, str]],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Shortcuts"))
        entries = [
            (action.text().replace("&", "").rstrip("…"), _keys(action))
            for action in actions
            if action.shortcuts()
        ]
        entries += extra
        grid = QGridLayout()
        grid.setHorizontalSpacing(18)
        grid.setVerticalSpacing(7)
        for place, (text, keys) in enumerate(entries):
            column, row = divmod(place, ROWS)
            key = QLabel(keys)
            key.setObjectName("heading")
            grid.addWidget(key, row, 3 * column, Qt.AlignmentFlag.AlignRight)
            grid.addWidget(QLabel(text), row, 3 * column + 1)
            grid.setColumnMinimumWidth(3 * column + 2, 24)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(grid)
        layout.addWidget(buttons)


def _keys(action: QAction) -> str:
    return " / ".join(
        keys.toString(QKeySequence.SequenceFormat.NativeText) for keys in action.shortcuts()
    )
