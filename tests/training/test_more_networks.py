"""Every network by name: that it learns, and that what is exported is what was trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

import srfer
from srfer.training.data import FaceSet, load_faces
from srfer.training.export import Provenance, export_model
from srfer.training.losses import charbonnier, soft_cross_entropy
from srfer.training.networks import FER, SR, Cascade, build_cascade, count_macs, fold
from srfer.training.networks.ecbsr import EDGE_FILTERS, EdgeKernel
from srfer.training.networks.folding import Foldable
from srfer.training.networks.merged_conv import MergedConv
from srfer.training.networks.span import ProductKernel

from .toy import write_toy_data

COMPARISON_ONLY = {"srcnn", "residual-deep", "resnet18", "vgg13"}
RESTORING = [name for name in SR if name != "none"]
SLIM = ("none", "unshuffle-slim", "unshuffle-small")
"""What leaves room for the wider expression network."""
DEPLOYABLE = [
    (sr, fer)
    for sr in SR
    for fer in FER
    if not {sr, fer} & COMPARISON_ONLY and (fer != "residual-low" or sr in SLIM)
]
EACH_ONCE = [(sr, "residual") for sr in RESTORING] + [
    ("unshuffle", fer) for fer in FER if fer != "residual"
]
FACES_PX = torch.tensor([8.0, 16.0, 24.0, 48.0])


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> tuple[FaceSet, FaceSet]:
    """Training and validation faces of the toy data."""
    path = write_toy_data(tmp_path_factory.mktemp("data") / "toy.npz")
    return load_faces(path, "training"), load_faces(path, "validation")


def shrink(originals: Tensor) -> Tensor:
    """Faces of 12 px, enlarged to 48 again."""
    small = functional.interpolate(originals, scale_factor=0.25, mode="area")
    return functional.interpolate(small, scale_factor=4.0, mode="bicubic").clamp(0, 1)


def fit(network: Cascade, faces: FaceSet, steps: int) -> tuple[list[float], list[float]]:
    """Learn four faces by heart, each network by its own loss, without dropout.

    Gives the losses of each step.
    """
    network.train()
    for module in network.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    originals, votes = faces.images[:4].float() / 255, faces.votes[:4]
    degraded, native_px = shrink(originals), torch.full((4,), 12.0)
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-4)
    expression_losses, pixel_losses = [], []
    for _ in range(steps):
        restored = degraded + network.sr(degraded, native_px)
        expression = soft_cross_entropy(network.fer(restored.detach(), native_px), votes)
        pixels = charbonnier(restored, originals)
        optimizer.zero_grad()
        torch.autograd.backward(expression + 16 * pixels)
        optimizer.step()
        expression_losses.append(float(expression.detach()))
        pixel_losses.append(float(pixels.detach()))
    return expression_losses, pixel_losses


def start_tail(network: nn.Module) -> None:
    """Let the residual of a fresh network be other than zero."""
    nn.init.normal_(network.get_parameter("tail.weight"), std=0.05)


@pytest.mark.parametrize("name", RESTORING)
def test_super_resolution_uses_the_native_size(name: str) -> None:
    torch.manual_seed(0)
    network = SR[name]()
    start_tail(network)
    faces = torch.rand(2, 1, 48, 48)
    small, large = (network(faces, torch.full((2,), size)) for size in (8.0, 48.0))
    assert small.shape == (2, 1, 48, 48)
    assert not torch.allclose(small, large, atol=1e-4)


@pytest.mark.parametrize("name", RESTORING)
def test_super_resolution_does_not_mind_the_brightness(name: str) -> None:
    torch.manual_seed(0)
    network = SR[name]()
    start_tail(network)
    faces = torch.rand(2, 1, 48, 48) / 2
    size = torch.full((2,), 12.0)
    assert torch.allclose(network(faces, size), network(faces + 0.4, size), atol=1e-5)


@pytest.mark.parametrize(("sr", "fer"), EACH_ONCE)
def test_gradient_reaches_every_parameter(sr: str, fer: str) -> None:
    torch.manual_seed(1)
    network = build_cascade(sr, fer)
    start_tail(network.sr)
    out = network(torch.rand(4, 1, 48, 48), FACES_PX, torch.ones(4))
    torch.autograd.backward(out.logits.square().sum() + out.restored.square().sum())
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().max()) > 0, name


@pytest.mark.parametrize(("sr", "fer"), EACH_ONCE)
def test_it_learns_and_folding_changes_nothing(
    sr: str, fer: str, toy: tuple[FaceSet, FaceSet]
) -> None:
    torch.manual_seed(2)
    network = build_cascade(sr, fer)
    expression, pixels = fit(network, toy[0], steps=12)
    assert expression[-1] < 0.6 * expression[0]
    assert pixels[-1] < 0.97 * pixels[0]
    network.eval()
    folded = fold(network)
    left = [
        m for m in folded.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d | Foldable)
    ]
    assert not left
    faces = torch.rand(4, 1, 48, 48)
    with torch.no_grad():
        expected = network(faces, FACES_PX, torch.ones(4))
        found = folded(faces, FACES_PX, torch.ones(4))
    assert float((expected.restored - faces).abs().max()) > 1e-4  # it does restore something
    assert torch.allclose(expected.restored, found.restored, rtol=0, atol=1e-5)
    assert torch.allclose(expected.logits, found.logits, rtol=1e-5, atol=1e-5)


def edge_branches(kernel: EdgeKernel, features: Tensor) -> Tensor:
    """Each branch of the edge-oriented block by itself."""
    out = functional.conv2d(features, kernel.direct, padding=1)
    wide = functional.conv2d(features, kernel.widen[:, :, None, None])
    out = out + functional.conv2d(wide, kernel.narrow, padding=1)
    for mix, strength, weights in zip(kernel.mix, kernel.strength, EDGE_FILTERS, strict=True):
        mixed = functional.conv2d(features, mix[:, :, None, None])
        edges = torch.tensor(weights).expand(len(mix), 1, 3, 3)
        found = functional.conv2d(mixed, edges, padding=1, groups=len(mix))
        out = out + strength[:, None, None] * found
    return out


def product_branches(kernel: ProductKernel, features: Tensor) -> Tensor:
    """Each branch of SPAN's convolution by itself."""
    out = functional.conv2d(features, kernel.widen[:, :, None, None])
    out = functional.conv2d(out, kernel.spatial, padding=1)
    out = functional.conv2d(out, kernel.narrow[:, :, None, None])
    return out + functional.conv2d(features, kernel.skip[:, :, None, None])


