"""The steady label of every face as subtitles: SubRip, WebVTT, Advanced SubStation Alpha.

SubRip has no room for comments; the other two say what made them.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from html import escape

from ..overlay import COLOURS
from .timeline import Segment

_UNSURE = (150, 150, 150)


def to_srt(segments: Sequence[Segment], made_by: str) -> str:
    """SubRip. It cannot say what made it."""
    del made_by
    cues = [
        f"{number}\n{_clock(segment.start_s, ',')} --> {_clock(segment.end_s, ',')}\n"
        f"{_text(segment)}\n"
        for number, segment in enumerate(_shown(segments), 1)
    ]
    return "\n".join(cues)


def to_vtt(segments: Sequence[Segment], made_by: str) -> str:
    """WebVTT (W3C); each face is a voice."""
    cues = [
        f"{_clock(segment.start_s)} --> {_clock(segment.end_s)}\n"
        f"<v #{segment.track}>{escape(_text(segment))}\n"
        for segment in _shown(segments)
    ]
    return "\n".join(["WEBVTT\n", f"NOTE {made_by.replace('-->', '- ->')}\n", *cues])


def to_ass(segments: Sequence[Segment], made_by: str) -> str:
    """Advanced SubStation Alpha; each expression has its colour."""
    styles = [_style("unsure", _UNSURE)] + [_style(label, rgb) for label, rgb in COLOURS.items()]
    events = [
        f"Dialogue: 0,{_ass_clock(segment.start_s)},{_ass_clock(segment.end_s)},"
        f"{segment.label if segment.is_sure else 'unsure'},face {segment.track},0,0,0,,"
        f"{_text(segment)}"
        for segment in segments
        if _ticks(segment.end_s, 100) > _ticks(segment.start_s, 100)
    ]
    lines = [
        "[Script Info]",
        f"; {made_by}",
        "ScriptType: v4.00+",
        "PlayResX: 640",
        "PlayResY: 480",
        "",
        "[V4+ Styles]",
        "Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, Bold, BorderStyle, "
        "Outline, Alignment, MarginL, MarginR, MarginV",
        *styles,
        "",
        "[Events]",
        "Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text",
        *events,
    ]
    return "\n".join(lines) + "\n"


def _shown(segments: Sequence[Segment]) -> list[Segment]:
    """Those that last a millisecond or more."""
    return [one for one in segments if _ticks(one.end_s, 1000) > _ticks(one.start_s, 1000)]


def _text(segment: Segment) -> str:
    return f"#{segment.track} {segment.caption}"


def _style(name: str, rgb: tuple[int, int, int]) -> str:
    red, green, blue = rgb
    return f"Style: {name},Arial,22,&H00{blue:02X}{green:02X}{red:02X},&H00000000,0,1,2,2,10,10,10"


def _ticks(time_s: Fraction, per_second: int) -> int:
    return round(time_s * per_second)


def _clock(time_s: Fraction, point: str = ".") -> str:
    """hours:minutes:seconds.milliseconds."""
    seconds, ms = divmod(_ticks(time_s, 1000), 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{point}{ms:03d}"


def _ass_clock(time_s: Fraction) -> str:
    seconds, hundredths = divmod(_ticks(time_s, 100), 100)
    return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{hundredths:02d}"
