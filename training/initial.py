"""Starting from trained weights instead of from chance.

Weights come from a finished model file or from the folder of a run. A run's are taken as they are.
A model file holds folded ones: batch norms have gone into the convolutions before them, and
training wants the norms back. Any norm whose scale and shift undo its own statistics is the
identity, so each is given the statistics of a sample of faces and exactly the scale and shift that
leave the folded function as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from onnx import numpy_helper
from torch import Tensor, nn

from srfer.engines import read_model
from srfer.errors import TrainingError

from .checkpoint import load_newest_checkpoint
from .networks import Cascade, build_cascade
from .networks.residual_fer import ResidualBlock
from .recipe import RECIPES, Recipe
from .teacher import Teacher

PREFIX = "cascade."
STATISTICS_SAMPLE = 1024
"""Faces whose statistics the norms of folded weights take."""


@dataclass(frozen=True, slots=True)
class Weights:
    """Trained weights by name, as `sr.head.weight`.

    Attributes:
        values: float32 tensors, in a run's case also the counters of batch norms.
        are_folded: whether batch norms have gone into the convolutions before them.
        source: where they are from, for errors.
    """

    values: dict[str, Tensor]
    are_folded: bool
    source: str

    def of(self, part: str) -> dict[str, Tensor]:
        """The weights of one network, "sr" or "fer"."""
        return {name: value for name, value in self.values.items() if name.startswith(f"{part}.")}


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a run begins with; None is chance.

    Attributes:
        sr: for the super-resolution network.
        fer: for the expression network.
        teacher: for the frozen network that reads originals.
    """

    sr: Weights | None = None
    fer: Weights | None = None
    teacher: Weights | None = None

    def apply(self, network: Cascade, originals: Tensor) -> None:
        """Put the weights into a fresh network.

        Args:
            network: changed in place.
            originals: (N, 1, 48, 48) in 0..1, for the statistics of batch norms.

        Raises:
            TrainingError: if they do not fit.
        """
        for part, weights in (("sr", self.sr), ("fer", self.fer)):
            if weights is not None:
                _put(network, part, weights, originals)

    def build_teacher(self, recipe: Recipe, originals: Tensor) -> Teacher | None:
        """Make the teacher that a recipe asks for; None if none of its losses does."""
        if not recipe.losses.need_teacher:
            return None
        if self.teacher is None:
            raise TrainingError("the recipe needs a teacher: name one in start.teacher")
        with torch.random.fork_rng(devices=[]):  # whether there is a teacher changes nothing else
            network = build_cascade("none", recipe.start.teacher_fer or recipe.fer)
        _put(network, "fer", self.teacher, originals)
        return Teacher(network.fer)


FRESH = Beginning()


def find_beginning(recipe: Recipe) -> Beginning:
    """Read whatever weights a recipe starts from.

    Raises:
        TrainingError: if they are not there or damaged.
        ModelError: if a model is unknown or its file refused.
    """
    names = (recipe.start.sr, recipe.start.fer, recipe.start.teacher)
    return Beginning(*(find_weights(name) if name else None for name in names))


def find_weights(name_or_path: str) -> Weights:
    """Read weights from a shipped model, an .onnx file, the folder of a run, or beside the recipes.

    The repository keeps the weights of `teacher` there, which no user runs.

    Raises:
        TrainingError: if there are none.
        ModelError: if the model is unknown or its file refused.
    """
    beside = RECIPES / f"{name_or_path}.onnx"
    if beside.is_file():
        return Weights(read_folded(beside.read_bytes()), True, name_or_path)
    path = Path(name_or_path)
    if not path.is_dir():
        return Weights(read_folded(read_model(name_or_path).data), True, name_or_path)
    state = load_newest_checkpoint(path)
    if state is None:
        raise TrainingError(f"no readable checkpoint in {path.name}, from which training starts")
    return Weights(state["averaged"], False, path.name)


def _put(network: Cascade, part: str, weights: Weights, originals: Tensor) -> None:
    values = weights.of(part)
    if weights.are_folded:
        start_from(network, values, originals)
        return
    own = {name.removeprefix(f"{part}."): value for name, value in values.items()}
    try:
        network.get_submodule(part).load_state_dict(own)
    except RuntimeError:
        raise TrainingError(
            f"the weights of {weights.source} do not fit the recipe's {part}: choose the network "
            "that they were trained with"
        ) from None


