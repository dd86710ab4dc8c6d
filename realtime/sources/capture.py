"""Reading pictures from a capture device through FFmpeg."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import av
from av.container import InputContainer
from av.video.frame import VideoFrame

from srfer.errors import SourceError, SourceFault

from ..picture import Picture
from .container import is_too_large
from .decoded import decoded
from .reader import Arrival
from .stream_faults import FOREIGN, Trouble


@dataclass(frozen=True, slots=True)
class Device:
    """What to open.

    Attributes:
        format: FFmpeg's name for the kind of device: "v4l2", "lavfi".
        file: which of them.
        tries: options for each try, the best first; a device that refuses one gets the next.
    """

    format: str
    file: str
    tries: tuple[Mapping[str, str], ...] = (MappingProxyType({}),)


class DeviceOpener:
    """Opens a device whenever it is called, as `LiveSource` wants it.

    Args:
        source_id: name to show; starts the message of every error.
        find: says which device to open, each time, as it may have moved; raises SourceError if
            there is none.
        meanings: what error numbers mean for this kind of device.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        source_id: str,
        find: Callable[[], Device],
        meanings: Mapping[int, Trouble],
        clock: Callable[[], float],
    ) -> None:
        self._source_id = source_id
        self._find = find
        self._meanings = meanings
        self._clock = clock

    @contextmanager
    def __call__(self) -> Iterator[Iterator[Arrival]]:
        """Open the device; it is closed when the block is left.

        Raises:
            SourceError: if it cannot be opened, or where it breaks off.
        """
        device = self._find()
        container = self._open(device)
        try:
            yield self._arrivals(container)
        finally:
            container.close()

    def _open(self, device: Device) -> InputContainer:
        if not is_known(device.format):
            raise self._error(
                Trouble(
                    SourceFault.UNSUPPORTED,
                    f"this build of FFmpeg cannot read devices of the kind {device.format}",
                )
            )
        trouble = Trouble(SourceFault.UNSUPPORTED, "cannot be opened")
        for options in device.tries:
            try:
                return av.open(device.file, format=device.format, options=dict(options))
            except FOREIGN as error:
                trouble = self._explain(error, trouble)
                if getattr(error, "errno", None) != errno.EINVAL:
                    break
        raise self._error(trouble)

    def _arrivals(self, container: InputContainer) -> Iterator[Arrival]:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1  # more would each add a frame of delay
        rate = stream.average_rate or None
        yield Arrival(self._clock(), rate=rate)
        bad_packets = 0
        packets = container.demux(stream)
        while True:
            try:
                packet = next(packets, None)
            except FOREIGN as error:
                trouble = self._explain(error, Trouble(SourceFault.DISCONNECTED, "broke off"))
                break
            if packet is None or packet.size == 0:
                trouble = Trouble(SourceFault.DISCONNECTED, "ended")
                break
            arrived_s = self._clock()
            try:
                pictures = stream.decode(packet)
            except FOREIGN:  # webcams often begin with half a picture
                bad_packets += 1
                pictures = []
            for picture in pictures:
                yield Arrival(arrived_s, self._shown(picture), _pts(picture), rate, bad_packets)
            if not pictures:
                yield Arrival(arrived_s, rate=rate, bad_packets=bad_packets)
        raise self._error(trouble)

    def _shown(self, picture: VideoFrame) -> Picture:
        if is_too_large(picture.width, picture.height):
            size = f"{picture.width}x{picture.height}"
            raise self._error(
                Trouble(SourceFault.TOO_LARGE, f"its pictures are too large ({size} pixels)")
            )
        return decoded(picture)

    def _explain(self, error: Exception, otherwise: Trouble) -> Trouble:
        number = getattr(error, "errno", None)
        return self._meanings.get(number or 0, otherwise)

    def _error(self, trouble: Trouble) -> SourceError:
        return SourceError(f"{self._source_id}: {trouble.text}", trouble.fault)


def is_known(kind: str) -> bool:
    """True if FFmpeg, as it was built for this system, reads devices of a kind."""
    try:
        return av.ContainerFormat(kind, "r").is_input
    except ValueError:
        return False


def _pts(picture: VideoFrame) -> Fraction | None:
    if picture.pts is None or picture.time_base is None:
        return None
    return picture.pts * picture.time_base
