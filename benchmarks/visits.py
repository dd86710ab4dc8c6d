"""Pictures in which faces come and go, for runs that are long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

import numpy as np

from srfer.realtime.sources.synthetic import Scene, SyntheticVideo
from srfer.realtime.types import RgbImage


@dataclass(frozen=True, slots=True)
class Visits:
    """How they come and go.

    Attributes:
        seed: places, and how many faces come when.
        size: of the pictures: width and height in pixels.
        rate: pictures per second.
        face_px: height of the faces.
        visit: pictures for which the same faces stay.
        most_faces: at once.
        visits_a_place: visits until the camera is turned to another place.
    """

    seed: int
    size: tuple[int, int]
    rate: Fraction
    face_px: float
    visit: int
    most_faces: int
    visits_a_place: int = 6

    def pictures(self) -> Iterator[RgbImage]:
        """Yield pictures without end; the same settings give the same ones."""
        chance = np.random.default_rng(self.seed)
        for visit in count():
            faces = int(chance.integers(0, self.most_faces + 1))
            # The seed makes the place: with the same one, only the faces change.
            seed = 1000 * self.seed + visit // self.visits_a_place
            scene = Scene(faces, self.face_px, *self.size, self.rate, self.visit / self.rate, seed)
            with SyntheticVideo(scene) as video:
                for frame in video:
                    yield frame.image
