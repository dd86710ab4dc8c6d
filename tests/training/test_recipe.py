"""Recipes: what is wrong with one is said in a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from srfer.errors import ConfigError
from srfer.training.recipe import RECIPES, load_recipe


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_recipes_load(path: Path) -> None:
    recipe = load_recipe(path.stem)
    assert 10 not in recipe.mix.sizes_px  # 10 px is only ever tested
    assert recipe.digest == load_recipe(str(path)).digest


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 1", "seeed = 1", "unknown key 'seeed' .did you mean 'seed'"),
        ("seed = 1", "", "missing seed"),
        ("seed = 1", "seed = ", "not valid TOML"),
        ("batch = 128", "batch = 0", "at least 1"),
        ('precision = "bf16"', 'precision = "fp8"', "fp32, bf16 or fp16"),
        ("[7, 8,", "[0, 8,", "sizes of 4 to 47"),
        ("full_size = 0.3", "fullsize = 0.3", "did you mean 'full_size'"),
        ("full_size = 0.3", "full_size = 7", "between 0 and 1"),
        ("noisy = 0.15", "noisy = 0.9", "not be more than 1"),
        ("[7, 8,", "[7.5, 8,", "list of whole numbers"),
        ("seed = 1", 'seed = "a"', "seed must be of type int"),
        ("seed = 1", "seed = true", "seed must be of type int"),
        ("learning_rate = 2e-3", "learning_rate = -1", "learning_rate must be positive"),
        ("bypass = 0.25", "bypass = 2", "bypass must lie between"),
        ('sr = "unshuffle"', "sr = 3", "sr must be of type str"),
        ("[mix]", "[other]", "missing sizes_px"),
    ],
)
def test_a_wrong_recipe_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (RECIPES / "base.toml").read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new))
    with pytest.raises(ConfigError, match=message):
        load_recipe(str(path))


def test_an_unknown_recipe_is_named_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"no recipe 'nope'.*base"):
        load_recipe("nope")


def test_the_digest_changes_with_any_value(tmp_path: Path) -> None:
    text = (RECIPES / "base.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("noisy = 0.15", "noisy = 0.16"))
    assert load_recipe(str(path)).digest != load_recipe("base").digest


def test_what_is_decided_at_export_leaves_checkpoints_usable() -> None:
    recipe = load_recipe("base")
    for name in ("logit_adjustment", "logit_adjustment_8px", "adjust_below", "start_share"):
        changed = load_recipe("base", **{name: 0.25})
        assert changed.digest != recipe.digest
        assert changed.run_digest == recipe.run_digest == recipe.digest
    assert load_recipe("base", bypass=0.1).run_digest != recipe.run_digest


def test_what_cannot_be_read_as_a_recipe_is_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_recipe(str(tmp_path / "folder.toml"))
    (tmp_path / "five.toml").write_text("mix = 5")
    with pytest.raises(ConfigError, match="must be a table"):
        load_recipe(str(tmp_path / "five.toml"))
