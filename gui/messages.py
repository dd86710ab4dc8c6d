"""What is said over the picture, in which state of the source."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication

from .feeds import Kind
from .session import Phase, Session, Status


def message(session: Session | None, status: Status | None, *, has_result: bool) -> tuple[str, str]:
    """A title and a line below it; ("", "") where the picture speaks for itself."""
    tr = QCoreApplication.translate
    if session is None or status is None:
        return (
            tr("Messages", "Open a source"),
            tr("Messages", "Drop a video here, or choose one with Open (Ctrl+O)."),
        )
    title = session.choice.title
    said = {
        Phase.STALLED: (tr("Messages", "No picture comes"), status.cause or title),
        Phase.LOST: (
            tr("Messages", "The source is lost"),
            f"{status.cause}\n{tr('Messages', 'It is tried again until it is back.')}".strip(),
        ),
        Phase.FAILED: (tr("Messages", "This cannot go on"), status.cause),
        Phase.OPENING: (tr("Messages", "Connecting…"), status.cause or title),
    }
    if status.phase is Phase.OPENING and session.model is None:
        return tr("Messages", "Loading the model…"), title
    if status.phase is Phase.ENDED and not has_result:
        return tr("Messages", "The source has ended without a picture"), title
    if status.phase is Phase.ENDED and session.choice.kind is not Kind.FILE:
        return tr("Messages", "The source has ended"), title
    return said.get(status.phase, ("", ""))
