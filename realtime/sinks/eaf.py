"""Annotations for ELAN: one tier per face, one annotation per stretch of one expression.

Format: EAF 3.0 (https://www.mpi.nl/tools/elan/EAFv3.0.xsd).
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from .timeline import Segment

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_TYPE = "expression"


class Media(NamedTuple):
    """What the annotations are of.

    Attributes:
        url: where it lies, relative to the annotations' folder; "" where ELAN cannot open it.
        mime_type: as in "video/mp4".
        modified: ISO 8601 time of the source's last change; the document bears it, so that the
            same video gives the same file.
        origin_ms: time in the medium at which the annotations' clock begins, in milliseconds.
    """

    url: str
    mime_type: str
    modified: str
    origin_ms: int = 0


def to_eaf(segments: Sequence[Segment], made_by: str, tracks: Sequence[int], media: Media) -> str:
    """An ELAN document, with a tier also for faces that were never read."""
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "srfer",
            "DATE": media.modified,
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": _XSI,
            "xsi:noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    _add_header(root, media, made_by)
    shown = [one for one in segments if _ms(one.end_s) > _ms(one.start_s)]
    slots = _add_times(root, shown)
    tiers = {
        track: ET.SubElement(
            root,
            "TIER",
            LINGUISTIC_TYPE_REF=_TYPE,
            TIER_ID=f"face {track}",
            PARTICIPANT=f"face {track}",
        )
        for track in tracks
    }
    for number, segment in enumerate(shown, 1):
        annotation = ET.SubElement(
            ET.SubElement(tiers[segment.track], "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            ANNOTATION_ID=f"a{number}",
            TIME_SLOT_REF1=slots[number, 0],
            TIME_SLOT_REF2=slots[number, 1],
        )
        ET.SubElement(annotation, "ANNOTATION_VALUE").text = segment.caption
    ET.SubElement(
        root,
        "LINGUISTIC_TYPE",
        GRAPHIC_REFERENCES="false",
        LINGUISTIC_TYPE_ID=_TYPE,
        TIME_ALIGNABLE="true",
    )
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _add_header(root: ET.Element, media: Media, made_by: str) -> None:
    header = ET.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    if media.url:
        descriptor = ET.SubElement(
            header,
            "MEDIA_DESCRIPTOR",
            MEDIA_URL=media.url,
            MIME_TYPE=media.mime_type,
            RELATIVE_MEDIA_URL=media.url,
        )
        if media.origin_ms:
            descriptor.set("TIME_ORIGIN", str(media.origin_ms))
    ET.SubElement(header, "PROPERTY", NAME="srfer").text = made_by


def _add_times(root: ET.Element, segments: Sequence[Segment]) -> dict[tuple[int, int], str]:
    """Add the time slots in order; gives the names of the two of each segment, numbered from 1.

    Two for each, as ELAN makes them: a slot that is shared would move with both.
    """
    order = ET.SubElement(root, "TIME_ORDER")
    ends = [
        (_ms(time_s), number, end)
        for number, segment in enumerate(segments, 1)
        for end, time_s in enumerate((segment.start_s, segment.end_s))
    ]
    slots: dict[tuple[int, int], str] = {}
    for count, (ms, number, end) in enumerate(sorted(ends), 1):
        slots[number, end] = f"ts{count}"
        ET.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=f"ts{count}", TIME_VALUE=str(ms))
    return slots


def _ms(time_s: Fraction) -> int:
    return round(time_s * 1000)
