"""The page of a report: text, pictures inside it, no script, nothing from elsewhere."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from itertools import pairwise
from typing import NamedTuple

import cv2

from ..types import RgbImage
from ..words import counted
from .drawing import size_bars, timeline_svg
from .html import colour_of, document, legend, percent
from .material import SIZES_PX, Doubt, Material
from .shares import SHOWN, Shares, shares_of_time
from .timeline import Timeline, TrackTime


class Thumbnail(NamedTuple):
    """A picture of a face, and what was read from it.

    Attributes:
        label: the expression.
        confidence: its probability, 0..1.
        native_px: side of the face in the frame, in pixels.
        pts: media time in seconds, or None.
        image: (H, W, 3) uint8 RGB.
    """

    label: str
    confidence: float
    native_px: float
    pts: Fraction | None
    image: RgbImage


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says.

    Attributes:
        title: name of the video.
        made_by: what made the results, in one line.
        size: width and height of the frames in pixels.
        frames: number of frames.
        frames_with_face: those with a face in them.
        timeline: who showed what when; complete.
        material: of all faces.
        by_track: of each face.
        thumbnails: pictures of each face.
        most_tracks: so many faces have rows of their own.
        notes: what is peculiar about the video.
        error: why the report is not about all of it, or "".
    """

    title: str
    made_by: str
    size: tuple[int, int]
    frames: int
    frames_with_face: int
    timeline: Timeline
    material: Material
    by_track: Mapping[int, Material]
    thumbnails: Mapping[int, Sequence[Thumbnail]]
    most_tracks: int
    notes: Sequence[str] = ()
    error: str = ""


def render_page(page: Page) -> str:
    """The page as HTML."""
    tracks = sorted(page.timeline.tracks)
    shown = tracks[: page.most_tracks]
    parts = [f"<h1>{escape(page.title)}</h1>", _facts(page)]
    if page.error:
        parts.append(f"<p><strong>Not complete.</strong> {escape(page.error)}</p>")
    if page.notes:
        items = "".join(f"<li>{escape(note)}</li>" for note in page.notes)
        parts.append(f"<p>The video</p><ul>{items}</ul>")
    if not tracks:
        parts.append("<p>No face was found.</p>")
    else:
        parts += ["<h2>Timeline</h2>", legend(), timeline_svg(page.timeline, shown)]
        if len(tracks) > len(shown):
            parts.append(
                f"<p>{len(tracks)} faces were followed; the first {len(shown)} are shown here, "
                "all of them are in the tables.</p>"
            )
        parts += ["<h2>Faces</h2>", *(_face(page, track) for track in shown)]
        parts += ["<h2>Material</h2>", _material(page.material)]
    parts += [_NOTES, f"<h2>Made by</h2><p><code>{escape(page.made_by)}</code></p>"]
    return document(page.title, "\n".join(parts))


_NOTES = """<h2>How to read this</h2>
<p>The shares are of the time in which a face was read, by its label filtered over time, or unsure
where that has less than 50&nbsp;%. The range in brackets is a 95&nbsp;% block-bootstrap interval:
how far the share would vary if other stretches of the same behaviour had been recorded. It is left
out where the time is too short. It says nothing of how often the labels are right. An expression is
what a face looks like; it does not say what a person feels.</p>"""


def _facts(page: Page) -> str:
    timeline = page.timeline
    length_s = float((timeline.end_s or 0) - (timeline.start_s or 0))
    width, height = page.size
    return (
        f"<p>{counted(page.frames, 'frame')} of {width}&times;{height}, {length_s:.2f}&nbsp;s, "
        f"{counted(len(timeline.tracks), 'face')} followed, a face in "
        f"{percent(page.frames_with_face, page.frames)} of the frames.</p>"
    )


def _face(page: Page, number: int) -> str:
    track, material = page.timeline.tracks[number], page.by_track[number]
    pictures = "".join(_picture(one) for one in page.thumbnails.get(number, ()))
    return (
        f'<section><h3>Face {number}</h3><div class="pictures">{pictures}</div>'
        f"{_shares(track)}{_doubts(material)}</section>"
    )


def _picture(thumbnail: Thumbnail) -> str:
    is_encoded, data = cv2.imencode(
        ".jpg", cv2.cvtColor(thumbnail.image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85]
    )
    text = base64.b64encode(data.tobytes()).decode("ascii") if is_encoded else ""
    time = "" if thumbnail.pts is None else f" at {float(thumbnail.pts):.2f} s"
    about = f"{thumbnail.label} {thumbnail.confidence:.0%}{time}, {thumbnail.native_px:.0f} px"
    return (
        f'<figure><img src="data:image/jpeg;base64,{text}" alt="{about}" title="{about}">'
        f"<figcaption>{thumbnail.label}<br>{thumbnail.confidence:.0%}, "
        f"{thumbnail.native_px:.0f} px</figcaption></figure>"
    )


def _shares(track: TrackTime) -> str:
    shares = shares_of_time(track.seconds)
    rows = "".join(
        _share_row(shares, index) for index in shares.share.argsort()[::-1] if shares.share[index]
    )
    return f"<table>{rows}</table>" if rows else "<p>It was never read.</p>"


def _share_row(shares: Shares, index: int) -> str:
    label, share = SHOWN[index], shares.share[index]
    interval = ""
    if shares.low is not None and shares.high is not None:
        interval = f" [{shares.low[index]:.0%} to {shares.high[index]:.0%}]"
    return (
        f"<tr><th>{label}</th><td><div class='bar' style='width:{share * 160:.0f}px;"
        f"background:{colour_of(label)}'></div></td><td>{share:.1%}{interval}</td></tr>"
    )


def _doubts(material: Material) -> str:
    if not material.doubts:
        return "<p>It was read surely in every frame.</p>"
    reasons = "; ".join(
        f"{doubt} in {percent(count, material.frames)}"
        for doubt, count in material.doubts.most_common()
    )
    return (
        f"<p>Not read, or not surely, in {percent(material.doubts.total(), material.frames)} of "
        f"its {material.frames} frames: {reasons}.</p>"
    )


def _material(material: Material) -> str:
    names = [f"under {SIZES_PX[0]:.0f}"]
    names += [f"{low:.0f} to {high:.0f}" for low, high in pairwise(SIZES_PX)]
    names.append(f"{SIZES_PX[-1]:.0f} and more")
    counts = [material.sizes[place] for place in range(len(names))]
    poor = ", ".join(
        f"{doubt} {percent(material.poor[doubt], material.measured)}"
        for doubt in (Doubt.BLURRED, Doubt.DARK, Doubt.BRIGHT, Doubt.FLAT)
    )
    return (
        "<p>Size of the faces in pixels, in frames:</p>"
        f"{size_bars(names, counts)}"
        f"<p>Of {material.measured} faces that were looked at closely: {poor}.</p>"
    )
