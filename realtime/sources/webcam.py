"""Webcams, by number or name."""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import cv2
import numpy as np

from srfer.errors import ConfigError, SourceError, SourceFault, printable

from .capture import Device, DeviceOpener, is_known
from .live import LiveOptions, LiveSource
from .reader import Arrival
from .reconnect import ReconnectPolicy
from .stream_faults import Trouble

PREFIX = "webcam:"
SYSFS = Path("/sys/class/video4linux")

READ_TIMEOUT_S = 2.0
"""A webcam that gives nothing for this long is lost, in seconds."""

LONGEST_DELAY_S = 3.0
"""How long it may take to notice that a webcam is back, in seconds: looking costs nothing."""

_FORM = re.compile(r"(?P<which>.+?)(?:@(?P<width>\d+)x(?P<height>\d+))?(?:@(?P<rate>\d+))?")
_NUMBER = re.compile(r"\d{1,4}")
_NODE = re.compile(r"video(\d+)")
_MEANINGS = MappingProxyType(
    {
        errno.ENOENT: Trouble(SourceFault.MISSING, "is not there; plug it in"),
        errno.ENODEV: Trouble(SourceFault.DISCONNECTED, "was unplugged"),
        errno.ENXIO: Trouble(SourceFault.DISCONNECTED, "was unplugged"),
        errno.EIO: Trouble(SourceFault.DISCONNECTED, "gives no data; plug it in again"),
        errno.EBUSY: Trouble(SourceFault.UNREACHABLE, "is in use by another program; close that"),
        errno.EACCES: Trouble(
            SourceFault.AUTH,
            "may not be opened; add yourself to the group: sudo usermod -aG video $USER, "
            "and log in again",
        ),
        errno.ENOTTY: Trouble(SourceFault.UNSUPPORTED, "is not a camera"),
        errno.EISDIR: Trouble(SourceFault.UNSUPPORTED, "is not a camera"),
        errno.EINVAL: Trouble(SourceFault.UNSUPPORTED, "offers no video of this size and rate"),
    }
)


@dataclass(frozen=True, slots=True)
class Webcam:
    """A webcam of this machine.

    Attributes:
        number: as in /dev/video2.
        name: what its maker calls it.
        path: of its device.
    """

    number: int
    name: str
    path: Path

    def __str__(self) -> str:
        return f"{self.number} ({printable(self.name)})"


@dataclass(frozen=True, slots=True)
class WebcamRequest:
    """Which webcam is wanted, and what it is asked for; drivers give the nearest they have.

    Attributes:
        which: a number, a name (or a part that only one name has), or the path of a device.
        width: in pixels.
        height: in pixels.
        rate: frames per second.
    """

    which: str
    width: int = 640
    height: int = 480
    rate: int = 30

    def __post_init__(self) -> None:
        if not self.which:
            raise ConfigError(f"{PREFIX} needs a number or a name, as in {PREFIX}0")
        if not (1 <= self.width <= 8192 and 1 <= self.height <= 8192 and 1 <= self.rate <= 1000):
            raise ConfigError(
                f"a webcam cannot give {self.width}x{self.height} at {self.rate} frames a second; "
                f"write {PREFIX}{printable(self.which)}@640x480@30"
            )


def parse_webcam(text: str) -> WebcamRequest | None:
    """Read `0`, `webcam:0`, `webcam:Name` or `webcam:Name@1280x720@30`; None if it is none of them.

    Raises:
        ConfigError: if something is missing or impossible.
    """
    if _NUMBER.fullmatch(text):
        return WebcamRequest(str(int(text)))
    if not text.startswith(PREFIX):
        return None
    form = _FORM.fullmatch(text.removeprefix(PREFIX).strip())
    if form is None:
        return WebcamRequest("")
    numbers = {key: int(form[key]) for key in ("width", "height", "rate") if form[key]}
    return WebcamRequest(form["which"], **numbers)


def list_webcams(folder: Path = SYSFS) -> tuple[Webcam, ...]:
    """The webcams of this machine by number; empty where the system does not tell (not Linux).

    A webcam may have further devices that give no video; only its first counts.

    Args:
        folder: where the kernel lists them.
    """
    webcams = []
    for entry in folder.iterdir() if folder.is_dir() else ():
        node = _NODE.fullmatch(entry.name)
        if node is None or _text(entry / "index") not in ("", "0"):
            continue
        name = _text(entry / "name") or entry.name
        webcams.append(Webcam(int(node[1]), name, Path("/dev") / entry.name))
    return tuple(sorted(webcams, key=lambda webcam: webcam.number))


