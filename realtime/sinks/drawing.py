"""The drawings in reports, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

from .html import UNSURE_COLOUR, colour_of
from .timeline import Segment, Timeline

_WIDTH = 1000
_NAMES_PX = 60
_ROW_PX = 20
_TICKS = 8
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


def timeline_svg(timeline: Timeline, tracks: Sequence[int]) -> str:
    """One row per face: what it showed when. What it showed unsurely is hollow."""
    start_s = timeline.start_s or Fraction(0)
    length_s = max(float((timeline.end_s or start_s) - start_s), 1e-6)
    scale = (_WIDTH - _NAMES_PX) / length_s
    height = _ROW_PX * (len(tracks) + 1)
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="timeline">']
    for row, number in enumerate(tracks):
        y = row * _ROW_PX
        parts.append(f'<text x="0" y="{y + 14}">face {number}</text>')
        parts += [
            _stretch(segment, start_s, scale, y) for segment in timeline.tracks[number].segments
        ]
    parts += _axis(float(start_s), length_s, scale, height)
    return "".join(parts) + "</svg>"


def size_bars(names: Sequence[str], counts: Sequence[int]) -> str:
    """A bar for each class."""
    most = max(*counts, 1)
    rows = []
    for row, (name, count) in enumerate(zip(names, counts, strict=True)):
        y, length = 18 * row, 300 * count / most
        rows.append(
            f'<text x="0" y="{y + 14}">{name}</text>'
            f'<rect x="90" y="{y + 4}" width="{length:.1f}" height="12" fill="#0072b2"/>'
            f'<text x="{length + 96:.1f}" y="{y + 14}">{count}</text>'
        )
    size = f"0 0 460 {18 * len(names) + 4}"
    return f'<svg viewBox="{size}" style="max-width:30rem">{"".join(rows)}</svg>'


def _stretch(segment: Segment, start_s: Fraction, scale: float, y: int) -> str:
    x = _NAMES_PX + float(segment.start_s - start_s) * scale
    width = max(float(segment.end_s - segment.start_s) * scale, 0.4)
    paint = f'fill="{colour_of(segment.label)}"'
    if not segment.is_sure:
        paint = f'fill="none" stroke="{UNSURE_COLOUR}"'
    return (
        f'<rect x="{x:.1f}" y="{y + 2}" width="{width:.1f}" height="{_ROW_PX - 4}" '
        f"{paint}><title>{segment.caption}, {float(segment.start_s):.2f} to "
        f"{float(segment.end_s):.2f} s, {segment.confidence:.0%}</title></rect>"
    )


def _axis(start_s: float, length_s: float, scale: float, height: int) -> list[str]:
    step_s = next((step for step in _STEPS_S if length_s / step <= _TICKS), length_s / _TICKS)
    first, last = math.ceil(start_s / step_s - 1e-9), math.floor((start_s + length_s) / step_s)
    ticks = []
    for tick in range(first, last + 1):
        x = _NAMES_PX + (tick * step_s - start_s) * scale
        anchor = "end" if x > _WIDTH - 20 else "middle" if x > _NAMES_PX + 10 else "start"
        ticks.append(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - 16}" stroke="#8884"/>'
            f'<text x="{x:.1f}" y="{height - 4}" text-anchor="{anchor}">'
            f"{tick * step_s:.6g} s</text>"
        )
    return ticks
