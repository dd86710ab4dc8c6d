"""D5: what H.264 leaves of a small face, by encoding one.

Faces are reduced by D1 and laid out as the tiles of a short clip in which each moves by its own
jitter, so that predicted frames carry motion and residuals, as in a video of people. The clip is
encoded with libx264, decoded, and the faces are cut out of a P-frame. Only tested, never trained
on.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import av
import av.codec.codec
import av.error
import numpy as np
import torch
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray
from torch import Tensor

from srfer.errors import TrainingError

from .resize import FULL_PX, reduce

CRFS = (23, 30, 37)
"""Constant rate factors: x264's default, a thrifty camera, and one that runs out of disk."""
FRAMES = 8
TAKEN = 5
"""The frame that faces are cut from. Not the last: x264 spares bits on what nothing refers to."""
GRID = 8
"""Tiles per row and column of a clip."""
JITTER_PX = 1
"""Furthest whole-pixel move of a face from its place, in native pixels."""

_ENCODER: Final = "libx264"
_BLOCK_PX = 16
_GUARD_PX = 4
"""Least border of a face: deblocking reads 4 px on each side of an edge, and alters 3."""
_PARAMETERS = (
    # The first frame is the only I-frame and all others are P-frames.
    "bframes=0:keyint=infinite:scenecut=0:"
    # The same bits wherever and whenever it runs.
    "threads=1:lookahead-threads=1:cpu-independent=1"
)


def compress_video(
    images: Tensor, native_px: int, generator: torch.Generator, crf: int | None = None
) -> Tensor:
    """D5 without the enlargement.

    Faces are encoded 64 to a clip in their order; a clip that is not full repeats its faces, so
    every clip has the same kind of contents. Faces of a clip do not mix, but share what the encoder
    decides from all of them (rate control, contexts of the entropy coder): a change of one alters
    how, and not how well, the others are coded.

    Args:
        images: (N, 1, 48, 48) float32 in 0..1.
        native_px: side of the faces in the clip.
        generator: the only source of randomness.
        crf: of all clips; None draws one of `CRFS` for each.

    Returns:
        (N, 1, native_px, native_px) in steps of 1/255.

    Raises:
        TrainingError: if PyAV comes without libx264 or cannot encode with it.
    """
    parts = [
        _compress_clip(part[:, 0], native_px, generator, crf)
        for part in torch.split(images, GRID**2)
    ]
    return torch.cat(parts)[:, None]


def _compress_clip(
    faces: Tensor, native_px: int, generator: torch.Generator, crf: int | None
) -> Tensor:
    """(n, 48, 48) with n up to 64 -> (n, native_px, native_px)."""
    drawn = CRFS[int(torch.randint(len(CRFS), (), generator=generator))]
    tiles = torch.arange(GRID**2) % len(faces)
    clip, places = lay_out(faces[tiles], native_px, generator)
    decoded = transcode(clip, drawn if crf is None else crf)
    pitch = pitch_px(native_px)
    shown = torch.from_numpy(decoded[TAKEN].reshape(GRID, pitch, GRID, pitch))
    shown = shown.transpose(1, 2).reshape(GRID**2, pitch, pitch)
    return _windows(shown, places, native_px)[: len(faces)].float() / 255


