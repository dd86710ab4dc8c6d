"""How a model file becomes numbers: one contract, one file per runtime."""

from __future__ import annotations

from .types import FACE_PX, LABELS, SURE_FROM, Expression

__all__ = ["FACE_PX", "LABELS", "SURE_FROM", "Expression"]
