"""The models that come with srfer, each pinned by its sha256."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from srfer.errors import ModelError

from ..contract import ModelFile

FOLDER = Path(__file__).parent
INDEX = FOLDER / "index.json"
DEFAULT = "srfer-base"


def shipped() -> dict[str, str]:
    """Names of the shipped models and the sha256 of their files."""
    index: dict[str, str] = json.loads(INDEX.read_text(encoding="utf-8"))
    return index


def read_model(name_or_path: str | Path) -> ModelFile:
    """Read a shipped model by name, or any model file by path.

    Raises:
        ModelError: if there is none, it cannot be read, or a shipped one was changed.
    """
    names = shipped()
    is_shipped = str(name_or_path) in names
    path = FOLDER / f"{name_or_path}.onnx" if is_shipped else Path(name_or_path)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        known = ", ".join(names)
        raise ModelError(
            f"no model {str(name_or_path)!r}: give the path of an .onnx file or one of {known}"
        ) from None
    except OSError as error:
        raise ModelError(f"cannot read model {path.name}: {error.strerror}") from None
    digest = hashlib.sha256(data).hexdigest()
    if is_shipped and digest != names[str(name_or_path)]:
        raise ModelError(f"{path.name} is damaged (sha256 differs): reinstall srfer")
    return ModelFile(path.name, data, digest)
