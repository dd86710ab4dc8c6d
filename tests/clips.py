"""Real clips, made with PyAV on the spot, and what is needed to look into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from srfer.engines import LABELS, Expression
from srfer.realtime import Box, Face, FaceResult, Frame, FrameResult, Track, TrackState

TICK_25 = Fraction(1, 12_800)
STEP_25 = 512
FACE_BOX = Box(20.0, 30.0, 60.0, 70.0)


def ticks_25(count: int) -> list[int]:
    """Ticks of a steady 25 frames a second, in units of 1/12800 s."""
    return [i * STEP_25 for i in range(count)]


def picture(index: int, width: int, height: int, content: str = "moving") -> np.ndarray:
    """(H, W, 3) uint8: "moving" smooth colours, "noise" that compresses badly, or "still"."""
    if content == "noise":
        return np.random.default_rng(index).integers(0, 256, (height, width, 3), np.uint8)
    shift = 0 if content == "still" else 3 * index
    y, x = np.mgrid[0:height, 0:width]
    planes = [(x * 2 + shift) % 256, (y * 2 + shift) % 256, np.full_like(x, 90)]
    return np.stack(planes, axis=2).astype(np.uint8)


@dataclass(frozen=True)
class Clip:
    """How to make a clip; the defaults are 25 frames of H.264 in whatever the suffix says.

    Attributes:
        ticks: time of each frame in units of `time_base`.
        rotation: degrees by which players turn it counterclockwise, or None.
        sound: name of an audio encoder, or None.
        layout: of its channels.
        sound_rate: its samples a second.
        seconds_of_sound: length of the tone.
        encoding: options of the video encoder.
    """

    width: int = 160
    height: int = 120
    ticks: Sequence[int] = tuple(ticks_25(25))
    time_base: Fraction = TICK_25
    codec: str = "libx264"
    pix_fmt: str = "yuv420p"
    b_frames: int = 0
    content: str = "moving"
    rotation: int | None = None
    sound: str | None = None
    layout: str = "mono"
    sound_rate: int = 48_000
    seconds_of_sound: float = 1.0
    container: dict[str, str] | None = None
    encoding: dict[str, str] | None = None

    def make(self, path: Path) -> Path:
        with av.open(str(path), "w", options=self.container or {}) as output:
            options = {"bf": str(self.b_frames)} if self.codec == "libx264" else {}
            options |= self.encoding or {}
            stream = output.add_stream(self.codec, rate=25, options=options)
            assert isinstance(stream, VideoStream)
            stream.width, stream.height = self.width, self.height
            stream.pix_fmt = self.pix_fmt
            stream.time_base = stream.codec_context.time_base = self.time_base
            if self.rotation is not None:
                stream.set_display_rotation(self.rotation)
            tone = self._add_tone(output)
            for index, tick in enumerate(self.ticks):
                image = picture(index, self.width, self.height, self.content)
                frame = VideoFrame.from_ndarray(image, format="rgb24")
                frame.pts, frame.time_base = tick, self.time_base
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
            output.mux(tone)
        return path

    def _add_tone(self, output: Any) -> list[Any]:
        if self.sound is None:
            return []
        stream = output.add_stream(self.sound, rate=self.sound_rate)
        stream.layout = self.layout
        channels = stream.codec_context.channels
        t = np.arange(round(self.sound_rate * self.seconds_of_sound))
        wave = (8000 * np.sin(t / 17)).astype(np.int16).repeat(channels)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="s16", layout=self.layout)
        frame.sample_rate, frame.pts = self.sound_rate, 0
        frame.time_base = Fraction(1, self.sound_rate)
        return [*stream.encode(frame), *stream.encode(None)]


def cut(path: Path, share: float) -> Path:
    """Keep only the first `share` of a file, as an interrupted copy does."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def video_times(path: Path) -> list[Fraction]:
    """Exact times of all frames, as PyAV alone decodes them."""
    with av.open(str(path)) as container:
        return [
            frame.pts * frame.time_base
            for frame in container.decode(video=0)
            if frame.pts is not None and frame.time_base is not None
        ]


def video_images(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def sound_packets(path: Path) -> list[tuple[Fraction, bytes]]:
    """Time and content of every packet of the first audio stream."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return []
        stream = container.streams.audio[0]
        return [
            (packet.pts * packet.time_base, bytes(packet))
            for packet in container.demux(stream)
            if packet.pts is not None
        ]


def expression(label: str = "happiness", confidence: float = 0.8, px: float = 40.0) -> Expression:
    probabilities = np.full(len(LABELS), (1 - confidence) / (len(LABELS) - 1), np.float32)
    probabilities[LABELS.index(label)] = confidence
    restored = np.tile(np.arange(48, dtype=np.uint8) * 5, (48, 1))
    return Expression(probabilities, px, 0.7, restored)


def face(
    number: int = 1,
    box: Box = FACE_BOX,
    reading: Expression | None = None,
    state: TrackState = TrackState.TRACKED,
    smoothed: np.ndarray | None = None,
) -> FaceResult:
    return FaceResult(Track(number, state, Face(box, 0.9), 1), reading, smoothed)


class FixedFace:
    """A stage that finds the same face in every frame.

    Args:
        fails_at: index of a frame at which it raises instead.
    """

    name = "fixed"

    def __init__(self, fails_at: int | None = None) -> None:
        self._fails_at = fails_at

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def __call__(self, frame: Frame, /) -> FrameResult:
        if frame.index == self._fails_at:
            raise RuntimeError(f"no frame {frame.index} today")
        return FrameResult(frame, (face(reading=expression()),))
