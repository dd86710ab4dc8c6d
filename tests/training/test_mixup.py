"""Faces blended with others, and their targets with them."""

from __future__ import annotations

import pytest
import torch

from srfer.errors import ConfigError
from srfer.training.mixup import draw_kept, mixup
from tests.training.toy import toy_recipe


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_share_that_is_asked_for_is_blended_and_keeps_at_least_half() -> None:
    kept = draw_kept(4000, 0.25, _generator())
    assert 0.22 < (kept < 1).float().mean() < 0.28
    assert 0.5 <= kept.min() < 0.52
    assert torch.equal(kept, draw_kept(4000, 0.25, _generator()))
    assert not torch.equal(kept, draw_kept(4000, 0.25, _generator(1)))


def test_faces_and_targets_are_blended_alike() -> None:
    faces = torch.rand(6, 1, 48, 48, generator=_generator())
    targets = torch.eye(8)[:6]
    kept = torch.tensor([1.0, 0.5, 0.75, 1.0, 0.6, 1.0])
    blended, votes = mixup(faces, kept), mixup(targets, kept)
    assert torch.equal(blended[0], faces[0])
    torch.testing.assert_close(blended[2], 0.75 * faces[2] + 0.25 * faces[1])
    assert votes[4].tolist() == pytest.approx([0, 0, 0, 0.4, 0.6, 0, 0, 0])
    torch.testing.assert_close(votes.sum(dim=1), torch.ones(6))


def test_nothing_changes_without_it() -> None:
    faces = torch.rand(5, 1, 48, 48, generator=_generator())
    assert torch.equal(mixup(faces, draw_kept(5, 0.0, _generator())), faces)


def test_recipes_without_it_keep_their_digest() -> None:
    assert toy_recipe(mixup=0.5).digest != toy_recipe().digest == toy_recipe(mixup=0.0).digest
    with pytest.raises(ConfigError, match="mixup must lie between 0 and 1"):
        toy_recipe(mixup=1.5)
