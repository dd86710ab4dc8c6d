"""Asking for the address of a stream."""

from __future__ import annotations

from urllib.parse import quote

from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)


class StreamDialog(QDialog):
    """Address, and user and password where the camera wants them. They are kept nowhere.

    Args:
        address: to begin with.
    """

    def __init__(self, address: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Stream address"))
        self.setMinimumWidth(480)
        self.address = QLineEdit(address)
        self.address.setPlaceholderText("rtsp://192.168.0.10/stream")
        self.user, self.password = QLineEdit(), QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        hint = QLabel(self.tr("User and password are sent to the camera only, and never stored."))
        hint.setObjectName("muted")
        hint.setWordWrap(True)
        form = QFormLayout()
        for text, edit in (
            (self.tr("Address"), self.address),
            (self.tr("User"), self.user),
            (self.tr("Password"), self.password),
        ):
            edit.setAccessibleName(text)
            form.addRow(text, edit)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.address.textChanged.connect(self._check)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(hint)
        column.addWidget(self.buttons)
        self._check()

    @property
    def text(self) -> str:
        """The address with user and password in it."""
        scheme, mark, rest = self.address.text().strip().partition("://")
        user, password = self.user.text(), self.password.text()
        if not mark or not (user or password):
            return self.address.text().strip()
        rest = rest.rpartition("@")[2] if "@" in rest.partition("/")[0] else rest
        colon = f":{quote(password, safe='')}" if password else ""
        return f"{scheme}://{quote(user, safe='')}{colon}@{rest}"

    def _check(self) -> None:
        button = self.buttons.button(QDialogButtonBox.StandardButton.Open)
        assert button is not None
        button.setEnabled("://" in self.address.text())
