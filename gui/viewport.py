"""Which part of a frame is shown where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from srfer.realtime import Box

LARGEST_ZOOM = 32.0


class Size(NamedTuple):
    """Width and height."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Viewport:
    """A frame in a widget: as large as fits at zoom 1, in the middle.

    Attributes:
        frame: size in pixels of the frame.
        widget: size in the widget's own units.
        zoom: 1 shows the whole frame.
        center: the point of the frame in the middle of the widget, as shares of its sides.
    """

    frame: Size
    widget: Size
    zoom: float = 1.0
    center: tuple[float, float] = (0.5, 0.5)

    @property
    def scale(self) -> float:
        """Widget units for one pixel of the frame."""
        fit = min(self.widget.width / self.frame.width, self.widget.height / self.frame.height)
        return fit * self.zoom

    @property
    def origin(self) -> tuple[float, float]:
        """Where the frame's upper left corner lies in the widget."""
        return (
            self.widget.width / 2 - self.center[0] * self.frame.width * self.scale,
            self.widget.height / 2 - self.center[1] * self.frame.height * self.scale,
        )

    @property
    def picture(self) -> Box:
        """The visible part of the frame, in widget units."""
        left, top = self.origin
        right = left + self.frame.width * self.scale
        bottom = top + self.frame.height * self.scale
        width, height = self.widget
        return Box(max(left, 0), max(top, 0), min(right, width), min(bottom, height))

    def to_widget(self, box: Box) -> Box:
        """A box of the frame in widget units."""
        (x, y), scale = self.origin, self.scale
        return Box(
            x + box.left * scale, y + box.top * scale, x + box.right * scale, y + box.bottom * scale
        )

    def to_frame(self, x: float, y: float) -> tuple[float, float]:
        """A point of the widget in pixels of the frame."""
        left, top = self.origin
        return (x - left) / self.scale, (y - top) / self.scale

    def zoomed(self, factor: float, x: float, y: float) -> Self:
        """Zoomed so that the point of the frame under (x, y) stays there."""
        zoom = min(max(self.zoom * factor, 1.0), LARGEST_ZOOM)
        frame_x, frame_y = self.to_frame(x, y)
        scale = self.scale / self.zoom * zoom
        center = (
            (frame_x + (self.widget.width / 2 - x) / scale) / self.frame.width,
            (frame_y + (self.widget.height / 2 - y) / scale) / self.frame.height,
        )
        return replace(self, zoom=zoom, center=center)._kept_inside()

    def moved(self, dx: float, dy: float) -> Self:
        """The frame moved by (dx, dy) widget units."""
        scale = self.scale
        center = (
            self.center[0] - dx / scale / self.frame.width,
            self.center[1] - dy / scale / self.frame.height,
        )
        return replace(self, center=center)._kept_inside()

    def _kept_inside(self) -> Self:
        """Never further than the frame's border, and in the middle where all of it is seen."""
        center = tuple(
            _clamped(at, whole / (pixels * self.scale) / 2)
            for at, whole, pixels in zip(self.center, self.widget, self.frame, strict=True)
        )
        return replace(self, center=(center[0], center[1]))


def _clamped(at: float, margin: float) -> float:
    return 0.5 if margin >= 0.5 else min(max(at, margin), 1 - margin)