def pitch_px(native_px: int) -> int:
    """From one face of a clip to the next.

    Whole macroblocks, so that no block is quantised together with a neighbour's.
    """
    least = native_px + 2 * (_GUARD_PX + JITTER_PX)
    return -(-least // _BLOCK_PX) * _BLOCK_PX


def lay_out(
    faces: Tensor, native_px: int, generator: torch.Generator
) -> tuple[NDArray[np.uint8], Tensor]:
    """Draw a clip of moving faces.

    Each has a place in its tile, at any phase against the macroblocks, and in each frame a move of
    whole native pixels and one of a part of a pixel. The frame that faces are taken from has no
    part, so they lie on the same grid as those of the other degradations. Around a face its mirror
    image goes on.

    Args:
        faces: (64, 48, 48) in 0..1.
        native_px: side in the clip.
        generator: the only source of randomness.

    Returns:
        clip (FRAMES, side, side) uint8, and (64, 2) with the row and column in its tile where each
        face begins in frame `TAKEN`.
    """
    count, pitch = len(faces), pitch_px(native_px)
    nearest = _GUARD_PX + JITTER_PX
    furthest = pitch - native_px - nearest
    homes = torch.randint(nearest, furthest + 1, (count, 2), generator=generator)
    moves = torch.randint(-JITTER_PX, JITTER_PX + 1, (FRAMES, count, 2), generator=generator)
    reach = FULL_PX // (2 * native_px)  # up to half a native pixel, in pixels of the original
    parts = torch.randint(-reach, reach + 1, (FRAMES, count, 2), generator=generator)
    parts[TAKEN] = 0
    frames = []
    for move, part in zip(moves, parts, strict=True):
        small = reduce(_windows(faces, part, FULL_PX)[:, None], native_px)[:, 0]
        tiles = _windows(small, -(homes + move), pitch).reshape(GRID, GRID, pitch, pitch)
        frames.append(tiles.transpose(1, 2).reshape(GRID * pitch, GRID * pitch))
    clip = (torch.stack(frames) * 255).round().to(torch.uint8).numpy()
    return clip, homes + moves[TAKEN]


def _windows(pictures: Tensor, corners: Tensor, side_px: int) -> Tensor:
    """A square cut out of each picture, which is mirrored where the square leaves it.

    Args:
        pictures: (n, s, s).
        corners: (n, 2) row and column where the square begins; may be negative.
        side_px: of the square.

    Returns:
        (n, side_px, side_px).
    """
    source = pictures.shape[-1]
    # After the picture comes its mirror image, then the picture again: a period of two sides.
    places = (corners[:, :, None] + torch.arange(side_px)) % (2 * source)
    places = torch.minimum(places, 2 * source - 1 - places)
    picture = torch.arange(len(pictures))[:, None, None]
    return pictures[picture, places[:, 0, :, None], places[:, 1, None, :]]


def transcode(clip: NDArray[np.uint8], crf: int) -> NDArray[np.uint8]:
    """Encode grey frames as H.264, one I-frame and then P-frames, and decode them.

    Args:
        clip: (FRAMES, height, width), even sides.
        crf: constant rate factor, 0..51.

    Returns:
        The same shape.

    Raises:
        TrainingError: if PyAV comes without libx264 or cannot encode with it.
    """
    try:
        frames = _decode(_encode(clip, crf))
    except (av.codec.codec.UnknownCodecError, av.error.FFmpegError) as error:
        raise TrainingError(
            f"D5 needs H.264, which this PyAV does not encode ({error}): reinstall it with "
            "pip install --force-reinstall --only-binary av av, whose wheels have libx264"
        ) from None
    kinds = [PictureType(frame.pict_type).name for frame in frames]
    if kinds != ["I"] + ["P"] * (len(clip) - 1):
        raise TrainingError(f"D5 needs an I-frame and then P-frames, not {' '.join(kinds)}")
    return np.stack([_grey(frame) for frame in frames])


def _encode(clip: NDArray[np.uint8], crf: int) -> list[av.Packet[VideoStream]]:
    encoder = av.CodecContext.create(_ENCODER, "w")
    encoder.height, encoder.width = clip.shape[1:]
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 25)
    encoder.options = {"crf": str(crf), "x264-params": _PARAMETERS}
    packets = []
    for index, picture in enumerate(clip):
        frame = _yuv(picture)
        frame.pts = index
        packets += encoder.encode(frame)
    return packets + encoder.encode(None)


def _decode(packets: list[av.Packet[VideoStream]]) -> list[VideoFrame]:
    decoder = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    return [frame for packet in (*packets, None) for frame in decoder.decode(packet)]


def _yuv(picture: NDArray[np.uint8]) -> VideoFrame:
    """Grey as video has it: luma from 16 to 235, colourless."""
    height, width = picture.shape
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    planes[:height] = np.round(16 + picture * (219 / 255))
    return VideoFrame.from_ndarray(planes, format="yuv420p")


def _grey(frame: VideoFrame) -> NDArray[np.uint8]:
    luma = frame.to_ndarray()[: frame.height].astype(np.float64)
    return ((luma - 16) * (255 / 219)).round().clip(0, 255).astype(np.uint8)
