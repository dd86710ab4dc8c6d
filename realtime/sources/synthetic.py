"""Made-up video: real-looking faces that move, the same every time, for tests and benchmarks.

The face is the portrait that ships with the checks of engines: a part of NASA's picture of Eileen
Collins, in the public domain. Detectors find it, and models read it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType, TracebackType
from typing import Any, NamedTuple, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from srfer.engines.check import FACE_SHARE, portrait
from srfer.errors import ConfigError, printable

from ..types import Box, Frame, RgbImage, SourceInfo
from .container import MAX_SIDE_PX

PREFIX = "synthetic:"
MOST_FACES = 256
SMALLEST_FACE_PX = 4.0
FASTEST_RATE = 1000

# Chosen by trial so that the detector finds faces from 28 pixels on, wherever they are.
_BACKGROUND_LIGHT = (160.0, 220.0)
_BACKGROUND_CHROMA = 5.0
_BACKGROUND_NOISE = 2.0
_HEAD_WIDTH = 0.36
_SKIN_GREEN, _SKIN_BLUE = (0.80, 0.85), (0.65, 0.73)
_SLOWEST_HZ, _FASTEST_HZ = 0.05, 0.2
_REACH = 1.0
"""How far a face goes from its middle place at most, in sides of the face."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What a synthetic video shows.

    Attributes:
        faces: how many, 0 to 256.
        face_px: side of the square that is cut for reading, in pixels: what results call the
            native size.
        width: of the picture, in pixels.
        height: of the picture, in pixels.
        rate: frames per second.
        seconds: length.
        seed: where faces are, how they move, and how light they are.
    """

    faces: int = 1
    face_px: float = 40.0
    width: int = 640
    height: int = 360
    rate: Fraction = Fraction(25)
    seconds: Fraction = Fraction(10)
    seed: int = 0

    def __post_init__(self) -> None:
        _require(0 <= self.faces <= MOST_FACES, f"faces must be 0 to {MOST_FACES}", self.faces)
        _require(
            SMALLEST_FACE_PX <= self.face_px <= MAX_SIDE_PX,
            f"face_px must be {SMALLEST_FACE_PX:g} to {MAX_SIDE_PX}",
            self.face_px,
        )
        size = f"{self.width}x{self.height}"
        is_size = 16 <= min(self.width, self.height) <= max(self.width, self.height) <= MAX_SIDE_PX
        _require(is_size, f"size must be 16x16 to {MAX_SIDE_PX}x{MAX_SIDE_PX}", size)
        _require(0 < self.rate <= FASTEST_RATE, f"fps must be over 0 to {FASTEST_RATE}", self.rate)
        _require(self.seconds * self.rate >= 1, "seconds must hold a frame", self.seconds)
        _require(self.seed >= 0, "seed must be 0 or more", self.seed)
        cell = _grid(self)
        if self.faces and min(cell.width, cell.height) < self.picture_px:
            raise ConfigError(
                f"{PREFIX} {self.faces} faces of {self.face_px:g} px do not fit into {size}; "
                f"{min(cell.width, cell.height) * FACE_SHARE:.0f} px is the largest that does"
            )

    @property
    def picture_px(self) -> float:
        """Side of the square that a whole head takes, in pixels."""
        return self.face_px / FACE_SHARE

    @property
    def frame_count(self) -> int:
        """Number of frames."""
        return math.floor(self.seconds * self.rate)


def parse_scene(text: str) -> Scene:
    """Read `synthetic:faces=2,face_px=40,size=640x360,fps=15,seconds=10,seed=1`, or a part of it.

    Raises:
        ConfigError: naming what is wrong and what is possible.
    """
    if not text.startswith(PREFIX):
        raise ConfigError(f"a synthetic source starts with {PREFIX!r}, not {printable(text)!r}")
    values: dict[str, Any] = {}
    for item in filter(None, text.removeprefix(PREFIX).split(",")):
        key, _, value = (part.strip() for part in item.partition("="))
        if key not in _READERS:
            known = ", ".join(_READERS)
            raise ConfigError(f"{PREFIX} there is no {printable(key)!r}; there are {known}")
        try:
            values |= _READERS[key](value)
        except (ValueError, ZeroDivisionError):
            example = _EXAMPLES[key]
            raise ConfigError(
                f"{PREFIX} {key} cannot be {printable(value)!r}; write {key}={example}"
            ) from None
    return Scene(**values)


class SyntheticVideo:
    """Renders a scene; the frame of an index is the same in every run.

    Args:
        scene: what to show.
        clock: monotonic seconds.
    """

    def __init__(self, scene: Scene, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.scene = scene
        self._clock = clock
        self._sprites: list[_Sprite] = []
        self._background: RgbImage = np.empty((0, 0, 3), np.uint8)

    @property
    def info(self) -> SourceInfo:
        """What is known of it, which is everything."""
        scene = self.scene
        return SourceInfo(
            "synthetic",
            scene.width,
            scene.height,
            scene.rate,
            1 / scene.rate,
            scene.frame_count,
            is_live=False,
        )

    def __enter__(self) -> Self:
        random = np.random.default_rng(self.scene.seed)
        self._background = _background(self.scene, random)
        self._sprites = [_sprite(self.scene, place, random) for place in range(self.scene.faces)]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._sprites = []

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames."""
        for index in range(self.scene.frame_count):
            image = self._background.copy()
            for sprite in self._sprites:
                sprite.draw(image, index / self.scene.rate)
            yield Frame("synthetic", index, self._clock(), index / self.scene.rate, image)

    def boxes(self, index: int) -> tuple[Box, ...]:
        """Where the faces' squares are in a frame, in pixels; empty before it is entered."""
        half = self.scene.face_px / 2
        middles = [sprite.middle(index / self.scene.rate) for sprite in self._sprites]
        return tuple(Box(x - half, y - half, x + half, y + half) for x, y in middles)


