"""What is kept of a row that was trained and measured: one JSON file per row and seed."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from srfer.engines import LABELS
from srfer.errors import TrainingError

from ..files import write_whole

FORMAT = 1
DEGRADATIONS = ("D1", "D2", "D3", "D4", "D5")

_KINDS: Mapping[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (int, float)}
_SHARES = ("accuracy", "macro_recall", "ece", "ece_calibrated", "agreement")


@dataclass(frozen=True, slots=True)
class Condition:
    """How a row reads the validation faces under one degradation at one size.

    Attributes:
        degradation: one of `DEGRADATIONS`.
        native_px: side of the faces in pixels.
        count: number of faces.
        accuracy: share labelled correctly, 0..1.
        macro_recall: mean of `recall` over the classes that occur.
        recall: (8,) share of each class labelled correctly; None where the class does not occur.
        ece: expected calibration error as it is, 0..1.
        temperature: what logits are divided by to calibrate.
        ece_calibrated: expected calibration error with `temperature`, 0..1.
        psnr_db: restored against original face, mean over faces.
        ssim: the same as structural similarity, -1..1.
        agreement: share of faces with the label that B0 gives the original, 0..1.
        correct: face by face, so that rows can be compared in pairs.
    """

    degradation: str
    native_px: int
    count: int
    accuracy: float
    macro_recall: float
    recall: tuple[float | None, ...]
    ece: float
    temperature: float
    ece_calibrated: float
    psnr_db: float
    ssim: float
    agreement: float
    correct: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """A row trained with one seed.

    Attributes:
        row: name of the system, e.g. "P3".
        sr: its super-resolution network.
        fer: its expression network.
        seed: of weights, order and augmentation.
        recipe: digest of its training recipe.
        epochs: of this run alone, as are `steps` and `cost_s`.
        parameters: number of weights when deployed.
        macs: multiply-accumulates a face.
        ms_per_face: milliseconds a face.
        cost_s: seconds of training.
        steps: of training.
        machine: what it was computed on, in words.
        conditions: what it reaches.
    """

    row: str
    sr: str
    fer: str
    seed: int
    recipe: str
    epochs: int
    parameters: int
    macs: int
    ms_per_face: float
    cost_s: float
    steps: int
    machine: Mapping[str, str]
    conditions: tuple[Condition, ...]

    def condition(self, degradation: str, native_px: int) -> Condition | None:
        """What it reaches under a condition; None if that was not measured."""
        for item in self.conditions:
            if (item.degradation, item.native_px) == (degradation, native_px):
                return item
        return None

    def to_json(self) -> str:
        """The text of its file: a line for each value and each condition, as diffs like it.

        Raises:
            TrainingError: if a figure is not a finite number.
        """
        table: dict[str, Any] = {"format": FORMAT}
        table |= {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        conditions = [_condition_table(item) for item in table.pop("conditions")]
        try:
            lines = [f"{json.dumps(key)}: {_dumps(value)}" for key, value in table.items()]
            inner = ",\n  ".join(_dumps(item) for item in conditions)
        except ValueError:
            name = f"{self.row}, seed {self.seed}"
            raise TrainingError(f"{name}: a figure is not a finite number") from None
        lines.append(f'"conditions": [\n  {inner}\n ]')
        return "{\n " + ",\n ".join(lines) + "\n}\n"

    @classmethod
    def from_json(cls, text: str, where: str) -> Result:
        """Read the text of a file.

        Args:
            text: see `to_json`.
            where: name of the file, for messages.

        Raises:
            TrainingError: naming the key that is missing, unknown or impossible.
        """
        try:
            table = json.loads(text, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise TrainingError(f"{where} is not valid JSON: {error}") from None
        found = table.pop("format", None) if isinstance(table, dict) else None
        if found != FORMAT:
            raise TrainingError(f"{where}: format must be {FORMAT}, not {found!r}")
        values = _fill(cls, table, where)
        machine, conditions = values["machine"], values["conditions"]
        if not isinstance(machine, dict) or not all(type(v) is str for v in machine.values()):
            raise TrainingError(f"{where}: machine must be an object of texts")
        if not isinstance(conditions, list) or not conditions:
            raise TrainingError(f"{where}: conditions must be a list, not empty")
        values["conditions"] = tuple(
            _parse_condition(item, f"{where}: conditions[{index}]")
            for index, item in enumerate(conditions)
        )
        keys = [(item.degradation, item.native_px) for item in values["conditions"]]
        if len(keys) != len(set(keys)):
            raise TrainingError(f"{where}: conditions holds one of them twice")
        return cls(**values)

    def save(self, folder: Path) -> Path:
        """Write its file, whole or not at all.

        Raises:
            TrainingError: if a figure is not a finite number, or the disk refuses.
        """
        path = result_path(folder, self.row, self.seed)
        write_whole(path, self.to_json().encode())
        return path


def result_path(folder: Path, row: str, seed: int) -> Path:
    """Where the result of a row and seed is kept."""
    return folder / f"{row}-seed{seed}.json"


def load_results(folder: Path) -> tuple[Result, ...]:
    """Read all results of a folder, by row and seed; none if there is no such folder.

    Raises:
        TrainingError: if a file is damaged, misnamed, or about other faces than the others.
    """
    results = [_load(path) for path in sorted(folder.glob("*.json"))]
    counts = {item.count for result in results for item in result.conditions}
    if len(counts) > 1:
        numbers = ", ".join(str(count) for count in sorted(counts))
        raise TrainingError(
            f"the results in {folder.name} cannot be compared: they are about {numbers} faces"
        )
    return tuple(sorted(results, key=lambda result: (result.row, result.seed)))


def group(results: Iterable[Result], order: Iterable[str] = ()) -> dict[str, tuple[Result, ...]]:
    """Put the results of each row together, by seed.

    Args:
        results: in any order.
        order: rows in the order wanted; others follow by name.
    """
    rows: dict[str, list[Result]] = {}
    for result in sorted(results, key=lambda result: (result.row, result.seed)):
        rows.setdefault(result.row, []).append(result)
    names = [*(name for name in order if name in rows), *rows]
    return {name: tuple(rows[name]) for name in dict.fromkeys(names)}


def _load(path: Path) -> Result:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise TrainingError(f"{path.name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise TrainingError(f"{path.name} is not valid JSON: it is not UTF-8") from None
    result = Result.from_json(text, path.name)
    if path != result_path(path.parent, result.row, result.seed):
        raise TrainingError(f"{path.name} holds row {result.row} with seed {result.seed}")
    return result


def _dumps(value: Any) -> str:
    return json.dumps(value, allow_nan=False)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number")


def _condition_table(condition: Condition) -> dict[str, Any]:
    table = dataclasses.asdict(condition)
    table["correct"] = np.packbits(condition.correct).tobytes().hex()
    return table


def _fill(kind: Any, table: Any, where: str) -> dict[str, Any]:
    """Check keys, and the types of plain values, against a dataclass."""
    if not isinstance(table, dict):
        raise TrainingError(f"{where} must be an object")
    fields = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    for key in table:
        if key not in fields:
            raise TrainingError(f"{where}: unknown key {key!r}")
    values = {}
    for key, expected in fields.items():
        if key not in table:
            raise TrainingError(f"{where}: {key} is missing")
        value = table[key]
        # Not isinstance: true and false would pass as whole numbers.
        if expected in _KINDS and type(value) not in _KINDS[expected]:
            raise TrainingError(f"{where}: {key} must be of type {expected}, not {value!r}")
        values[key] = float(value) if expected == "float" else value
        if isinstance(values[key], float) and not math.isfinite(values[key]):
            raise TrainingError(f"{where}: {key} must be finite")  # 1e999 is valid JSON
    return values


def _parse_condition(table: Any, where: str) -> Condition:
    values = _fill(Condition, table, where)
    if values["degradation"] not in DEGRADATIONS:
        raise TrainingError(f"{where}: degradation must be one of {', '.join(DEGRADATIONS)}")
    if values["count"] < 1:
        raise TrainingError(f"{where}: count must be positive")
    for key in _SHARES:
        if not 0 <= values[key] <= 1:
            raise TrainingError(f"{where}: {key} must lie between 0 and 1")
    values["recall"] = _parse_recall(values["recall"], where)
    values["correct"] = _unpack(values["correct"], values["count"], where)
    if abs(sum(values["correct"]) / values["count"] - values["accuracy"]) > 1e-5:
        raise TrainingError(f"{where}: accuracy is not the share of correct")
    return Condition(**values)


def _parse_recall(value: Any, where: str) -> tuple[float | None, ...]:
    is_right = isinstance(value, list) and len(value) == len(LABELS)
    if not is_right or not all(
        item is None or (type(item) in (int, float) and 0 <= item <= 1) for item in value
    ):
        raise TrainingError(f"{where}: recall must be {len(LABELS)} shares of 0 to 1, or null")
    return tuple(item if item is None else float(item) for item in value)


def _unpack(value: Any, count: int, where: str) -> tuple[bool, ...]:
    try:
        packed = np.frombuffer(bytes.fromhex(value), np.uint8)
    except (TypeError, ValueError):
        raise TrainingError(f"{where}: correct must be hexadecimal digits") from None
    if len(packed) != (count + 7) // 8:
        raise TrainingError(f"{where}: correct must hold {count} bits")
    return tuple(np.unpackbits(packed, count=count).astype(bool).tolist())
