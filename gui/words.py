"""Names of things that come from other rooms, in the person's language."""

from __future__ import annotations

from PyQt6.QtCore import QCoreApplication

from srfer.realtime.stats import DropCause

from .session import Phase


def label_name(label: str) -> str:
    """An expression."""
    tr = QCoreApplication.translate
    return {
        "neutral": tr("Words", "neutral"),
        "happiness": tr("Words", "happiness"),
        "surprise": tr("Words", "surprise"),
        "sadness": tr("Words", "sadness"),
        "anger": tr("Words", "anger"),
        "disgust": tr("Words", "disgust"),
        "fear": tr("Words", "fear"),
        "contempt": tr("Words", "contempt"),
    }[label]


def phase_name(phase: Phase) -> str:
    """The state of the source."""
    tr = QCoreApplication.translate
    return {
        Phase.OPENING: tr("Words", "connecting"),
        Phase.LIVE: tr("Words", "live"),
        Phase.PAUSED: tr("Words", "paused"),
        Phase.STALLED: tr("Words", "stalled"),
        Phase.LOST: tr("Words", "lost"),
        Phase.ENDED: tr("Words", "ended"),
        Phase.FAILED: tr("Words", "failed"),
    }[phase]


def cause_name(cause: DropCause) -> str:
    """Why frames were dropped."""
    tr = QCoreApplication.translate
    return {
        DropCause.OVERLOAD: tr("Words", "overload"),
        DropCause.PAUSED: tr("Words", "paused"),
        DropCause.BUDGET: tr("Words", "frame budget"),
        DropCause.ABORTED: tr("Words", "aborted"),
    }[cause]


def stage_name(stage: str) -> str:
    """A part of the pipeline."""
    tr = QCoreApplication.translate
    return {
        "source": tr("Words", "source"),
        "track": tr("Words", "find and follow"),
        "read": tr("Words", "read expressions"),
        "hide": tr("Words", "hide faces"),
        "history": tr("Words", "timeline"),
        "gauges": tr("Words", "figures"),
        "record": tr("Words", "recording"),
    }.get(stage, stage)
