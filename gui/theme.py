"""Colours, spacing and the style sheet, for light and dark."""

from __future__ import annotations

from dataclasses import dataclass

from PyQt6.QtCore import Qt
from PyQt6.QtGui import QColor, QPalette
from PyQt6.QtWidgets import QApplication

from srfer.realtime.overlay import COLOURS

from .preferences import Theme

_IS_DARK = "srfer_is_dark"

UNREAD = QColor(150, 150, 150)
PLATE = QColor(18, 21, 26, 225)
PLATE_TEXT = QColor(245, 246, 248)
PLATE_MUTED = QColor(186, 192, 201)
"""What lies on pictures looks the same in light and dark: pictures do not change either."""


def colour_of(label: str | None) -> QColor:
    """Okabe and Ito's colour of an expression; gray for none."""
    return UNREAD if label is None else QColor(*COLOURS[label])


@dataclass(frozen=True, slots=True)
class Tones:
    """The colours of one theme, as #rrggbb."""

    window: str
    surface: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    accent_text: str
    danger: str
    stage: str


LIGHT = Tones(
    window="#f3f4f6",
    surface="#ffffff",
    raised="#e8ebef",
    line="#cdd3db",
    text="#1b1f24",
    muted="#59626e",
    accent="#0b63b0",
    accent_text="#ffffff",
    danger="#b3261e",
    stage="#dfe3e8",
)
DARK = Tones(
    window="#16191d",
    surface="#1f2328",
    raised="#2b3037",
    line="#3a414a",
    text="#e9ecf0",
    muted="#a2abb6",
    accent="#5aa9e6",
    accent_text="#0c1116",
    danger="#ff7b72",
    stage="#0c0e11",
)


def is_dark() -> bool:
    """Whether the application is dark now."""
    app = QApplication.instance()
    return app is not None and bool(app.property(_IS_DARK))


def tones() -> Tones:
    """The colours in use now."""
    return DARK if is_dark() else LIGHT


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Make the application light, dark, or as the system is."""
    hints = app.styleHints()
    assert hints is not None
    schemes = {Theme.LIGHT: Qt.ColorScheme.Light, Theme.DARK: Qt.ColorScheme.Dark}
    hints.setColorScheme(schemes.get(theme, Qt.ColorScheme.Unknown))
    is_system_dark = hints.colorScheme() is Qt.ColorScheme.Dark
    # Not every platform obeys, so what was chosen counts, and only "system" asks.
    app.setProperty(_IS_DARK, theme is Theme.DARK or (theme is Theme.SYSTEM and is_system_dark))
    look = tones()
    app.setPalette(_palette(look))
    app.setStyleSheet(_sheet(look))


def _palette(look: Tones) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for one, colour in (
        (role.Window, look.window),
        (role.Base, look.surface),
        (role.AlternateBase, look.raised),
        (role.Button, look.raised),
        (role.Text, look.text),
        (role.WindowText, look.text),
        (role.ButtonText, look.text),
        (role.ToolTipBase, look.surface),
        (role.ToolTipText, look.text),
        (role.Highlight, look.accent),
        (role.HighlightedText, look.accent_text),
        (role.PlaceholderText, look.muted),
        (role.Link, look.accent),
        (role.Mid, look.line),
    ):
        palette.setColor(one, QColor(colour))
    is_light = QColor(look.surface).lightnessF() > 0.5
    off = QColor(look.line).darker(115) if is_light else QColor(look.muted).darker(150)
    for one in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, one, off)
    return palette


def _sheet(look: Tones) -> str:
    return _bars(look) + _controls(look) + _panels(look)


def _bars(look: Tones) -> str:
    return f"""
QMainWindow::separator {{ background: {look.window}; width: 6px; height: 6px; }}
QMainWindow::separator:hover {{ background: {look.accent}; }}
QToolBar {{ background: {look.surface}; border: 0; border-bottom: 1px solid {look.line};
    padding: 5px 8px; spacing: 4px; }}
