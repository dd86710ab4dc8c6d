"""The settings that are not in the panels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PyQt6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from .preferences import Language, Preferences, Privacy, Theme


class SettingsDialog(QDialog):
    """Shows preferences; `chosen` are the changed ones after it was accepted.

    Args:
        preferences: what is set now.
        usual_folder: where recordings go if none is set.
    """

    def __init__(
        self, preferences: Preferences, usual_folder: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self.setMinimumWidth(460)
        self._preferences = preferences
        self.theme, self.language, self.privacy = QComboBox(), QComboBox(), QComboBox()
        self.notice = QCheckBox(self.tr("Say “expression analysis running” over the picture"))
        self.notice.setChecked(preferences.has_notice)
        self.marks = QCheckBox(self.tr("Mark faces in the picture"))
        self.marks.setChecked(preferences.has_marks)
        self.loupe = QCheckBox(self.tr("Show small faces enlarged"))
        self.loupe.setChecked(preferences.has_loupe)
        self.folder = QLineEdit(preferences.folder)
        self.folder.setPlaceholderText(str(usual_folder))
        self.forget = QCheckBox(self.tr("Forget the recent sources"))
        self.forget.setEnabled(bool(preferences.recent))
        self._fill()
        column = QVBoxLayout(self)
        column.addLayout(self._make_form())
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        column.addWidget(buttons)

    @property
    def chosen(self) -> Preferences:
        """The preferences as they are set in the dialog."""
        return replace(
            self._preferences,
            theme=Theme(self.theme.currentData()),
            language=Language(self.language.currentData()),
            privacy=Privacy(self.privacy.currentData()),
            has_notice=self.notice.isChecked(),
            has_marks=self.marks.isChecked(),
            has_loupe=self.loupe.isChecked(),
            folder=self.folder.text().strip(),
            recent=() if self.forget.isChecked() else self._preferences.recent,
        )

    def _fill(self) -> None:
        for box, entries, now in (
            (
                self.theme,
                (
                    (self.tr("as the system"), Theme.SYSTEM),
                    (self.tr("light"), Theme.LIGHT),
                    (self.tr("dark"), Theme.DARK),
                ),
                self._preferences.theme,
            ),
            (
                self.language,
                (
                    (self.tr("as the system"), Language.SYSTEM),
                    ("English", Language.ENGLISH),
                    ("中文", Language.CHINESE),
                ),
                self._preferences.language,
            ),
            (
                self.privacy,
                (
                    (self.tr("shown"), Privacy.OFF),
                    (self.tr("pixelated"), Privacy.PIXELATE),
                    (self.tr("blurred"), Privacy.BLUR),
                ),
                self._preferences.privacy,
            ),
        ):
            for text, value in entries:
                box.addItem(text, str(value))
            box.setCurrentIndex(box.findData(str(now)))
        self.language.setToolTip(self.tr("Counts from the next start on"))

    def _make_form(self) -> QFormLayout:
        form = QFormLayout()
        for text, box in (
            (self.tr("Appearance"), self.theme),
            (self.tr("Language (from the next start on)"), self.language),
            (self.tr("Faces in pictures and recordings"), self.privacy),
        ):
            box.setAccessibleName(text)
            form.addRow(text, box)
        row = QHBoxLayout()
        browse = QPushButton(self.tr("Choose…"))
        browse.clicked.connect(self._browse)
        self.folder.setAccessibleName(self.tr("Folder for recordings"))
        row.addWidget(self.folder, 1)
        row.addWidget(browse)
        form.addRow(self.tr("Folder for recordings"), row)
        for check in (self.notice, self.marks, self.loupe, self.forget):
            form.addRow(check)
        return form

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder for recordings"))
        if folder:
            self.folder.setText(folder)
