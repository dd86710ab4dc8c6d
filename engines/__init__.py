"""How a model file becomes numbers: one contract, one file per runtime."""

from __future__ import annotations

from .cache import EngineCache
from .contract import PRECISIONS, ModelFile, Options, Precision, Session, ShapeRange
from .model import RESTORED_BELOW_PX, Model, to_face
from .onnx_file import read_form
from .opening import open_session
from .registry import BACKENDS, find_backend
from .select import load
from .spec import Curve, ModelSpec
from .types import FACE_PX, LABELS, SURE_FROM, Expression
from .weights import DEFAULT, read_model, shipped

__all__ = [
    "BACKENDS",
    "DEFAULT",
    "FACE_PX",
    "LABELS",
    "PRECISIONS",
    "RESTORED_BELOW_PX",
    "SURE_FROM",
    "Curve",
    "EngineCache",
    "Expression",
    "Model",
    "ModelFile",
    "ModelSpec",
    "Options",
    "Precision",
    "Session",
    "ShapeRange",
    "find_backend",
    "load",
    "open_session",
    "read_form",
    "read_model",
    "shipped",
    "to_face",
]
