"""What is said over the picture, in which state of the source."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication

from .feeds import Kind
from .session import Phase, Session, Status


def message(session: Session | None, status: Status | None, *, has_result: bool) -> tuple[str, str]:
    """A title and a line below it; ("", "") where the picture speaks for itself."""
    translate = QCoreApplication.translate
    if session is None or status is None:
        return (
            translate("Messages", "Open a source"),
            translate("Messages", "Drop a video here, or choose one with Open (Ctrl+O)."),
        )
    title = session.choice.title
    again = translate("Messages", "It is tried again until it is back.")
    said = {
        Phase.STALLED: (translate("Messages", "No picture comes"), status.cause or title),
        Phase.LOST: (
            translate("Messages", "The source is lost"),
            f"{status.cause}\n{again}".strip(),
        ),
        Phase.FAILED: (translate("Messages", "This cannot go on"), status.cause),
        Phase.OPENING: (translate("Messages", "Connecting…"), status.cause or title),
    }
    if status.phase is Phase.OPENING and session.model is None:
        return translate("Messages", "Loading the model…"), title
    if status.phase is Phase.ENDED and not has_result:
        return translate("Messages", "The source has ended without a picture"), title
    if status.phase is Phase.ENDED and session.choice.kind is not Kind.FILE:
        return translate("Messages", "The source has ended"), title
    return said.get(status.phase, ("", ""))
