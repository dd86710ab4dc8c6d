"""A place to enter a time of a video."""

from __future__ import annotations

import re

from PyQt6.QtCore import QTimer
from PyQt6.QtGui import QFocusEvent, QValidator
from PyQt6.QtWidgets import QDoubleSpinBox, QWidget

LONGEST_S = 100 * 3600.0
_TIME = re.compile(r"(?:(?:(\d+):)?(\d+):)?(\d+(?:\.\d+)?)")
_BEGUN = re.compile(r"[\d:.]*")


class TimeBox(QDoubleSpinBox):
    """Shows hours, minutes and seconds, and takes seconds alone too; its value is in seconds.

    Args:
        at_zero: what it says instead of 0.
        longest_s: the largest value.
    """

    def __init__(self, at_zero: str, longest_s: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setRange(0.0, longest_s)
        self.setDecimals(3)
        self.setSingleStep(1.0)
        self.setWrapping(True)
        self.setSpecialValueText(at_zero)

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """What is typed replaces what is there, which may be words."""
        super().focusInEvent(event)
        QTimer.singleShot(0, self.selectAll)  # a click places the cursor after this

    def textFromValue(self, value: float) -> str:
        """As in 1:02:03.5."""
        minutes, seconds = divmod(round(value, 3), 60)
        hours, minutes = divmod(int(minutes), 60)
        rest = f"{seconds:06.3f}".rstrip("0").rstrip(".")
        return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"

    def valueFromText(self, text: str | None) -> float:
        """The opposite; 0 for what is no time."""
        found = _TIME.fullmatch((text or "").strip())
        if found is None:
            return 0.0
        hours, minutes, seconds = (float(part or 0) for part in found.groups())
        return hours * 3600 + minutes * 60 + seconds

    def validate(self, text: str | None, place: int) -> tuple[QValidator.State, str, int]:
        """Whether it is a time within the video, or may become one."""
        said = text or ""
        if said == self.specialValueText() or (
            _TIME.fullmatch(said.strip()) and self.valueFromText(said) <= self.maximum()
        ):
            state = QValidator.State.Acceptable
        elif _BEGUN.fullmatch(said.strip()):
            state = QValidator.State.Intermediate
        else:
            state = QValidator.State.Invalid
        return state, said, place
