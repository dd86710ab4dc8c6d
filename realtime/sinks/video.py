"""The annotated video: MP4 with the times, the sound and the chapters of the source."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
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
from .atomic import FRAGMENT_S, SECTION_FRAMES, partial_path, publish, shown, sync, writing
from .chapters import carry_chapters
from .codecs import VideoCodec, find_encoder
from .earlier_video import EarlierVideo
from .encoding import Encoded, SectionedEncoder
from .sound import Sound, open_sounds

_MIN_TIMESCALE = 10_000  # FFmpeg doubles the unit of an MP4 track until it is at least this fine


class VideoSink:
    """Writes annotated frames as MP4.

    Every frame keeps the source's own tick, so times are exact. (An MP4 cannot begin before zero:
    a source that does is shifted as a whole, sound included.) While it is being written the file is
    `name.partial.mp4`, made of fragments of a second, each playable; when it ends it becomes an
    ordinary MP4, and gets its name if there was no error.

    Now and then a section begins, whose pictures depend on none before it; there another sink can
    go on with what this one has written.

    Args:
        path: the file to make.
        info: what the frames are like.
        overlay: draws the results.
        sound_from: the video file whose sound and chapters are carried over, or None.
        codec: of the pictures.
        made_by: what made the results, in one line; becomes the file's comment.
        is_rebased: the first frame is at zero, and what the source has before it is left out.
        length_s: sound and chapters end so long after the first frame; None if where they will.
        earlier: the first pictures, which are taken as they are; None if there are none.

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
        earlier: EarlierVideo | None = None,
    ) -> None:
        self.path = path
        self._info = info
        self._overlay = overlay
        self._sound_from = sound_from
        self._encoder = SectionedEncoder(find_encoder(codec), info)
        self._made_by = made_by
        self._is_rebased = is_rebased
        self._length_s = length_s
        self._earlier = earlier
        self._known: Generator[Encoded, None, None] | None = None
        self._sounds: list[Sound] = []
        self._sound_status = "none"
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None
        self._frames = 0
        self._muxed = 0
        self._begun: list[int] = []
        self._synced = 0
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

    def sections(self) -> list[int]:
        """Numbers of the frames before which all is on the disk, and at which a section begins.

        Raises:
            ExportError: if the disk fails.
        """
        synced = self._synced
        while synced < len(self._begun) and self._begun[synced] < self._muxed:
            synced += 1
        if synced > self._synced:
            with self._writing():
                sync(partial_path(self.path))
            self._synced = synced
        return self._begun[:synced]

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
            self._stream = self._encoder.add_stream(container)
            if self._earlier is not None:
                self._known = self._earlier.pictures()
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
        tick = self._tick(result.frame.pts)
        is_key = self._is_key(tick)
        is_section = is_key and self._frames >= SECTION_FRAMES * (len(self._begun) + 1)
        if is_section:
            self._begun.append(self._frames)
        with self._writing():
            if self._frames == 0 and self._sound_from is not None:
                shift_s = self._shift * self._info.time_base
                carry_chapters(self._sound_from, self._container, shift_s, self._end_s())
            known = self._known_picture(tick)
            if known is not None:
                self._mux([known])
            else:
                if is_section:
                    self._mux(self._encoder.finish())
                self._mux(self._encoder.encode(self._picture(result, tick, is_key=is_key)))
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
            if self._known is not None:
                self._known.close()
                self._known = None
            self._sound_status = self.sound_status
            for sound in self._sounds:
                sound.close()
            self._sounds = []

    def _finish(self) -> None:
        if self._container is None:
            return
        try:
            # Where a write has failed, FFmpeg must not be given more (it may crash).
            if self._frames and not self._has_failed:
                self._mux(self._encoder.finish())
                for sound in self._sounds:
                    sound.finish(self._end_s(), self._shift * self._info.time_base)
        finally:
            self._container.close()

    def _mux(self, pictures: Sequence[Encoded]) -> None:
        """Write pictures, and before each the sound up to it: so nothing has to wait for order."""
        assert self._container is not None
        assert self._stream is not None
        time_base = self._info.time_base
        for picture in pictures:
            for sound in self._sounds:
                sound.write_until(picture.tick * time_base, self._shift * time_base)
            # Made anew: so it is the same whether it was encoded now or by an earlier export.
            packet = Packet(picture.data)
            packet.pts = packet.dts = picture.tick
            packet.time_base = time_base
            packet.is_keyframe = picture.is_key
            packet.stream = self._stream
            self._container.mux(packet)
            self._muxed += 1

    def _picture(self, result: FrameResult, tick: int, *, is_key: bool) -> VideoFrame:
        picture = _to_yuv(self._overlay.draw(result), self._info)
        picture.pts, picture.time_base = tick, self._info.time_base
        if is_key:
            picture.pict_type = PictureType.I
        return picture

    def _known_picture(self, tick: int) -> Encoded | None:
        """The next picture as it was encoded before, or None if it was not."""
        if self._known is None or self._earlier is None or self._frames >= self._earlier.frames:
            return None
        return next(self._known)._replace(tick=tick)

    def _is_key(self, tick: int) -> bool:
        """Whether a fragment begins with the frame."""
        before, step = self._key_tick, self._info.time_base
        is_key = before is None or (tick - before) * step >= FRAGMENT_S
        if is_key:
            self._key_tick = tick
        return is_key

    def _end_s(self) -> Fraction | None:
        """Where sound and chapters have to end, on the clock of the new file; None if nowhere."""
        if self._length_s is None:
            return None
        return self._first_tick * self._info.time_base + self._length_s

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
