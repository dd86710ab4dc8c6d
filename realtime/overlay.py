"""Drawing what was found onto the picture, for people to look at."""

from __future__ import annotations

from typing import NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from srfer.engines import FACE_PX, LABELS, SURE_FROM

from .types import Box, FaceResult, FrameResult, RgbImage, TrackState

Colour = tuple[int, int, int]

# Okabe and Ito's palette, which colour-blind people can tell apart; its black is light grey here.
COLOURS: dict[str, Colour] = {
    "neutral": (200, 200, 200),
    "happiness": (240, 228, 66),
    "surprise": (230, 159, 0),
    "sadness": (0, 114, 178),
    "anger": (213, 94, 0),
    "disgust": (0, 158, 115),
    "fear": (204, 121, 167),
    "contempt": (86, 180, 233),
}
"""RGB colour of each expression."""

NOTICE = "expression analysis"

SHOWN_AGE_S = 0.05
"""Labels that are older than this say so, in seconds of media time."""

_UNREAD: Colour = (150, 150, 150)
_DARK: Colour = (24, 24, 24)
_LIGHT: Colour = (255, 255, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class _Label(NamedTuple):
    """A caption ready to be put in its place."""

    plate: NDArray[np.uint8]
    colour: Colour
    spot: Box

    @classmethod
    def of(cls, face: FaceResult, unit: float, frame_size: tuple[int, int]) -> Self:
        """Above the box, or below it where there is no room above; inside the frame if it fits."""
        text, colour = _caption(face)
        plate = _plate(text, _ink(colour), colour, unit)
        box, gap = face.track.face.box, 4 * unit
        top = box.top - gap - plate.shape[0]
        if top < 0:
            top = box.bottom + gap
        left = box.center[0] - plate.shape[1] / 2
        return cls(plate, colour, _inside(left, top, plate.shape[:2], frame_size))


class Overlay:
    """Draws boxes, captions and loupes; text and lines grow with the frame.

    A caption holds the track's number, the expression (filtered over time where that is known) with
    its confidence, or "unsure", the size of the face in the frame, and how old the expression is
    where it was read in an earlier frame. A face smaller than the
    model's input gets a loupe: what the model saw after super-resolution, magnified.

    Args:
        has_notice: also says "expression analysis" in a corner, so that whoever sees the video
            knows what was done.
    """

    def __init__(self, *, has_notice: bool = True) -> None:
        self._has_notice = has_notice
        self._notice: tuple[tuple[int, int], NDArray[np.uint8]] | None = None

    def draw(self, result: FrameResult) -> RgbImage:
        """A new picture (H, W, 3) uint8 RGB of the frame's size, with the result drawn on it."""
        image = result.frame.image.copy()
        unit = min(max(image.shape[0] / 480, 0.75), 4.0)
        labels = [_Label.of(face, unit, image.shape[:2]) for face in result.faces]
        taken = [face.track.face.box for face in result.faces] + [label.spot for label in labels]
        for face, label in zip(result.faces, labels, strict=True):
            _draw_box(image, face, label.colour, unit)
        for face, label in zip(result.faces, labels, strict=True):
            _draw_loupe(image, face, label, unit, taken)
        for label in labels:
            _paste(image, label.plate, label.spot)
        if self._has_notice:
            self._draw_notice(image, unit)
        return image

    def _draw_notice(self, image: RgbImage, unit: float) -> None:
        height, width = image.shape[:2]
        if self._notice is None or self._notice[0] != (height, width):
            plate = _plate(NOTICE, _LIGHT, _DARK, unit * 0.85)
            shrink = min(1.0, width / plate.shape[1], height / plate.shape[0])
            if shrink < 1:
                size = (int(plate.shape[1] * shrink) or 1, int(plate.shape[0] * shrink) or 1)
                plate = np.asarray(cv2.resize(plate, size, interpolation=cv2.INTER_AREA), np.uint8)
            self._notice = ((height, width), plate)
        plate = self._notice[1]
        image[height - plate.shape[0] :, : plate.shape[1]] = plate


def _caption(face: FaceResult) -> tuple[str, Colour]:
    """What to say of a face, and in which colour."""
    expression = face.expression
    size = face.track.face.box.height if expression is None else expression.native_px
    probabilities = face.smoothed
    if probabilities is None and expression is not None:
        probabilities = expression.probabilities
    who = f"#{face.track.id}"
    if face.track.state is TrackState.LOST:
        return (f"{who} hidden", _UNREAD)
    if probabilities is None:
        return (f"{who} {size:.0f}px", _UNREAD)
    label = face.steady_label or LABELS[int(probabilities.argmax())]
    confidence = float(probabilities[LABELS.index(label)])
    detail = f"{size:.0f}px{_age(face)}"
    if confidence < SURE_FROM:
        return (f"{who} unsure {detail}", _UNREAD)
    return (f"{who} {label} {confidence:.0%} {detail}", COLOURS[label])


def _age(face: FaceResult) -> str:
    """How old the label is, where that is worth saying."""
    ago_s = face.read_ago_s or 0.0
    return f" {ago_s:.1f} s old" if ago_s >= SHOWN_AGE_S else ""


def _draw_box(image: RgbImage, face: FaceResult, colour: Colour, unit: float) -> None:
    """Corners of the box, in colour on a dark halo, so that they show on any background."""
    box = face.track.face.box
    left, top, right, bottom = (round(edge) for edge in box)
    arm = max(3, round(min(box.width, box.height) / 4))
    if face.track.state is TrackState.LOST:
        arm = max(2, arm // 2)
    width = max(1, round(1.6 * unit))
    corners = np.array(
        [
            [(x + arm * dx, y), (x, y), (x, y + arm * dy)]
            for x, dx in ((left, 1), (right, -1))
            for y, dy in ((top, 1), (bottom, -1))
        ],
        np.int32,
    )
    for line_colour, thickness in ((_DARK, width + 2), (colour, width)):
        cv2.polylines(image, list(corners), False, line_colour, thickness, cv2.LINE_AA)


def _draw_loupe(
    image: RgbImage, face: FaceResult, label: _Label, unit: float, taken: list[Box]
) -> None:
    """Below, above or beside the box, where it hides nothing; left out if there is no room."""
    expression = face.expression
    if expression is None or expression.restored is None or expression.native_px >= FACE_PX:
        return
    box, gap, side = face.track.face.box, 6 * unit, round(2 * FACE_PX * unit)
    x, y = box.center[0] - side / 2, box.center[1] - side / 2
    for left, top in (
        (x, max(box.bottom, label.spot.bottom) + gap),
        (x, min(box.top, label.spot.top) - gap - side),
        (max(box.right, label.spot.right) + gap, y),
        (min(box.left, label.spot.left) - gap - side, y),
    ):
        spot = _inside(left, top, (side, side), image.shape[:2])
        if any(_overlap(spot, other) for other in taken):
            continue
        taken.append(spot)
        gray = cv2.resize(expression.restored, (side, side), interpolation=cv2.INTER_CUBIC)
        loupe = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB)
        border = 2 * max(1, round(1.6 * unit))
        cv2.rectangle(loupe, (0, 0), (side - 1, side - 1), label.colour, border)
        _paste(image, np.asarray(loupe, np.uint8), spot)
        return


def _inside(left: float, top: float, size: tuple[int, ...], frame_size: tuple[int, int]) -> Box:
    """A place of `size` (height, width), moved into the frame as far as it fits."""
    x = max(0, min(round(left), frame_size[1] - size[1]))
    y = max(0, min(round(top), frame_size[0] - size[0]))
    return Box(x, y, x + size[1], y + size[0])


def _overlap(one: Box, other: Box) -> bool:
    return (
        one.left < other.right
        and other.left < one.right
        and one.top < other.bottom
        and other.top < one.bottom
    )


def _plate(text: str, ink: Colour, paper: Colour, unit: float) -> NDArray[np.uint8]:
    """Text on a coloured plate, (h, w, 3) uint8."""
    scale, pad = 0.45 * unit, max(2, round(4 * unit))
    width = max(1, round(1.1 * unit))
    (text_px, rise), drop = cv2.getTextSize(text, _FONT, scale, width)
    plate = np.full((rise + drop + 2 * pad - 1, text_px + 2 * pad, 3), paper, np.uint8)
    cv2.putText(plate, text, (pad, pad + rise), _FONT, scale, ink, width, cv2.LINE_AA)
    return plate


def _paste(image: RgbImage, patch: NDArray[np.uint8], spot: Box) -> None:
    """Put `patch` on `image` at `spot`, cut where it reaches beyond the frame."""
    left, top = int(spot.left), int(spot.top)
    patch = patch[: image.shape[0] - top, : image.shape[1] - left]
    image[top : top + patch.shape[0], left : left + patch.shape[1]] = patch


def _ink(paper: Colour) -> Colour:
    """Black or white, whichever reads better on `paper`."""
    red, green, blue = paper
    return _DARK if 0.3 * red + 0.59 * green + 0.11 * blue > 110 else _LIGHT