def find_webcam(which: str, webcams: Sequence[Webcam]) -> Webcam:
    """The webcam that a number, a name, a part of a name, or a path means.

    Raises:
        SourceError: if there is none or more than one; the message lists those that there are.
    """
    if which.startswith("/"):
        return Webcam(-1, which, Path(which))
    wanted = which.casefold()
    found = [webcam for webcam in webcams if wanted in (str(webcam.number), webcam.name.casefold())]
    found = found or [webcam for webcam in webcams if wanted in webcam.name.casefold()]
    if len(found) == 1:
        return found[0]
    there = ", ".join(map(str, found or webcams)) or "none"
    trouble = "more than one is called so" if found else "there is no such webcam"
    raise SourceError(
        f"{PREFIX}{printable(which)}: {trouble}; there are: {there}", SourceFault.MISSING
    )


class WebcamFinder:
    """Says which device to open, each time: a webcam that comes back may have another number.

    Args:
        request: which webcam.
        list_them: lists those that there are now.
    """

    def __init__(
        self, request: WebcamRequest, list_them: Callable[[], tuple[Webcam, ...]] = list_webcams
    ) -> None:
        self._request = request
        self._list = list_them
        self._name: str | None = None

    def __call__(self) -> Device:
        """The device of the webcam that was found first, wherever it is now.

        Raises:
            SourceError: if it is not there.
        """
        webcams = self._list()
        namesakes = [webcam for webcam in webcams if webcam.name == self._name]
        # Its number may have gone to another camera; twins cannot be told apart.
        webcam = namesakes[0] if len(namesakes) == 1 else find_webcam(self._request.which, webcams)
        if self._name is not None and webcam.name != self._name:
            raise SourceError(
                f"{PREFIX}{printable(self._request.which)}: {printable(self._name)} is gone, and "
                f"{webcam} has its number",
                SourceFault.MISSING,
            )
        self._name = webcam.name
        size = f"{self._request.width}x{self._request.height}"
        usual = {"video_size": size, "framerate": str(self._request.rate)}
        # Without compression, USB 2 has no room for much more than 640x480 at 30 frames a second.
        return Device("v4l2", str(webcam.path), ({"input_format": "mjpeg", **usual}, usual, {}))


def open_webcam(
    request: WebcamRequest,
    options: LiveOptions | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> LiveSource:
    """The live source that is a webcam; it is not opened yet, and may be plugged in later.

    It is read through FFmpeg where that knows webcams (on Linux), elsewhere through OpenCV.
    """
    source_id = f"{PREFIX}{printable(request.which)}"
    opener: Callable[[], AbstractContextManager[Iterator[Arrival]]]
    if is_known("v4l2"):
        opener = DeviceOpener(source_id, WebcamFinder(request), _MEANINGS, clock)
    else:
        opener = OpenCvOpener(source_id, request, clock)
    return LiveSource(
        source_id,
        opener,
        options or LiveOptions(read_timeout_s=READ_TIMEOUT_S),
        policy=ReconnectPolicy(longest_delay_s=LONGEST_DELAY_S),
        clock=clock,
    )


class OpenCvOpener:
    """Opens a webcam with OpenCV, which knows numbers but no names and says little about faults.

    Args:
        source_id: name to show; starts the message of every error.
        request: which webcam; its number, or a path.
        clock: monotonic seconds.
    """

    def __init__(self, source_id: str, request: WebcamRequest, clock: Callable[[], float]) -> None:
        if not (_NUMBER.fullmatch(request.which) or request.which.startswith("/")):
            raise ConfigError(
                f"{source_id}: on this system webcams are known by number only, as in {PREFIX}0"
            )
        self._source_id = source_id
        self._request = request
        self._clock = clock

    @contextmanager
    def __call__(self) -> Iterator[Iterator[Arrival]]:
        """Open the webcam; it is closed when the block is left.

        Raises:
            SourceError: if it cannot be opened, or where it breaks off.
        """
        request = self._request
        capture = cv2.VideoCapture()
        try:
            is_number = _NUMBER.fullmatch(request.which)
            if not capture.open(int(request.which) if is_number else request.which):
                raise self._error(
                    SourceFault.MISSING,
                    "cannot be opened: not there, in use by another program, or not allowed",
                )
            capture.set(cv2.CAP_PROP_FRAME_WIDTH, request.width)
            capture.set(cv2.CAP_PROP_FRAME_HEIGHT, request.height)
            capture.set(cv2.CAP_PROP_FPS, request.rate)
            yield self._arrivals(capture)
        finally:
            capture.release()

    def _arrivals(self, capture: cv2.VideoCapture) -> Iterator[Arrival]:
        yield Arrival(self._clock())
        while True:
            is_read, image = capture.read()
            if not is_read:
                raise self._error(SourceFault.DISCONNECTED, "gives no more pictures")
            rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
            yield Arrival(self._clock(), np.asarray(rgb, np.uint8))

    def _error(self, fault: SourceFault, trouble: str) -> SourceError:
        return SourceError(f"{self._source_id}: {trouble}", fault)


def _text(path: Path) -> str:
    """What a small file of the kernel says; "" where it is missing or was just unplugged."""
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