def assert_merged(kernel: nn.Module, features: Tensor, expected: Tensor) -> None:
    """The block and its fold give the sum of the branches and one bias."""
    block = MergedConv(kernel, expected.shape[1])
    nn.init.normal_(block.bias)
    expected = expected + block.bias[:, None, None]
    assert torch.allclose(block(features), expected, rtol=1e-5, atol=1e-5)
    assert torch.allclose(block.folded()(features), expected, rtol=1e-5, atol=1e-5)


def test_an_edge_block_is_the_sum_of_its_branches_borders_included() -> None:
    torch.manual_seed(3)
    kernel, features = EdgeKernel(5, 6), torch.randn(2, 5, 9, 7)
    nn.init.normal_(kernel.strength)
    assert_merged(kernel, features, edge_branches(kernel, features))


def test_a_product_block_is_the_sum_of_its_branches_borders_included() -> None:
    torch.manual_seed(3)
    kernel, features = ProductKernel(5, 6), torch.randn(2, 5, 9, 7)
    assert_merged(kernel, features, product_branches(kernel, features))


@pytest.mark.parametrize(("sr", "fer"), DEPLOYABLE)
def test_deployable_pairs_keep_the_budget(sr: str, fer: str) -> None:
    folded = fold(build_cascade(sr, fer))
    assert count_macs(folded) <= 60e6
    assert sum(value.numel() for value in folded.parameters()) <= 3e6


def test_macs_of_a_transposed_convolution() -> None:
    network = build_cascade("fsrcnn", "residual")
    before = count_macs(network)
    tail = nn.ConvTranspose2d(56, 1, 2, stride=2)
    network.sr.tail = tail
    assert before - count_macs(network) == 24 * 24 * 56 * (9 * 9 - 2 * 2)


@pytest.mark.parametrize(
    ("sr", "fer"), [("ecbsr", "residual"), ("fsrcnn", "residual"), ("span", "residual")]
)
def test_an_exported_model_gives_what_torch_gives(
    sr: str, fer: str, toy: tuple[FaceSet, FaceSet], tmp_path: Path
) -> None:
    torch.manual_seed(6)
    network = build_cascade(sr, fer)
    fit(network, toy[0], steps=3)
    exported = export_model(
        network.eval(),
        toy[1],
        Provenance(name="toy", version="1", recipe="none", training_data="toys"),
    )
    (tmp_path / "toy.onnx").write_bytes(exported.data)
    faces = toy[1].images
    readings = srfer.load(tmp_path / "toy.onnx").classify(list(faces[:, 0].numpy()))
    with torch.no_grad():
        out = network(faces.float() / 255, torch.full((len(faces),), 48.0), torch.ones(len(faces)))
    temperature = exported.spec.temperature.at(48)
    expected = functional.softmax(out.logits / temperature, dim=1).numpy()
    found = np.stack([reading.probabilities for reading in readings])
    assert np.abs(found - expected).max() < 5e-3  # weights are stored in half precision
    restored = np.stack([reading.restored for reading in readings if reading.restored is not None])
    assert np.abs(restored / 255 - out.restored[:, 0].clamp(0, 1).numpy()).max() < 0.01
