"""What some trackers know of a face beyond box and five landmarks: a mesh, and blendshapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MESH_POINTS = 478
"""468 points on the face, then five on each iris, in MediaPipe's order."""
BLENDSHAPES = (
    "_neutral",
    "browDownLeft",
    "browDownRight",
    "browInnerUp",
    "browOuterUpLeft",
    "browOuterUpRight",
    "cheekPuff",
    "cheekSquintLeft",
    "cheekSquintRight",
    "eyeBlinkLeft",
    "eyeBlinkRight",
    "eyeLookDownLeft",
    "eyeLookDownRight",
    "eyeLookInLeft",
    "eyeLookInRight",
    "eyeLookOutLeft",
    "eyeLookOutRight",
    "eyeLookUpLeft",
    "eyeLookUpRight",
    "eyeSquintLeft",
    "eyeSquintRight",
    "eyeWideLeft",
    "eyeWideRight",
    "jawForward",
    "jawLeft",
    "jawOpen",
    "jawRight",
    "mouthClose",
    "mouthDimpleLeft",
    "mouthDimpleRight",
    "mouthFrownLeft",
    "mouthFrownRight",
    "mouthFunnel",
    "mouthLeft",
    "mouthLowerDownLeft",
    "mouthLowerDownRight",
    "mouthPressLeft",
    "mouthPressRight",
    "mouthPucker",
    "mouthRight",
    "mouthRollLower",
    "mouthRollUpper",
    "mouthShrugLower",
    "mouthShrugUpper",
    "mouthSmileLeft",
    "mouthSmileRight",
    "mouthStretchLeft",
    "mouthStretchRight",
    "mouthUpperUpLeft",
    "mouthUpperUpRight",
    "noseSneerLeft",
    "noseSneerRight",
)
"""Names of the 52 blendshapes, in MediaPipe's order; left and right are the person's."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceDetails:
    """The shape of a face, as MediaPipe's Face Landmarker measures it.

    Attributes:
        mesh: (478, 3) float32: x and y in pixels of the frame, and depth in the same unit, smaller
            towards the camera, 0 about in the middle of the head. Read-only.
        blendshapes: (52,) float32, how far each of `BLENDSHAPES` is done, 0..1. Read-only.
    """

    mesh: NDArray[np.float32]
    blendshapes: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.mesh.shape != (MESH_POINTS, 3):
            raise ValueError(f"a mesh must have shape ({MESH_POINTS}, 3), not {self.mesh.shape}")
        if self.blendshapes.shape != (len(BLENDSHAPES),):
            raise ValueError(
                f"blendshapes must have shape ({len(BLENDSHAPES)},), not {self.blendshapes.shape}"
            )
        self.mesh.flags.writeable = False
        self.blendshapes.flags.writeable = False
