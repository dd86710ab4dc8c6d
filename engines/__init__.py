"""How a model file becomes numbers: one contract, one file per runtime."""

from __future__ import annotations

from .contract import ModelFile
from .model import Model, to_face
from .select import BACKENDS, load
from .spec import Curve, ModelSpec
from .types import FACE_PX, LABELS, SURE_FROM, Expression
from .weights import DEFAULT, read_model, shipped

__all__ = [
    "BACKENDS",
    "DEFAULT",
    "FACE_PX",
    "LABELS",
    "SURE_FROM",
    "Curve",
    "Expression",
    "Model",
    "ModelFile",
    "ModelSpec",
    "load",
    "read_model",
    "shipped",
    "to_face",
]
