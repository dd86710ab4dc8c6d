"""What a result was computed on."""

from __future__ import annotations

import os
import platform
from importlib import metadata

import torch

from srfer.processor import processor_name


def describe_machine() -> dict[str, str]:
    """Processor, cores and versions, as they go into result files."""
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return {
        "processor": processor_name(),
        "cores": str(os.cpu_count()),
        "gpu": gpu,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "av": metadata.version("av"),
    }
