"""What is peculiar about a video, in words, so that nobody is surprised by its results."""

from __future__ import annotations

from .sources import VideoFacts

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


def remarks_on_damage(bad_packets: int) -> tuple[str, ...]:
    """What to say of a video in which packets could not be decoded."""
    if not bad_packets:
        return ()
    packets = "1 packet" if bad_packets == 1 else f"{bad_packets} packets"
    return (f"is damaged: {packets} could not be decoded, so frames are missing; copy it again",)
