"""The one door to all degradations that systems are compared under."""

from __future__ import annotations

from typing import get_args

import pytest
import torch

from srfer.training.degradations import DegradationKind, degrade_for_test, enlarge, reduce

from .pictures import smooth_faces

KINDS: tuple[DegradationKind, ...] = get_args(DegradationKind)


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    return smooth_faces(70)  # more than one clip of D5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [48, 24, 16, 12, 10, 8])
def test_faces_are_of_48_px_and_8_bits(
    faces: torch.Tensor, kind: DegradationKind, size: int
) -> None:
    before = faces.clone()
    out = degrade_for_test(faces, size, kind, 3)
    assert out.shape == (70, 1, 48, 48)
    assert out.dtype == torch.float32
    assert 0 <= float(out.min()) <= float(out.max()) <= 1
    assert torch.equal((out * 255).round() / 255, out)
    assert torch.equal(faces, before)


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_faces(faces: torch.Tensor, kind: DegradationKind) -> None:
    first = degrade_for_test(faces, 16, kind, 3)
    torch.manual_seed(99)
    state = torch.get_rng_state()
    degrade_for_test(faces[:5], 12, kind, 8)
    assert torch.equal(degrade_for_test(faces, 16, kind, 3), first)
    assert torch.equal(torch.get_rng_state(), state)
    other = degrade_for_test(faces, 16, kind, 4)
    assert torch.equal(first, other) == (kind == "D1")


@pytest.mark.parametrize("kind", KINDS)
def test_a_face_does_not_depend_on_those_after_it(
    faces: torch.Tensor, kind: DegradationKind
) -> None:
    count = 64 if kind == "D5" else 7
    together = degrade_for_test(faces, 12, kind, 3)
    assert torch.equal(degrade_for_test(faces[:count], 12, kind, 3), together[:count])


@pytest.mark.parametrize("kind", ["D1", "D2", "D3", "D4"])
def test_a_face_does_not_depend_on_those_before_it(
    faces: torch.Tensor, kind: DegradationKind
) -> None:
    changed = faces.clone()
    changed[:4] = 1 - changed[:4]
    together = degrade_for_test(faces[:7], 12, kind, 3)
    assert torch.equal(degrade_for_test(changed[:7], 12, kind, 3)[4:], together[4:])


@pytest.mark.parametrize("kind", ["D2", "D3", "D4"])
def test_each_face_has_its_own_strength(faces: torch.Tensor, kind: DegradationKind) -> None:
    out = degrade_for_test(faces[:1].repeat(30, 1, 1, 1), 12, kind, 3)
    # Blurs too narrow to be seen give the same 8 bits.
    assert len(torch.unique(out.flatten(1), dim=0)) >= 25


@pytest.mark.parametrize("size", [48, 24, 8])
def test_d1_is_reduction_and_enlargement(faces: torch.Tensor, size: int) -> None:
    assert torch.equal(degrade_for_test(faces, size, "D1", 0), enlarge(reduce(faces, size)))


@pytest.mark.parametrize("kind", ["D2", "D3", "D4", "D5"])
@pytest.mark.parametrize("size", [24, 16, 12])
def test_others_lose_more_than_d1_but_not_the_face(
    faces: torch.Tensor, kind: DegradationKind, size: int
) -> None:
    small = degrade_for_test(faces, size, "D1", 0)
    out = degrade_for_test(faces, size, kind, 3)
    assert _error(out, faces) > _error(small, faces)
    alike = [
        float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1])
        for a, b in zip(out, small, strict=True)
    ]
    assert sum(alike) / len(alike) > 0.7


def _error(images: torch.Tensor, faces: torch.Tensor) -> float:
    return float(((images - faces) ** 2).mean())
