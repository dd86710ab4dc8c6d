"""The errors that srfer raises on purpose.

Each is one sentence that says what went wrong, where, and what to do. Errors of other libraries
are translated into these in one place per library, so a caller needs to know only this file.
"""

from __future__ import annotations

from enum import StrEnum


def printable(text: str) -> str:
    """`text` with everything escaped that could steer a terminal or break a line."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


class SrferError(Exception):
    """Base of every error that srfer raises on purpose."""


class ConfigError(SrferError, ValueError):
    """An option or argument has a value that cannot be used (exit code 2)."""


class SourceFault(StrEnum):
    """Why a source could not be read."""

    MISSING = "missing"
    UNSUPPORTED = "unsupported"
    CORRUPT = "corrupt"
    TOO_LARGE = "too large"
    STALLED = "stalled"
    AUTH = "not allowed"
    UNREACHABLE = "unreachable"
    DISCONNECTED = "disconnected"


class SourceError(SrferError, OSError):
    """A video or picture cannot be opened, or cannot be read any further.

    Attributes:
        fault: the kind of trouble, for callers that decide whether to try again.
    """

    def __init__(self, message: str, fault: SourceFault) -> None:
        super().__init__(message)
        self.fault = fault


class ModelError(SrferError):
    """A model file is missing, damaged or does not follow the engine contract."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))  # runtimes quote names that stand in the file


class EngineError(SrferError, RuntimeError):
    """A runtime is absent or failed while running a model."""

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


class BuiltEngineError(EngineError):
    """A runtime refuses an engine that was built earlier: it has to be built again."""


class ExportError(SrferError, OSError):
    """An output cannot be written."""


class TrainingError(SrferError, RuntimeError):
    """Training cannot start or go on."""


class ClusterError(SrferError, RuntimeError):
    """A cluster cannot be reached, is not fit for a batch, or was lost."""
