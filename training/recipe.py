"""A recipe: everything that decides what a training run gives, in one TOML file."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from srfer.engines import Curve
from srfer.errors import ConfigError

from .degradations import DegradationMix
from .label_modes import LabelMode
from .networks import check_names

RECIPES = Path(__file__).parent / "recipes"

Precision = Literal["fp32", "bf16", "fp16"]
Update = Literal["together", "alternating", "sr", "fer"]
Attention = Literal["transfer", "cosine", "grad-cam"]


@dataclass(frozen=True, slots=True)
class Start:
    """Where weights come from: a shipped model, an .onnx file, a run's folder, or "teacher".

    Attributes:
        sr: of the super-resolution network; "" for fresh weights.
        fer: of the expression network; "" for fresh weights.
        teacher: of the frozen expression network that reads originals; "" for none.
        teacher_fer: the teacher's network, a name in `training.networks.FER`; "" for the recipe's
            own `fer`.
    """

    sr: str = ""
    fer: str = ""
    teacher: str = ""
    teacher_fer: str = ""


@dataclass(frozen=True, slots=True)
class Losses:
    """Weights of the losses; 0 leaves one out, and nothing is computed for it.

    Attributes:
        expression: of the expression network's answer on restored faces against the votes.
        pixel: Charbonnier, between restored and original face.
        attention: multi-stage attention consistency, through the teacher.
        attention_kind: which attention is compared.
        attention_stages: which stages, 1 the finest.
        prediction: consistency of the teacher's answers on the restored and the original face.
        task_feature: distance of the expression network's last stage on restored and original.
        adversarial: relativistic average GAN.
        distillation: of the expression network's answer on restored faces from the teacher's on
            originals.
        centre: deep attentive centre loss on the last stage.
    """

    expression: float = 1.0
    pixel: float = 0.0
    attention: float = 0.0
    attention_kind: Attention = "transfer"
    attention_stages: tuple[int, ...] = (1, 2, 3, 4)
    prediction: float = 0.0
    task_feature: float = 0.0
    adversarial: float = 0.0
    distillation: float = 0.0
    centre: float = 0.0

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            if field.type == "float" and not getattr(self, field.name) >= 0:
                raise ConfigError(f"losses.{field.name} must not be negative")
        _check_choice("losses.attention_kind", self.attention_kind, Attention)
        if not self.attention_stages or min(self.attention_stages) < 1:
            raise ConfigError("losses.attention_stages must be numbers of stages, 1 the finest")

    @property
    def need_teacher(self) -> bool:
        """Whether one of the losses asks a frozen teacher."""
        return max(self.attention, self.prediction, self.distillation) > 0


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run.

    Attributes:
        name: of the run and of the model that it gives.
        sr: super-resolution network, a name in `training.networks.SR`.
        fer: expression network, a name in `training.networks.FER`.
        epochs: passes over the training data.
        batch: faces per step, over all processes.
        seed: of weights, order and augmentation.
        learning_rate: highest rate of AdamW; it rises over `warmup_epochs`, then falls as a cosine.
        warmup_epochs: see `learning_rate`.
        weight_decay: of AdamW, on matrices and kernels only.
        bypass: share of training faces that skip super-resolution, so that the expression network
            also reads plain interpolated faces.
        ema_decay: of the averaged weights, which are the ones that are evaluated and exported.
        precision: what the networks are computed in. "bf16" pays on a CPU with matrix units for
            it; "fp16" needs a GPU.
        mix: native sizes and degradations.
        update: "together": one step for both networks on the sum of the losses. "alternating":
            super-resolution with the expression network frozen, then the expression network on
            restored, original and patch-mixed faces. "sr", "fer": only that network learns.
        labels: how votes become targets.
        augmentation: how far faces are moved, turned, scaled, relit and covered; 1 is the full
            range, 0 leaves only mirroring.
        mixup: share of training faces that are blended with another one, and their targets with
            them.
        cycle: epochs after which order and augmentation of faces repeat (degradations never do),
            so that the teacher reads each original once a cycle and not once an epoch; 0 never.
        logit_adjustment: how far the exported model makes up for rare expressions on faces of 48
            px: this many times the logarithm of their frequency in training is taken off their
            logits.
        logit_adjustment_8px: the same for faces of 8 px; between them it is interpolated.
        adjust_below: only expressions rarer than this share of the votes are adjusted; 1 for all.
        start_share: share of the weights that training began with that stays in the exported
            model: 0 none, 0.5 the middle between them and the trained ones.
        start: where weights come from.
        losses: their weights.
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
    bypass: float
    ema_decay: float
    precision: Precision
    mix: DegradationMix
    update: Update = "together"
    labels: LabelMode = "cross-entropy"
    augmentation: float = 1.0
    mixup: float = 0.0
    cycle: int = 0
    logit_adjustment: float = 0.0
    logit_adjustment_8px: float = 0.0
    adjust_below: float = 1.0
    start_share: float = 0.0
    start: Start = dataclasses.field(default_factory=Start)
    losses: Losses = dataclasses.field(default_factory=Losses)

    def __post_init__(self) -> None:
        if min(self.epochs, self.batch) < 1:
            raise ConfigError("epochs and batch must be at least 1")
        check_names(self.sr, self.start.teacher_fer or self.fer)
        check_names(self.sr, self.fer)
        _check_choice("precision", self.precision, Precision)
        _check_choice("update", self.update, Update)
        _check_choice("labels", self.labels, LabelMode)
        if not min(self.logit_adjustment, self.logit_adjustment_8px) >= 0:
            raise ConfigError("logit_adjustment and logit_adjustment_8px must not be negative")
        if not 0 < self.adjust_below <= 1:
            raise ConfigError(f"adjust_below must lie above 0 and up to 1, not {self.adjust_below}")
        if not self.learning_rate > 0:
            raise ConfigError(f"learning_rate must be positive, not {self.learning_rate}")
        for name in ("seed", "warmup_epochs", "weight_decay", "cycle"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"{name} must not be negative")
        for name in ("bypass", "ema_decay", "start_share", "augmentation", "mixup"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} must lie between 0 and 1")
        if self.losses.need_teacher and not self.start.teacher:
            raise ConfigError(
                "losses that compare with a teacher (attention, prediction, distillation) need "
                "start.teacher"
            )

    @property
    def adjustment(self) -> Curve:
        """Strength of the logit adjustment by native size."""
        return Curve((8.0, 48.0), (self.logit_adjustment_8px, self.logit_adjustment))

    @property
    def digest(self) -> str:
        """Twelve hexadecimal digits that change with any value of the recipe.

        Values that are as they are by default do not count, so a recipe keeps its digest when
        srfer learns a new option.
        """
        return _digest(_chosen(self))

    @property
    def run_digest(self) -> str:
        """The same without what is decided when the trained network is exported.

        Checkpoints carry it: how far to adjust logits may be chosen when training is done.
        """
        chosen = _chosen(self)
        return _digest({key: value for key, value in chosen.items() if key not in _AT_EXPORT})


_AT_EXPORT = ("logit_adjustment", "logit_adjustment_8px", "adjust_below", "start_share")


def _digest(chosen: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:12]


def _chosen(table: Any) -> dict[str, Any]:
    """The values of a dataclass, and of those in it, that differ from their defaults."""
    chosen = {}
    for field in dataclasses.fields(table):
        value = getattr(table, field.name)
        if dataclasses.is_dataclass(value):
            value = _chosen(value)
            if not value and not _is_needed(field):
                continue
        elif not _is_needed(field) and value == field.default:
            continue
        chosen[field.name] = value
    return chosen


def _check_choice(name: str, value: str, kind: Any) -> None:
    allowed = get_args(kind)
    if value not in allowed:
        choices = f"{', '.join(allowed[:-1])} or {allowed[-1]}"
        raise ConfigError(f"{name} must be {choices}, not {value!r}")


_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "int": (int,),
    "float": (int, float),
    "tuple[int, ...]": (tuple, list),
} | dict.fromkeys(("Precision", "Update", "LabelMode", "Attention"), (str,))
_SHOWN = {list: "list of whole numbers", float: "float", int: "int", str: "str"}


def _fill(kind: Any, table: Any, where: str) -> dict[str, Any]:
    """Check the keys of a TOML table, and the types of its values, against a dataclass."""
    if not isinstance(table, dict):
        raise ConfigError(f"{where} must be a table")
    fields = {field.name: field for field in dataclasses.fields(kind)}
    filled = {}
    for key, value in table.items():
        if key not in fields:
            near = difflib.get_close_matches(key, fields, n=1)
            hint = f" (did you mean {near[0]!r}?)" if near else ""
            raise ConfigError(f"{where}: unknown key {key!r}{hint}")
        types = _TYPES.get(str(fields[key].type))
        is_right = types is None or (isinstance(value, types) and not isinstance(value, bool))
        if isinstance(value, list):
            is_right = is_right and all(type(item) is int for item in value)
        if not is_right and types is not None:
            raise ConfigError(f"{where}: {key} must be of type {_SHOWN[types[-1]]}, not {value!r}")
        filled[key] = tuple(value) if isinstance(value, list) else value
    missing = [name for name, field in fields.items() if name not in table and _is_needed(field)]
    if missing:
        raise ConfigError(f"{where}: missing {', '.join(missing)}")
    return filled


def _is_needed(field: dataclasses.Field[Any]) -> bool:
    has_default = field.default is not dataclasses.MISSING
    return not has_default and field.default_factory is dataclasses.MISSING


def parse_recipe(table: dict[str, Any], where: str) -> Recipe:
    """Check a table as it stands in a TOML file, and make the recipe of it.

    Args:
        table: keys and values, with sub-tables `mix`, `start` and `losses`.
        where: what to call it in errors.

    Raises:
        ConfigError: if a key is unknown or missing, or a value impossible.
    """
    parts: dict[str, Any] = {}
    for name, kind in (("mix", DegradationMix), ("start", Start), ("losses", Losses)):
        parts[name] = _fill(kind, table.get(name, {}), f"{where} [{name}]")
    filled = _fill(Recipe, table | dict.fromkeys(parts), where)
    try:
        filled["mix"] = DegradationMix(**parts["mix"])
        filled["start"] = Start(**parts["start"])
        filled["losses"] = Losses(**parts["losses"])
        return Recipe(**filled)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None


def load_recipe(name_or_path: str, **changes: str | float) -> Recipe:
    """Read a recipe that comes with srfer by name, or any TOML file by path.

    Args:
        name_or_path: see above.
        changes: replace values at the top of the file.

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
    return parse_recipe(table | changes, path.name)
