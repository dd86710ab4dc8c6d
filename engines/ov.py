"""OpenVINO, imported in the one place that keeps it from reporting to its maker.

Its Python package sends an event home when it is imported, through a package of its own that comes
with it. Where that cannot be found, it sends nothing.
"""

from __future__ import annotations

import sys
from typing import Any

_REPORTER = "openvino_telemetry"


def import_openvino() -> Any:
    """The module, without its reporter."""
    hidden: dict[str, Any] = {_REPORTER: None}  # None makes an import fail
    sys.modules.update({name: one for name, one in hidden.items() if name not in sys.modules})
    import openvino

    return openvino
