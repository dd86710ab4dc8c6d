"""The annotated video: MP4 with the times, the sound and the chapters of the source."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import av.error
import cv2
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from srfer.errors import ExportError

from ..overlay import Overlay
from ..types import FrameResult, RgbImage, SourceInfo
from .atomic import FRAGMENT_S, partial_path, publish, shown, writing
from .chapters import carry_chapters
from .codecs import VideoCodec, find_encoder
from .sound import Sound, open_sounds

_MAX_THREADS = 4
_DEFAULT_RATE = Fraction(25)
_MIN_TIMESCALE = 10_000  # FFmpeg doubles the unit of an MP4 track until it is at least this fine
_BT601 = 6
_LIMITED_RANGE = 1


class VideoSink:
    """Writes annotated frames as MP4.

    Every frame keeps the source's own tick, so times are exact. (An MP4 cannot begin before zero:
    a source that does is shifted as a whole, sound included.) While it is being written the file is
    `name.partial.mp4`, made of fragments of a second, each playable; when it ends it becomes an
    ordinary MP4, and gets its name if there was no error.

    Args:
        path: the file to make.
        info: what the frames are like.
        overlay: draws the results.
        sound_from: the video file whose sound and chapters are carried over, or None.
        codec: of the pictures.
        made_by: what made the results, in one line; becomes the file's comment.
        is_rebased: the first frame is at zero, and what the source has before it is left out.
        length_s: sound and chapters end so long after the first frame; None if where they will.

    Raises:
        ConfigError: if this machine cannot encode the codec.
    """

    name = "video"

    def __init__(
        self,
        path: Path,
        info: SourceInfo,
        overlay: Overlay,
        *,
        sound_from: Path | None = None,
        codec: VideoCodec = VideoCodec.H264,
        made_by: str = "",
        is_rebased: bool = False,
        length_s: Fraction | None = None,
    ) -> None:
        self.path = path
        self._info = info
        self._overlay = overlay
        self._sound_from = sound_from
        self._encoder = find_encoder(codec)
        self._made_by = made_by
        self._is_rebased = is_rebased
        self._length_s = length_s
        self._sounds: list[Sound] = []
        self._sound_status = "none"
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._frames = 0
        self._shift = 0
        self._first_tick = 0
        self._last_tick: int | None = None
        self._key_tick: int | None = None
        self._has_failed = False

    @property
    def sound_status(self) -> str:
        """What became of the sound: "none", "copied (aac)", "converted from ... to aac" ..."""
        if not self._sounds:
            return self._sound_status
        return ", ".join(sound.status for sound in self._sounds)

    def __enter__(self) -> Self:
        with self._writing(), ExitStack() as undo:
            container = av.open(
                str(partial_path(self.path).absolute()),
                mode="w",
                format="mp4",
                options=_mp4_options(self._info.time_base),
            )
            undo.callback(container.close)
            if self._made_by:
                container.metadata["comment"] = self._made_by
            self._stream = self._add_stream(container)
            if self._sound_from is not None:
                self._sounds = open_sounds(self._sound_from, container, is_cut=self._is_rebased)
            self._container = container
            undo.pop_all()
        return self

    def write(self, result: FrameResult, /) -> None:
        """Draw the result and encode the frame.

        Raises:
            ExportError: if the file cannot be written.
        """
        assert self._container is not None, "enter the sink first"
        assert self._stream is not None
        time_base = self._info.time_base
        tick = self._tick(result.frame.pts)
        picture = _to_yuv(self._overlay.draw(result), self._info)
        picture.pts, picture.time_base = tick, time_base
        if self._key_tick is None or (tick - self._key_tick) * time_base >= FRAGMENT_S:
            self._key_tick = tick
            picture.pict_type = PictureType.I
        with self._writing():
            if self._frames == 0 and self._sound_from is not None:
                shift_s = self._shift * time_base
                carry_chapters(self._sound_from, self._container, shift_s, self._end_s())
            self._mux(self._stream.encode(picture))
        self._frames += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        is_complete = error is None and not self._has_failed
        try:
            # After an error, a playable end is worth a try; the first error is the one to report.
            with suppress(*(() if is_complete else (Exception,))), self._writing():
                self._finish()
            if is_complete:
                with self._writing():
                    publish(self.path)
        finally:
            self._container = self._stream = None
            self._sound_status = self.sound_status
            for sound in self._sounds:
                sound.close()
            self._sounds = []

    def _finish(self) -> None:
        if self._container is None:
            return
        try:
            # Where a write has failed, FFmpeg must not be given more (it may crash).
            if self._frames and self._stream is not None and not self._has_failed:
                self._mux(self._stream.encode(None))
                for sound in self._sounds:
                    sound.finish(self._end_s(), self._shift * self._info.time_base)
        finally:
            self._container.close()

    def _mux(self, packets: list[Packet[VideoStream]]) -> None:
        """Write pictures, and before each the sound up to it: so nothing has to wait for order."""
        assert self._container is not None
        for packet in packets:
            if packet.dts is not None and packet.time_base is not None:
                for sound in self._sounds:
                    sound.write_until(
                        packet.dts * packet.time_base, self._shift * self._info.time_base
                    )
            self._container.mux(packet)

    def _end_s(self) -> Fraction | None:
        """Where sound and chapters have to end, on the clock of the new file; None if nowhere."""
        if self._length_s is None:
            return None
        return self._first_tick * self._info.time_base + self._length_s

    def _add_stream(self, container: OutputContainer) -> VideoStream:
        rate = self._info.rate or _DEFAULT_RATE
        stream = container.add_stream(
            self._encoder.name,
            rate=rate.limit_denominator(100_000),
            options=self._encoder.options_for(self._info.width),
        )
        assert isinstance(stream, VideoStream)
        stream.width = self._info.width + self._info.width % 2
        stream.height = self._info.height + self._info.height % 2
        stream.pix_fmt = "yuv420p"
        stream.thread_count = min(_MAX_THREADS, os.cpu_count() or 1)
        stream.time_base = self._info.time_base
        context = stream.codec_context
        context.time_base = self._info.time_base
        if self._encoder.tag:
            context.codec_tag = self._encoder.tag
        context.colorspace, context.color_range = _BT601, _LIMITED_RANGE
        return stream

    def _tick(self, pts: Fraction | None) -> int:
        """The frame's time in the source's unit: never before 0, and always rising."""
        tick = round((pts or Fraction(0)) / self._info.time_base)
        if self._last_tick is None:
            self._shift = -tick if self._is_rebased else max(0, -tick)
            self._first_tick = tick + self._shift
        tick += self._shift
        if self._last_tick is not None and tick <= self._last_tick:
            tick = self._last_tick + 1
        self._last_tick = tick
        return tick

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with writing(self.path, self._frames):
                yield
        except av.error.FFmpegError as error:
            self._has_failed = True
            reason = error.strerror or type(error).__name__
            raise ExportError(
                f"{shown(self.path)}: cannot be encoded after {self._frames} frames ({reason}); "
                "leave the video out with --no-video"
            ) from None
        except BaseException:
            self._has_failed = True
            raise


def _mp4_options(time_base: Fraction) -> dict[str, str]:
    timescale = time_base.denominator
    while timescale < _MIN_TIMESCALE:
        timescale *= 2
    return {
        # Without delay_moov, files that are cut off lose their first fragment or its time.
        "movflags": "frag_keyframe+hybrid_fragmented+delay_moov",
        "flush_packets": "1",
        # The time of the first frame is kept in this unit: exact to the tick.
        "movie_timescale": str(timescale),
        # What is written is in order: no track has to wait for another, which may have ended.
        "max_interleave_delta": "1",
    }


def _to_yuv(image: RgbImage, info: SourceInfo) -> VideoFrame:
    """YUV 4:2:0 of the stream's size, padded to even sides by repeating the last row or column."""
    if image.shape[:2] != (info.height, info.width):
        image = _fitted(image, info.width, info.height)
    if info.width % 2 or info.height % 2:
        image = np.pad(image, ((0, info.height % 2), (0, info.width % 2), (0, 0)), mode="edge")
    yuv = cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420)
    return VideoFrame.from_ndarray(np.asarray(yuv, np.uint8), format="yuv420p")


def _fitted(image: RgbImage, width: int, height: int) -> NDArray[np.uint8]:
    """A frame whose size changed in mid-video, scaled into the first frame's size on black."""
    scale = min(width / image.shape[1], height / image.shape[0])
    size = (max(1, int(image.shape[1] * scale)), max(1, int(image.shape[0] * scale)))
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    canvas[top : top + size[1], left : left + size[0]] = cv2.resize(
        image, size, interpolation=cv2.INTER_AREA
    )
    return canvas
