"""What is said over the picture, in which state of the source."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication

from .feeds import Kind
from .session import Phase, Session, Status
from .spoken import spoken
from .words import stage_name


def message(session: Session | None, status: Status | None, *, has_result: bool) -> tuple[str, str]:
    """A title and a line below it; ("", "") where the picture speaks for itself."""
    translate = QCoreApplication.translate
    if session is None or status is None:
        return (
            translate("Messages", "Open a source"),
            translate("Messages", "Drop a video here, or choose one with Open (Ctrl+O)."),
        )
    title, cause = session.choice.title, cause_of(status)
    again = translate("Messages", "It is tried again until it is back.")
    said = {
        Phase.STALLED: (translate("Messages", "No picture comes"), cause or title),
        Phase.LOST: (
            translate("Messages", "The source is lost"),
            f"{cause}\n{again}".strip(),
        ),
        Phase.FAILED: (translate("Messages", "This cannot go on"), cause),
        Phase.OPENING: (translate("Messages", "Connecting…"), cause or title),
    }
    if status.phase is Phase.OPENING and session.model is None:
        return translate("Messages", "Loading the model…"), title
    if status.phase is Phase.ENDED and not has_result:
        return translate("Messages", "The source has ended without a picture"), title
    if status.phase is Phase.ENDED and session.choice.kind is not Kind.FILE:
        return translate("Messages", "The source has ended"), title
    return said.get(status.phase, ("", ""))


def cause_of(status: Status) -> str:
    """Why a source is not live, in a line; "" while all is well."""
    if status.cause or status.phase is not Phase.STALLED:
        return spoken(status.cause)
    stages = ", ".join(map(stage_name, status.stats.stalled))
    return QCoreApplication.translate("Messages", "No answer yet from: {stages}").format(
        stages=stages
    )
