"""A detector from a network and what its outputs mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..types import Face, RgbImage
from .batch import pack
from .candidates import Candidates, to_faces
from .network import Network

Floats = NDArray[np.float32]


class Outputs(NamedTuple):
    """What a network says of B pictures at N places each, in an order of its own.

    Attributes:
        offsets: (B, N, 4) float32, of boxes.
        scores: (B, N) float32, 0..1.
        landmarks: (B, N, 10) float32, offsets of five points.
    """

    offsets: Floats
    scores: Floats
    landmarks: Floats


@dataclass(frozen=True, slots=True)
class Head:
    """What the outputs of a kind of network mean.

    Attributes:
        name: short lower-case name of the detector.
        least_face_px: see `Detector`.
        mean_bgr: taken from the pictures' blue, green and red.
        outputs: names of the network's outputs.
        sort: from these outputs, in order, to what they say.
        places: (N, 3) float32, x, y and side of each place, from height and width in pixels.
        decode: from (M, 3) places and their offsets (M, 4), scores (M,) and landmarks (M, 10) to
            candidates.
    """

    name: str
    least_face_px: float
    mean_bgr: tuple[float, float, float]
    outputs: tuple[str, ...]
    sort: Callable[[Sequence[Floats]], Outputs]
    places: Callable[[int, int], Floats]
    decode: Callable[[Floats, Floats, Floats, Floats], Candidates]


class NetworkDetector:
    """Finds faces and five landmarks; see `Detector` for the contract.

    It is checked when made; enter it to use it.

    Args:
        head: what the network's outputs mean.
        model: content of its ONNX file.
        detect_px: long side at which pictures are searched, in pixels.
        score_from: faces below this score are not reported, 0..1.
        threads: how many threads the network may use.
        device: name of the engine that runs it, as for `srfer.load`.

    Raises:
        EngineError: the device cannot be used.
        ModelError: the model is damaged, or another network.
    """

    def __init__(
        self,
        head: Head,
        model: bytes,
        *,
        detect_px: int,
        score_from: float,
        threads: int,
        device: str,
    ) -> None:
        self.name = head.name
        self.least_face_px = head.least_face_px
        self.detect_px = detect_px
        self._head = head
        self._score_from = score_from
        self._network = Network(
            head.name,
            model,
            outputs=head.outputs,
            largest_px=detect_px,
            threads=threads,
            device=device,
        )

    def __enter__(self) -> Self:
        self._network.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._network.__exit__(kind, error, traceback)

    def detect(self, images: Sequence[RgbImage]) -> list[tuple[Face, ...]]:
        """Find the faces in a batch of pictures, the most certain first."""
        if not images:
            return []
        batch = pack(images, detect_px=self.detect_px, mean_bgr=self._head.mean_bgr)
        said = self._head.sort(self._network.run(batch.blob))
        places = self._head.places(batch.blob.shape[2], batch.blob.shape[3])
        faces = []
        for i, (scale, size) in enumerate(zip(batch.scales, batch.sizes, strict=True)):
            hits = np.flatnonzero(said.scores[i] >= self._score_from)
            found = self._head.decode(
                places[hits], said.offsets[i, hits], said.scores[i, hits], said.landmarks[i, hits]
            )
            faces.append(to_faces(found, scale=scale, size=size))
        return faces
