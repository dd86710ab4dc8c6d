"""An export spread over machines by Ray: what one node does, and what is asked of all of them."""

from __future__ import annotations

from .connecting import Cluster
from .recipe import ModelRecipe, Recipe
from .spreading import export_on_cluster

__all__ = ["Cluster", "ModelRecipe", "Recipe", "export_on_cluster"]