def read_folded(data: bytes) -> dict[str, Tensor]:
    """Read the named float32 weights of a model file that srfer exported.

    Raises:
        TrainingError: if it holds none.
    """
    try:
        model = onnx.load_from_string(data)
    except DecodeError:
        raise TrainingError("the file that training starts from is no ONNX model") from None
    weights = {}
    for item in model.graph.initializer:
        if item.name.startswith(PREFIX):
            name = item.name.removeprefix(PREFIX).removesuffix(".half")
            weights[name] = torch.from_numpy(numpy_helper.to_array(item).astype(np.float32))
    if not weights:
        raise TrainingError("the model holds no weights that srfer named: it cannot be a start")
    return weights


@torch.no_grad()
def start_from(network: Cascade, weights: dict[str, Tensor], faces: Tensor) -> tuple[str, ...]:
    """Give a network the function of a folded one, as far as their layers have the same names.

    Layers that the folded network lacks stay as they are, except that residual blocks become the
    identity: a deeper network begins with the function of the shallow one (Net2Net, ICLR 2016).

    Args:
        network: fresh; weights are changed in place. It is left in training mode.
        weights: by name, from `read_folded`.
        faces: (N, 1, 48, 48) float32 in 0..1, for the statistics of batch norms.

    Returns:
        the names that were taken over.

    Raises:
        TrainingError: if a layer has another shape, or nothing fits.
    """
    pairs = _norms_by_layer(network)
    hooks = []
    taken = []
    for name, module in network.named_modules():
        weight = weights.get(f"{name}.weight")
        if weight is None or not isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            continue
        if module.weight.shape != weight.shape:
            raise TrainingError(
                f"{name} has the shape {tuple(module.weight.shape)}, in the model that training "
                f"starts from {tuple(weight.shape)}: choose the networks of that model"
            )
        module.weight.copy_(weight)
        bias = weights.get(f"{name}.bias", torch.zeros(weight.shape[0]))
        if name in pairs:
            hooks.append(pairs[name].register_forward_pre_hook(partial(_undo_norm, bias=bias)))
        elif module.bias is not None:
            module.bias.copy_(bias)
        taken.append(name)
    if not taken:
        raise TrainingError("no layer of the model that training starts from fits the recipe's")
    network.eval()
    _refuse_nameless_slopes(network, taken)
    _quieten_new_blocks(network, taken)
    network(faces, torch.full((len(faces),), 48.0), torch.ones(len(faces)))
    for hook in hooks:
        hook.remove()
    network.train()
    return tuple(taken)


def _refuse_nameless_slopes(network: Cascade, taken: list[str]) -> None:
    """Model files keep the slopes of PReLUs, but not under their names."""
    parts = {name.split(".")[0] for name in taken}
    for part in sorted(parts):
        if any(isinstance(module, nn.PReLU) for module in network.get_submodule(part).modules()):
            raise TrainingError(
                f"a model file does not name all weights of this {part} network: start from the "
                "folder of the run that trained it"
            )


def _quieten_new_blocks(network: Cascade, taken: list[str]) -> None:
    parts = {name.split(".")[0] for name in taken}
    for name, block in network.named_modules():
        is_new = f"{name}.conv1" not in taken and name.split(".")[0] in parts
        if is_new and isinstance(block, ResidualBlock) and isinstance(block.shortcut, nn.Identity):
            nn.init.zeros_(block.norm2.weight)


def _norms_by_layer(network: Cascade) -> dict[str, nn.BatchNorm1d | nn.BatchNorm2d]:
    """The norm that `fold` merges into each convolution or linear layer, by that one's name."""
    found: dict[str, nn.BatchNorm1d | nn.BatchNorm2d] = {}
    for path, parent in network.named_modules():
        for (name, layer), (_, follower) in pairwise(parent.named_children()):
            is_2d = isinstance(layer, nn.Conv2d) and isinstance(follower, nn.BatchNorm2d)
            is_1d = isinstance(layer, nn.Linear) and isinstance(follower, nn.BatchNorm1d)
            if is_2d or is_1d:
                assert isinstance(follower, nn.BatchNorm1d | nn.BatchNorm2d)
                found[f"{path}.{name}" if path else name] = follower
    return found


def _undo_norm(norm: nn.Module, inputs: tuple[Tensor], bias: Tensor) -> None:
    """Give a norm its input's statistics, and the scale and shift that make it add `bias`."""
    assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    variance, mean = torch.var_mean(inputs[0].transpose(0, 1).flatten(1), dim=1)
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(variance)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean + bias)
