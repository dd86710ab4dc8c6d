"""What is peculiar about a video, in words, so that nobody is surprised by its results."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from .sources import PictureFolder, VideoFacts, display_name
from .sources.damage import Damage

_LAST_NUMBER = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
_HDR_TRANSFERS = frozenset({16, 18})  # SMPTE ST 2084 (PQ) and ARIB STD-B67 (HLG)


def remarks_on(facts: VideoFacts) -> tuple[str, ...]:
    """Sentences about a video."""
    notes = []
    if facts.video_tracks > 1:
        notes.append(f"has {facts.video_tracks} video tracks: the first one is analysed")
    if facts.pixel_shape != 1:
        notes.append("has pixels that are not square: faces are read as they are stored")
    if facts.is_interlaced:
        notes.append("is interlaced: faces that move have combed edges; deinterlace it first")
    if facts.transfer in _HDR_TRANSFERS:
        notes.append("has HDR colours: they are read as they are stored, without tone mapping")
    return tuple(notes)


def remarks_on_pictures(source: PictureFolder) -> tuple[str, ...]:
    """What to say of pictures that were read as a video."""
    notes = []
    if source.bad_pictures:
        count = f"{source.bad_pictures} of {source.info.frame_count} pictures"
        notes.append(f"{count} could not be read, so frames are missing: {source.first_trouble}")
    if len(source.sizes) > 1:
        width, height = source.info.width, source.info.height
        notes.append(
            f"has pictures of {len(source.sizes)} sizes: boxes are in pixels of each, and the "
            f"annotated video fits all into {width}x{height}, the size of the first"
        )
    return tuple(notes)


def remarks_on_numbers(pictures: Sequence[Path]) -> tuple[str, ...]:
    """What to say of numbers that are left out in names that are alike otherwise."""
    parts = [_LAST_NUMBER.fullmatch(path.name) for path in pictures]
    names = {(part[1], part[3]) if part else None for part in parts}
    if len(names) > 1 or len(pictures) < 2:
        return ()
    numbers = [int(part[2]) for part in parts if part]
    steps = [after - before for before, after in pairwise(numbers)]
    usual = math.gcd(*steps)
    missing = [(n, step // usual - 1) for n, step in enumerate(steps) if usual < step]
    if min(steps) < 1 or not missing:
        return ()
    count, where = sum(gap for _, gap in missing), display_name(pictures[missing[0][0]])
    return (
        f"lacks {count} of its numbers, the first after {where}: the pictures that are there "
        "follow each other without a gap in time",
    )


def remarks_on_damage(damage: Damage) -> tuple[str, ...]:
    """What to say of a video that is damaged but goes on behind that."""
    said = []
    if damage.packets:
        packets = "1 packet" if damage.packets == 1 else f"{damage.packets} packets"
        said.append(f"{packets} could not be decoded, so frames are missing")
    if damage.place is not None:
        said.append(f"what begins at byte {damage.place} makes no sense, so frames may be missing")
    if damage.pictures:
        few = damage.pictures == 1
        frames = "1 frame or more shows" if few else f"{damage.pictures} frames or more show"
        said.append(f"{frames} what the decoder made up")
    notes = [f"is damaged: {'; '.join(said)}; copy it again"] if said else []
    if damage.is_open:
        notes.append("probably ends in the middle of a picture: it may have been longer")
    return tuple(notes)