class _Cell(NamedTuple):
    """The part of the picture that belongs to one face, in pixels."""

    columns: int
    width: float
    height: float


class _Sprite(NamedTuple):
    """A head, and the way it goes.

    Attributes:
        colours: (H, W, 3) float32, times opacity.
        opacity: (H, W, 1) float32, 0..1.
        rest: (2,) middle of its way, x and y in pixels.
        reach: (2,) how far it goes from there, in pixels.
        turns: (2,) how often it goes to and fro in a second.
        phase: (2,) where it begins, in radians.
    """

    colours: NDArray[np.float32]
    opacity: NDArray[np.float32]
    rest: NDArray[np.float64]
    reach: NDArray[np.float64]
    turns: NDArray[np.float64]
    phase: NDArray[np.float64]

    def middle(self, time_s: Fraction) -> tuple[float, float]:
        """Where the middle is at a time."""
        x, y = self.rest + self.reach * np.sin(
            2 * math.pi * self.turns * float(time_s) + self.phase
        )
        return float(x), float(y)

    def draw(self, image: RgbImage, time_s: Fraction) -> None:
        """Put it into the picture where it is at a time, to a fraction of a pixel."""
        rows, columns = self.opacity.shape[:2]
        x, y = self.middle(time_s)
        left, top = x - columns / 2, y - rows / 2
        column, row = math.floor(left), math.floor(top)
        shift = np.array([[1, 0, left - column], [0, 1, top - row]], np.float64)
        colours = cv2.warpAffine(self.colours, shift, (columns, rows))
        opacity = cv2.warpAffine(self.opacity, shift, (columns, rows))
        place = image[row : row + rows, column : column + columns]
        place[:] = place * (1 - opacity[..., None]) + colours + 0.5


def _grid(scene: Scene) -> _Cell:
    """The cells with the largest shorter side that give each face one."""
    cells = []
    for columns in range(1, max(1, scene.faces) + 1):
        rows = math.ceil(max(1, scene.faces) / columns)
        cells.append(_Cell(columns, scene.width / columns, scene.height / rows))
    return max(cells, key=lambda cell: min(cell.width, cell.height))


def _background(scene: Scene, random: np.random.Generator) -> RgbImage:
    """Softly changing light with the noise of a sensor, which stands still."""
    light = random.uniform(*_BACKGROUND_LIGHT, (4, 6, 1))
    light = light + random.uniform(-_BACKGROUND_CHROMA, _BACKGROUND_CHROMA, (4, 6, 3))
    size = scene.width, scene.height
    picture = cv2.resize(light.astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    noise = random.normal(0, _BACKGROUND_NOISE, (scene.height, scene.width, 1))
    return np.asarray((picture + noise).clip(0, 255), np.uint8)


def _sprite(scene: Scene, place: int, random: np.random.Generator) -> _Sprite:
    cell = _grid(scene)
    side = math.ceil(scene.picture_px)
    row, column = divmod(place, cell.columns)
    room = (np.array([cell.width, cell.height]) - side - 1).clip(0) / 2
    colours, opacity = _head(side, random)
    return _Sprite(
        colours,
        opacity,
        rest=np.array([(column + 0.5) * cell.width, (row + 0.5) * cell.height]),
        reach=np.minimum(room, _REACH * scene.face_px) * random.uniform(0.5, 1, 2),
        turns=random.uniform(_SLOWEST_HZ, _FASTEST_HZ, 2),
        phase=random.uniform(0, 2 * math.pi, 2),
    )


def _head(
    side: int, random: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A head in a square: (side, side, 3) colours times opacity, and (side, side) opacity."""
    picture = portrait()
    mask = np.zeros(picture.shape, np.float32)
    rows, columns = picture.shape
    middle, axes = (columns // 2, rows * 9 // 20), (int(columns * _HEAD_WIDTH), rows * 9 // 20)
    cv2.ellipse(mask, middle, axes, 0, 0, 360, 1.0, -1)
    mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), 4), np.float32)
    if random.random() < 0.5:
        picture, mask = picture[:, ::-1], mask[:, ::-1]
    skin = np.array([1.0, random.uniform(*_SKIN_GREEN), random.uniform(*_SKIN_BLUE)], np.float32)
    tinted = picture[..., None] * (skin * np.float32(random.uniform(0.9, 1.0)))
    way = cv2.INTER_AREA if side < rows else cv2.INTER_CUBIC
    stack = np.dstack([tinted * mask[..., None], mask]).astype(np.float32)
    small = cv2.resize(stack, (side, side), interpolation=way).clip(0, 255)
    opacity = np.ascontiguousarray(small[..., 3]).clip(0, 1)
    return np.ascontiguousarray(small[..., :3]), opacity


def _require(is_good: bool, wanted: str, found: object) -> None:
    if not is_good:
        raise ConfigError(f"{PREFIX} {wanted}, not {found}")


def _read_size(text: str) -> dict[str, Any]:
    width, cross, height = text.partition("x")
    return {"width": int(width), "height": int(height)} if cross else {"width": int("")}


_READERS: Mapping[str, Callable[[str], dict[str, Any]]] = MappingProxyType(
    {
        "faces": lambda text: {"faces": int(text)},
        "face_px": lambda text: {"face_px": float(text)},
        "size": _read_size,
        "fps": lambda text: {"rate": Fraction(text)},
        "seconds": lambda text: {"seconds": Fraction(text)},
        "seed": lambda text: {"seed": int(text)},
    }
)
_EXAMPLES = MappingProxyType(
    {"faces": "2", "face_px": "40", "size": "640x360", "fps": "15", "seconds": "10", "seed": "1"}
)