QMenuBar {{ background: {look.surface}; }}
QMenuBar::item {{ padding: 4px 9px; background: transparent; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {look.raised}; }}
QMenu {{ background: {look.surface}; border: 1px solid {look.line}; padding: 4px; }}
QMenu::item {{ padding: 5px 26px 5px 24px; border-radius: 4px; }}
QMenu::item:selected {{ background: {look.accent}; color: {look.accent_text}; }}
QMenu::item:disabled {{ color: {look.muted}; }}
QMenu::separator {{ height: 1px; background: {look.line}; margin: 4px 6px; }}
"""


def _controls(look: Tones) -> str:
    return f"""\
QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 6px;
    padding: 5px 7px; }}
QToolButton:hover {{ background: {look.raised}; }}
QToolButton:checked {{ background: {look.raised}; border-color: {look.line}; }}
QToolButton:focus {{ border-color: {look.accent}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QPushButton {{ background: {look.raised}; border: 1px solid {look.line}; border-radius: 6px;
    padding: 6px 14px; }}
QPushButton:hover {{ border-color: {look.accent}; }}
QPushButton:focus {{ border-color: {look.accent}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QPushButton:default {{ background: {look.accent}; color: {look.accent_text};
    border-color: {look.accent}; }}
QPushButton:disabled {{ color: {look.muted}; background: {look.window};
    border-color: {look.line}; }}
QLineEdit {{ background: {look.surface}; border: 1px solid {look.line};
    border-radius: 6px; padding: 4px 8px; min-height: 18px;
    selection-background-color: {look.accent}; selection-color: {look.accent_text}; }}
QLineEdit:focus {{ border-color: {look.accent}; }}
QAbstractSpinBox {{ min-height: 24px; }}
QAbstractSpinBox QLineEdit {{ border: 0; padding: 0 4px; }}
QCheckBox {{ min-height: 20px; }}
QCheckBox::indicator:unchecked {{ background: {look.surface}; border: 1px solid {look.muted};
    border-radius: 3px; width: 13px; height: 13px; }}
QCheckBox::indicator:unchecked:disabled {{ border-color: {look.line}; }}
QCheckBox::indicator:unchecked:focus {{ border-color: {look.accent}; }}
"""


def _panels(look: Tones) -> str:
    return f"""\
QDockWidget {{ font-weight: 600; }}
QDockWidget::title {{ background: {look.window}; padding: 7px 8px 5px 8px; }}
QTabBar {{ qproperty-drawBase: 0; }}
QTabBar::tab {{ background: transparent; padding: 6px 12px; color: {look.muted};
    border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {look.text}; border-bottom-color: {look.accent}; }}
QScrollArea {{ border: 0; background: {look.window}; }}
QStatusBar {{ background: {look.surface}; border-top: 1px solid {look.line}; }}
QStatusBar::item {{ border: 0; }}
QToolTip {{ background: {look.surface}; color: {look.text}; border: 1px solid {look.line};
    padding: 4px; }}
QProgressBar {{ background: {look.raised}; border: 0; border-radius: 5px; height: 10px;
    text-align: center; }}
QProgressBar::chunk {{ background: {look.accent}; border-radius: 5px; }}
QSlider::groove:horizontal {{ height: 4px; background: {look.line}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {look.accent}; border-radius: 2px; }}
QSlider::handle:horizontal {{ width: 14px; height: 14px; margin: -5px 0; border-radius: 7px;
    background: {look.accent}; }}
QSlider::handle:horizontal:focus {{ border: 2px solid {look.text}; width: 10px; height: 10px; }}
QTableWidget {{ background: {look.surface}; border: 1px solid {look.line};
    gridline-color: {look.line}; }}
QHeaderView::section {{ background: {look.window}; color: {look.muted}; border: 0;
    padding: 4px 6px; }}
#banner {{ background: {look.danger}; }}
#banner QLabel {{ color: {look.surface}; }}
#muted {{ color: {look.muted}; }}
#heading {{ font-weight: 600; }}
"""
