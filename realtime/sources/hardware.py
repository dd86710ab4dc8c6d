"""Decoding on the graphics processor, where there is one."""

from __future__ import annotations

from av.codec import Codec
from av.codec.hwaccel import HWAccel, hwdevices_available

_TRIED_WITH = "h264"


def find_hardware() -> HWAccel | None:
    """The first hardware decoder that this machine really has; None if there is none.

    A stream that it cannot decode is decoded in software.
    """
    codec = Codec(_TRIED_WITH, "r")
    for device in hwdevices_available():
        hardware = HWAccel(device, allow_software_fallback=True)
        try:
            hardware.create(codec)
        except Exception:  # each driver that is missing has an error of its own
            continue
        return hardware
    return None
