"""ONNX Runtime, imported in the one place that keeps it from reporting to its maker.

Since 1.32 it records every session in the user's cache folder and tries to send it home. srfer
promises to open no connection and to write only what it is asked for. The switch is read when the
library is first imported, so it comes too late in a program that has imported it before.
"""

from __future__ import annotations

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

__all__ = ["onnxruntime"]
