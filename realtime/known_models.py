"""Model files of trackers that are not installed with srfer: what they are, and where they lie."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from srfer.errors import ConfigError, ModelError

FOLDER_VARIABLE = "SRFER_DATA"


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model file that `srfer model fetch` gets.

    Attributes:
        name: of the tracker that needs it.
        file: its name in the user's data folder.
        url: where its makers offer it.
        sha256: of the file that srfer was tested with.
        size: in bytes.
        licence: of the file.
    """

    name: str
    file: str
    url: str
    sha256: str
    size: int
    licence: str

    @property
    def path(self) -> Path:
        """Where it lies once it was fetched."""
        return models_folder() / self.file

    def is_right(self, data: bytes) -> bool:
        """True if this is the content of the file."""
        return hashlib.sha256(data).hexdigest() == self.sha256


KNOWN_MODELS = (
    KnownModel(
        name="yunet",
        file="yunet_n_dynamic.onnx",
        url=(
            "https://raw.githubusercontent.com/ShiqiYu/libfacedetection.train/master/onnx/"
            "yunet_n_dynamic.onnx"
        ),
        sha256="104ee26c71d5c270ce79a6b3dced91c91013260d29a6bf18f9296c5b8c4c2b12",
        size=322_906,
        licence="Apache-2.0 (Shiqi Yu)",
    ),
    KnownModel(
        name="mediapipe",
        file="face_landmarker.task",
        url=(
            "https://storage.googleapis.com/mediapipe-models/face_landmarker/face_landmarker/"
            "float16/1/face_landmarker.task"
        ),
        sha256="64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff",
        size=3_758_596,
        licence="Apache-2.0 (Google)",
    ),
)


def models_folder() -> Path:
    """Where fetched models are: where SRFER_DATA points, else in the system's place for it."""
    chosen = os.environ.get(FOLDER_VARIABLE)
    return (Path(chosen) if chosen else user_data_path("srfer", appauthor=False)) / "models"


def known_model(name: str) -> KnownModel:
    """The model file of a tracker.

    Raises:
        ConfigError: there is none of that name.
    """
    for model in KNOWN_MODELS:
        if model.name == name:
            return model
    names = ", ".join(model.name for model in KNOWN_MODELS)
    raise ConfigError(f"unknown model file {name!r}: choose {names}")


def fetched_model(name: str) -> Path:
    """The path of a tracker's model file, which was fetched before and is whole.

    Raises:
        ModelError: it is not there or damaged, with how to get it.
    """
    model = known_model(name)
    advice = f"run `srfer model fetch {name}`, or name the file with --tracker-model"
    try:
        data = model.path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"the model file of {name} is not here yet: {advice}") from None
    except OSError as error:
        raise ModelError(f"{model.path} cannot be read: {error.strerror}; {advice}") from None
    if not model.is_right(data):
        raise ModelError(f"{model.path} is damaged, or another model: {advice}")
    return model.path
