"""A recipe: everything that decides what a training run gives, in one TOML file."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from srfer.errors import ConfigError

from .degradations import DegradationMix

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run.

    Attributes:
        name: of the run and of the model that it gives.
        sr: super-resolution network, a name in `training.networks.SR`.
        fer: expression network, a name in `training.networks.FER`.
        epochs: passes over the training data.
        batch: faces per step.
        seed: of weights, order and augmentation.
        learning_rate: highest rate of AdamW; it rises over `warmup_epochs`, then falls as a cosine.
        warmup_epochs: see `learning_rate`.
        weight_decay: of AdamW, on matrices and kernels only.
        pixel_weight: of the Charbonnier loss between restored and original face.
        bypass: share of training faces that skip super-resolution, so that the expression network
            also reads plain interpolated faces.
        ema_decay: of the averaged weights, which are the ones that are evaluated and exported.
        precision: "bf16" computes the networks in bfloat16, which pays where the processor has
            matrix units for it; "fp32" in single precision.
        mix: native sizes and degradations.
    """

    name: str
    sr: str
    fer: str
    epochs: int
    batch: int
    seed: int
    learning_rate: float
    warmup_epochs: float
    weight_decay: float
    pixel_weight: float
    bypass: float
    ema_decay: float
    precision: Literal["fp32", "bf16"]
    mix: DegradationMix

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch) < 1:
            raise ConfigError("epochs and batch must be at least 1")
        if self.precision not in ("fp32", "bf16"):
            raise ConfigError(f"precision must be fp32 or bf16, not {self.precision!r}")
        if not self.learning_rate > 0:
            raise ConfigError(f"learning_rate must be positive, not {self.learning_rate}")
        for name in ("seed", "warmup_epochs", "weight_decay", "pixel_weight"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must not be negative")
        for name in ("bypass", "ema_decay"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must lie between 0 and 1")

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change with any value of the recipe."""
        text = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


_TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}


def _fill(kind: Any, table: Any, where: str) -> dict[str, Any]:
    """Check the keys of a TOML table, and the types of its values, against a dataclass."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table")
    wanted = {field.name: _TYPES.get(str(field.type)) for field in dataclasses.fields(kind)}
    for key, value in table.items():
        if key not in wanted:
            near = difflib.get_close_matches(key, wanted, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ConfigError(f"{where}: unknown key {key!r}{hint}")
        types = wanted[key]
        if types is not None and (isinstance(value, bool) or not isinstance(value, types)):
            raise ConfigError(f"{where}: {key} must be of type {types[-1].__name__}, not {value!r}")
    missing = [key for key in wanted if key not in table]
    if missing:
        raise ConfigError(f"{where}: missing {', '.join(missing)}")
    return dict(table)


def load_recipe(name_or_path: str) -> Recipe:
    """Read a recipe that comes with srfer by name, or any TOML file by path.

    Raises:
        ConfigError: if there is none, or it has an unknown, missing or impossible value.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = RECIPES / f"{name_or_path}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        known = ", ".join(sorted(file.stem for file in RECIPES.glob("*.toml")))
        raise ConfigError(
            f"no recipe {name_or_path!r}: give a .toml file or one of {known}"
        ) from None
    except OSError as error:
        raise ConfigError(f"recipe {path.name} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} is not valid TOML: {error}") from None
    mix = _fill(DegradationMix, table.pop("mix", {}), f"{path.name} [mix]")
    sizes = mix["sizes_px"]
    if not isinstance(sizes, list) or not all(type(size) is int for size in sizes):
        raise ConfigError(f"{path.name} [mix]: sizes_px must be a list of whole numbers")
    filled = _fill(Recipe, {**table, "mix": None}, path.name)
    try:
        return Recipe(**filled | {"mix": DegradationMix(**mix | {"sizes_px": tuple(sizes)})})
    except ConfigError as error:
        raise ConfigError(f"{path.name}: {error}") from None
