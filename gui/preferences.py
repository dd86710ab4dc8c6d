"""What a person has set: plain values, each checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Self

from srfer.engines import PRECISIONS
from srfer.errors import ConfigError
from srfer.realtime.api import TRACKERS
from srfer.realtime.formats import Format

VERSION = 1
"""Of the file. A newer one is not understood; an older one is read as far as it goes."""

MAX_RECENT = 10


class Theme(StrEnum):
    """Light or dark."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class Language(StrEnum):
    """Of the window."""

    SYSTEM = "system"
    ENGLISH = "en"
    CHINESE = "zh"


class Privacy(StrEnum):
    """How faces are shown and recorded."""

    OFF = "off"
    PIXELATE = "pixelate"
    BLUR = "blur"


@dataclass(frozen=True, slots=True)
class Preferences:
    """All that is kept between two starts.

    Attributes:
        theme: light, dark, or as the system is.
        language: of the window.
        privacy: how faces are shown and recorded.
        has_notice: "expression analysis running" is shown.
        has_marks: faces are marked in the picture.
        has_loupe: small faces are shown enlarged.
        device: where the model runs.
        precision: of the model, or "" for the device's default.
        tracker: what finds and follows faces, one of `realtime.TRACKERS`.
        detect_px: long side at which frames are searched, in pixels.
        use_sr: faces are read after super-resolution.
        folder: where recordings go, or "" for the usual place.
        export_formats: what an export writes.
        export_refines: exports go over the video twice.
        recent: sources that were opened, newest first; without passwords.
        has_agreed: the notice on lawful use was shown.
        geometry: of the window, as Qt encodes it, in Base64.
        layout: of its panels, likewise.
    """

    theme: Theme = Theme.SYSTEM
    language: Language = Language.SYSTEM
    privacy: Privacy = Privacy.OFF
    has_notice: bool = True
    has_marks: bool = True
    has_loupe: bool = True
    device: str = "auto"
    precision: str = ""
    tracker: str = "retinaface"
    detect_px: int = 640
    use_sr: bool = True
    folder: str = ""
    export_formats: tuple[str, ...] = ("video", "jsonl", "csv")
    export_refines: bool = False
    recent: tuple[str, ...] = ()
    has_agreed: bool = False
    geometry: str = ""
    layout: str = ""

    def __post_init__(self) -> None:
        if not 32 <= self.detect_px <= 8192:
            raise ConfigError(f"detect_px must lie between 32 and 8192, not {self.detect_px}")
        if self.tracker not in TRACKERS:
            raise ConfigError(f"no tracker {self.tracker!r}: {', '.join(TRACKERS)}")
        unknown = sorted(set(self.export_formats) - set(Format))
        if unknown:
            raise ConfigError(f"no format {unknown[0]!r}: {', '.join(Format)}")
        if self.precision not in ("", *PRECISIONS):
            raise ConfigError(f"no precision {self.precision!r}: {', '.join(PRECISIONS)}")

    def with_recent(self, stored: str) -> Self:
        """The same with a source at the head of the recent ones."""
        others = [one for one in self.recent if one != stored]
        return replace(self, recent=(stored, *others)[:MAX_RECENT])

    def to_texts(self) -> dict[str, str]:
        """Everything as texts, by name."""
        return {field.name: _to_text(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_texts(cls, texts: Mapping[str, str]) -> Self:
        """The opposite; what is missing has its default, and what is unknown is left out.

        Raises:
            ConfigError: if a value cannot be what it is said to be.
        """
        values: dict[str, Any] = {}
        for field in fields(cls):
            if field.name in texts:
                try:
                    values[field.name] = _from_text(texts[field.name], field.default)
                except (ValueError, TypeError):
                    raise ConfigError(f"setting {field.name} has an impossible value") from None
        return cls(**values)


def _to_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=True) if isinstance(value, tuple) else str(value)


def _from_text(text: str, default: object) -> object:
    """Read a value of the same type as the default."""
    if isinstance(default, bool):
        return {"true": True, "false": False}[text] if text in ("true", "false") else _refuse()
    if isinstance(default, tuple):
        items = json.loads(text)
        is_fine = isinstance(items, list) and all(isinstance(item, str) for item in items)
        return tuple(items[:MAX_RECENT]) if is_fine else _refuse()
    return type(default)(text)  # type: ignore[call-arg]


def _refuse() -> object:
    raise ValueError
