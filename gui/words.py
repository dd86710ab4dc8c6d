"""Names of things that come from other rooms, in the person's language."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication

from srfer.realtime.stats import DropCause

from .session import Phase


def label_name(label: str) -> str:
    """An expression."""
    translate = QCoreApplication.translate
    return {
        "neutral": translate("Words", "neutral"),
        "happiness": translate("Words", "happiness"),
        "surprise": translate("Words", "surprise"),
        "sadness": translate("Words", "sadness"),
        "anger": translate("Words", "anger"),
        "disgust": translate("Words", "disgust"),
        "fear": translate("Words", "fear"),
        "contempt": translate("Words", "contempt"),
    }[label]


def unsure_name() -> str:
    """What is said of a face where no label is sure enough."""
    return QCoreApplication.translate("Marks", "unsure")


def phase_name(phase: Phase) -> str:
    """The state of the source."""
    translate = QCoreApplication.translate
    return {
        Phase.OPENING: translate("Words", "connecting"),
        Phase.LIVE: translate("Words", "live"),
        Phase.PAUSED: translate("Words", "paused"),
        Phase.STALLED: translate("Words", "stalled"),
        Phase.LOST: translate("Words", "lost"),
        Phase.ENDED: translate("Words", "ended"),
        Phase.FAILED: translate("Words", "failed"),
    }[phase]


def cause_name(cause: DropCause) -> str:
    """Why frames were dropped."""
    translate = QCoreApplication.translate
    return {
        DropCause.OVERLOAD: translate("Words", "overload"),
        DropCause.PAUSED: translate("Words", "paused"),
        DropCause.BUDGET: translate("Words", "frame budget"),
        DropCause.ABORTED: translate("Words", "aborted"),
    }[cause]


def stage_name(stage: str) -> str:
    """A part of the pipeline."""
    translate = QCoreApplication.translate
    return {
        "source": translate("Words", "source"),
        "track": translate("Words", "find and follow"),
        "read": translate("Words", "read expressions"),
        "hide": translate("Words", "hide faces"),
        "history": translate("Words", "timeline"),
        "gauges": translate("Words", "figures"),
        "record": translate("Words", "recording"),
    }.get(stage, stage)
