"""What a node does when it is asked: say what it would compute with, look for files, work."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from srfer import __version__
from srfer.errors import ClusterError

from ..export_input import Tally, Work, export_input
from ..inputs import path_status
from ..jobs import Job
from ..outcome import ExportProgress
from ..outputs import ExportOptions
from ..side_by_side import Crew
from ..sources import printable
from .attempts import new_attempt
from .messages import pack
from .recipe import Recipe

TELL_EVERY_S = 0.25
"""How often a node tells how far an input is, in seconds."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides about the results of a node.

    Attributes:
        version: of srfer.
        settings: of its analysis; a difference from other nodes' is one in the results.
    """

    version: str
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """Files by which a node can tell that it sees the same storage.

    Attributes:
        probe: a file in the folder of the results.
        token: what is in it.
        inputs: one from each folder, with its size in bytes or None if it cannot be looked at.
    """

    probe: Path
    token: str
    inputs: Sequence[tuple[Path, int | None]]


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with every input of a batch.

    Attributes:
        recipe: how to analyse.
        options: how to export.
        facts: what all nodes compute with.
    """

    recipe: Recipe
    options: ExportOptions
    facts: Facts


def check_node(recipe: Recipe, options: ExportOptions) -> Facts:
    """Say what this node would compute with, once it is known that it can.

    Raises:
        SrferError: if it cannot: without the model, its device, or a library.
    """
    _make_work(recipe, options)
    return _state_facts(recipe, options)


def _make_work(recipe: Recipe, options: ExportOptions) -> Work:
    return recipe.make_work(is_refined=options.refinement is not None)


def _state_facts(recipe: Recipe, options: ExportOptions) -> Facts:
    replace(options)  # checks what the options need here
    return Facts(__version__, recipe.settings())


def find_missing(seen: Seen) -> str:
    """Say which path this node does not see as the one that asks sees it, or ""."""
    for path, size in seen.inputs:
        status = path_status(path)
        if (None if status is None else status.st_size) != size:
            return str(path)
    try:
        token = seen.probe.read_text(encoding="ascii")
        with tempfile.TemporaryFile(dir=seen.probe.parent):
            pass
    except OSError:
        return str(seen.probe.parent)
    return "" if token == seen.token else str(seen.probe.parent)


class Board:
    """An actor on which nodes write how far they are, and which is read and wiped now and then."""

    def __init__(self) -> None:
        self._told: dict[int, tuple[int, int | None]] = {}

    def tell(self, number: int, frames: int, expected: int | None) -> None:
        """Write that an input has so many frames done, of about so many."""
        self._told[number] = frames, expected

    def take(self) -> dict[int, tuple[int, int | None]]:
        """All that was written since the last time."""
        told, self._told = self._told, {}
        return told


def work(job: Job, number: int, order: Order, board: Any) -> dict[str, Any]:
    """Export one input into a folder of this attempt's own.

    Args:
        job: the input, and the folder where the outputs will be in the end.
        number: which of the inputs it is.
        order: what is to be done with all inputs.
        board: the actor to tell how far it is, or None.

    Raises:
        ClusterError: if this node computes with something else, as one that joined later may.
    """
    here = _state_facts(order.recipe, order.options)
    if (difference := find_difference(order.facts, here)) is not None:
        raise ClusterError(f"a node has joined that does not compute the same: {difference}")
    attempt = new_attempt(job.folder)
    tell = None if board is None else _teller(board)
    tally = Tally(job.input, number, number, tell)
    mine = replace(job, folder=attempt)
    doing = _make_work(order.recipe, order.options)
    outcome = export_input(mine, doing, order.options, tally, Crew())
    return pack(outcome, attempt, job.folder)


def find_difference(one: Facts, other: Facts) -> str | None:
    """In which way two nodes do not compute the same, in words, or None."""
    if one.version != other.version:
        return f"srfer {one.version} and {other.version}"
    for key in sorted({*one.settings, *other.settings}):
        here, there = one.settings.get(key), other.settings.get(key)
        if here != there:
            return printable(f"{key.replace('_', ' ')} {here} and {there}")
    return None


def _teller(
    board: Any, clock: Callable[[], float] = time.monotonic
) -> Callable[[ExportProgress], None]:
    told_s: float | None = None

    def tell(progress: ExportProgress) -> None:
        nonlocal told_s
        now_s = clock()
        if told_s is None or now_s - told_s >= TELL_EVERY_S:
            told_s = now_s
            board.tell.remote(progress.number, progress.frames, progress.expected)

    return tell
