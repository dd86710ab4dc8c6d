"""What the model can run on here."""

from __future__ import annotations

from typing import NamedTuple

from srfer.engines import BACKENDS, Precision


class DeviceOption(NamedTuple):
    """One device.

    Attributes:
        name: as `srfer.load` takes it.
        precisions: what it can compute in, its default first.
        why_not: why it cannot be used here, or None.
    """

    name: str
    precisions: tuple[Precision, ...]
    why_not: str | None


def find_devices() -> list[DeviceOption]:
    """All devices. Looking may take seconds, as runtimes are imported."""
    return [
        DeviceOption(backend.device, backend.precisions, backend.why_not()) for backend in BACKENDS
    ]
