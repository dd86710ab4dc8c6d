"""What an export can write: the formats and the names of their files."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from srfer.errors import ConfigError
from srfer.extras import require

MANIFEST_NAME = "manifest.json"


class Format(StrEnum):
    """A kind of output."""

    VIDEO = "video"
    JSONL = "jsonl"
    CSV = "csv"
    PYFEAT = "pyfeat"
    PARQUET = "parquet"
    SRT = "srt"
    VTT = "vtt"
    ASS = "ass"
    CROPS = "crops"
    EAF = "eaf"
    HTML = "html"


FILE_NAMES = {
    Format.VIDEO: "annotated.mp4",
    Format.JSONL: "frames.jsonl",
    Format.CSV: "frames.csv",
    Format.PYFEAT: "fex.csv",
    Format.PARQUET: "frames.parquet",
    Format.SRT: "labels.srt",
    Format.VTT: "labels.vtt",
    Format.ASS: "labels.ass",
    Format.CROPS: "crops",
    Format.EAF: "labels.eaf",
    Format.HTML: "report.html",
}
"""Name of each format's file (of a folder, for crops) beside the manifest."""

UNDER_WAY_NAMES = (
    "annotated-before.mp4",
    "checkpoint-results.bin",
    "checkpoint-state.bin",
    "checkpoint-state-new.bin",
)
"""Names of what an export leaves to go on with where it is killed; there are partial files only."""

HOLD_ALL_FIELDS = frozenset({Format.JSONL, Format.CSV, Format.PARQUET})
"""Those that hold whatever is asked for of each face."""

DEFAULT_FORMATS = frozenset({Format.VIDEO, Format.JSONL, Format.CSV})


Choice = TypeVar("Choice", bound=StrEnum)


def parse_choice(kind: type[Choice], text: str, what: str) -> Choice:
    """The member of an enumeration that a text names.

    Raises:
        ConfigError: if there is none; names those that there are.
    """
    try:
        return kind(text.strip().lower())
    except ValueError:
        raise ConfigError(f"unknown {what} {text!r}; choose from {', '.join(kind)}") from None


def parse_formats(text: str) -> frozenset[Format]:
    """The formats in a comma-separated list.

    Raises:
        ConfigError: if one is unknown, or none is named.
    """
    words = (part.strip() for part in text.split(","))
    found = frozenset(parse_choice(Format, word, "format") for word in words if word)
    if not found:
        raise ConfigError(f"no format is named; choose from {', '.join(Format)}")
    return found


def require_libraries(formats: Iterable[Format]) -> None:
    """Make sure that what the formats need is installed.

    Raises:
        ConfigError: naming the command that installs it.
    """
    if Format.PARQUET in formats:
        require("parquet", "pyarrow")


def output_paths(folder: Path) -> list[Path]:
    """Every path that an export may make in a folder, the manifest last."""
    return [folder / name for name in (*FILE_NAMES.values(), MANIFEST_NAME)]
