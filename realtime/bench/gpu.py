"""What NVIDIA GPUs are doing, through nvidia-ml-py where it is installed and a driver is there."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_DRIVER = Path("/proc/driver/nvidia")


@dataclass(frozen=True, slots=True)
class GpuLoad:
    """A GPU at one moment; of all processes that use it.

    Attributes:
        busy_share: share of the last moments in which it computed, 0..1.
        memory_mib: used memory.
        power_w: watts, or None where the GPU does not say.
    """

    busy_share: float
    memory_mib: float
    power_w: float | None


class Gpus:
    """The NVIDIA GPUs of this machine; none where they cannot be asked.

    Attributes:
        names: of the GPUs.
        note: why there is none although there is a driver, or "".
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        self.note = ""
        self._nvml: Any = None
        self._handles: list[Any] = []

    def __enter__(self) -> Self:
        try:
            import pynvml
        except ImportError:
            if _DRIVER.exists():
                self.note = "the GPU was not looked at: pip install 'srfer[bench]'"
            return self
        try:
            pynvml.nvmlInit()
        except pynvml.NVMLError:
            return self  # there is no driver
        self._nvml = pynvml
        count = pynvml.nvmlDeviceGetCount()
        self._handles = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(count)]
        self.names = tuple(str(pynvml.nvmlDeviceGetName(handle)) for handle in self._handles)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._nvml is not None:
            self._nvml.nvmlShutdown()
            self._nvml, self._handles = None, []

    def loads(self) -> tuple[GpuLoad, ...]:
        """What each is doing now."""
        return tuple(self._load(handle) for handle in self._handles)

    def _load(self, handle: Any) -> GpuLoad:
        power_w: float | None = None
        with suppress(self._nvml.NVMLError):
            power_w = self._nvml.nvmlDeviceGetPowerUsage(handle) / 1e3
        return GpuLoad(
            busy_share=self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100,
            memory_mib=self._nvml.nvmlDeviceGetMemoryInfo(handle).used / 2**20,
            power_w=power_w,
        )
