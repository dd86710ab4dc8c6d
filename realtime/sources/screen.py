"""The screen, or a part of it, as a camera."""

from __future__ import annotations

import errno
import json
import os
import re
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from srfer.errors import ConfigError, SourceError, SourceFault, printable

from ..types import RgbImage
from .container import is_too_large
from .live import LiveOptions, LiveSource
from .reader import Arrival
from .stream_faults import Trouble

PREFIX = "screen:"
DEFAULT_RATE = 15

_FORM = re.compile(r"(?:(\d{1,5})x(\d{1,5})\+(\d{1,5})\+(\d{1,5}))?(?:@(\d{1,3}))?")
_MEANINGS = MappingProxyType(
    {
        errno.EIO: Trouble(
            SourceFault.UNREACHABLE, "the X server does not answer; check the variable DISPLAY"
        ),
        errno.EINVAL: Trouble(
            SourceFault.UNSUPPORTED, "this region is not (or not wholly) on the screen"
        ),
    }
)

_BROKEN = Trouble(SourceFault.DISCONNECTED, "cannot be read any more")
_NO_PROGRAM = Trouble(SourceFault.UNSUPPORTED, "Python cannot be started to read it")
_PROGRAM = str(Path(__file__).with_name("grab.py").resolve())
_HEADER = struct.Struct("<II")


class Region(NamedTuple):
    """A part of the screen, in pixels."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ScreenRequest:
    """Which part of the screen is wanted, and how often.

    Attributes:
        region: in pixels, or None for the whole screen.
        rate: pictures per second.
    """

    region: Region | None = None
    rate: int = DEFAULT_RATE

    def __post_init__(self) -> None:
        if self.region is not None and min(self.region.width, self.region.height) < 16:
            raise ConfigError(f"{PREFIX} a region has to be 16x16 pixels or more")
        if not 1 <= self.rate <= 240:
            raise ConfigError(f"{PREFIX} 1 to 240 pictures a second can be taken, not {self.rate}")

    def __str__(self) -> str:
        if self.region is None:
            return PREFIX
        left, top, width, height = self.region
        return f"{PREFIX}{width}x{height}+{left}+{top}"


def parse_screen(text: str) -> ScreenRequest | None:
    """Read `screen:`, `screen:640x480+100+50` or `screen:640x480+100+50@15`; None if it is another.

    Raises:
        ConfigError: if it starts with `screen:` and goes on otherwise.
    """
    if not text.startswith(PREFIX):
        return None
    form = _FORM.fullmatch(text.removeprefix(PREFIX).strip())
    if form is None:
        raise ConfigError(
            f"{printable(text)}: cannot be understood; write {PREFIX} for the whole screen, or "
            f"{PREFIX}640x480+100+50@15 (width x height + left + top @ pictures a second)"
        )
    region = None
    if form[1] is not None:
        width, height, left, top = (int(form[i]) for i in (1, 2, 3, 4))
        region = Region(left, top, width, height)
    return ScreenRequest(region, DEFAULT_RATE if form[5] is None else int(form[5]))


class Grab(NamedTuple):
    """How FFmpeg reads a screen.

    Attributes:
        format: FFmpeg's name for the kind of device.
        file: which screen.
        options: rate and place.
        crop: part of its pictures to keep, or None for all.
    """

    format: str
    file: str
    options: Mapping[str, str]
    crop: Region | None = None


def find_screen(
    request: ScreenRequest,
    environ: Mapping[str, str] = os.environ,
    platform: str = sys.platform,
) -> Grab:
    """How the screen is read on a system.

    Args:
        request: which part.
        environ: tells which display server there is.
        platform: as in `sys.platform`.

    Raises:
        SourceError: if there is no screen that can be read.
    """
    region, options = request.region, {"framerate": str(request.rate)}
    if platform == "darwin":  # FFmpeg takes all of it there
        return Grab("avfoundation", "Capture screen 0:none", options, crop=region)
    if region is not None:
        options["video_size"] = f"{region.width}x{region.height}"
    if platform == "win32":
        if region is not None:
            options |= {"offset_x": str(region.left), "offset_y": str(region.top)}
        return Grab("gdigrab", "desktop", options)
    if environ.get("WAYLAND_DISPLAY"):
        raise SourceError(
            f"{request}: Wayland lets no program read the screen in this way; log in to an X11 "
            "session (or unset WAYLAND_DISPLAY, to read the X server that DISPLAY names)",
            SourceFault.UNSUPPORTED,
        )
    display = environ.get("DISPLAY")
    if not display:
        raise SourceError(
            f"{request}: there is no screen: the variable DISPLAY is not set", SourceFault.MISSING
        )
    place = "" if region is None else f"+{region.left},{region.top}"
    return Grab("x11grab", display + place, {**options, "draw_mouse": "0"})


def open_screen(
    request: ScreenRequest,
    options: LiveOptions | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    environ: Mapping[str, str] = os.environ,
) -> LiveSource:
    """The live source that is a part of the screen; it is not opened yet."""
    opener = ScreenOpener(request, environ, clock)
    return LiveSource(str(request), opener, options, clock=clock)


class ScreenOpener:
    """Starts a program that reads the screen, whenever it is called.

    Args:
        request: which part of the screen.
        environ: variables, DISPLAY among them.
        clock: monotonic seconds.
    """

    def __init__(
        self, request: ScreenRequest, environ: Mapping[str, str], clock: Callable[[], float]
    ) -> None:
        self._request = request
        self._environ = environ
        self._clock = clock

    @contextmanager
    def __call__(self) -> Iterator[Iterator[Arrival]]:
        """Read the screen; the program is ended when the block is left.

        Raises:
            SourceError: if there is nothing to read, or where it breaks off.
        """
        grab = find_screen(self._request, self._environ)
        # -P keeps the folder of the program, with a secrets.py in it, from being searched first.
        command = [sys.executable, "-P", _PROGRAM, grab.format, grab.file, json.dumps(grab.options)]
        try:
            program = subprocess.Popen(
                command,
                env=dict(self._environ),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError:
            raise self._error(_NO_PROGRAM) from None
        try:
            yield self._arrivals(program, grab.crop)
        finally:
            program.kill()
            program.communicate()

    def _arrivals(self, program: subprocess.Popen[bytes], crop: Region | None) -> Iterator[Arrival]:
        assert program.stdout is not None
        while len(header := program.stdout.read(_HEADER.size)) == _HEADER.size:
            arrived_s = self._clock()
            width, height = _HEADER.unpack(header)
            if is_too_large(width, height):
                raise self._error(Trouble(SourceFault.TOO_LARGE, f"is {width}x{height} pixels"))
            pixels = program.stdout.read(width * height * 3)
            if len(pixels) < width * height * 3:
                break
            image = np.frombuffer(pixels, np.uint8).reshape(height, width, 3)
            yield Arrival(arrived_s, self._cropped(image, crop), rate=Fraction(self._request.rate))
        raise self._error(_MEANINGS.get(program.wait(), _BROKEN))

    def _cropped(self, image: RgbImage, crop: Region | None) -> RgbImage:
        if crop is None:
            return image
        right, bottom = crop.left + crop.width, crop.top + crop.height
        if right > image.shape[1] or bottom > image.shape[0]:
            raise self._error(_MEANINGS[errno.EINVAL])
        return np.ascontiguousarray(image[crop.top : bottom, crop.left : right])

    def _error(self, trouble: Trouble) -> SourceError:
        return SourceError(f"{self._request}: {trouble.text}", trouble.fault)
