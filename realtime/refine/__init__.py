"""Results that know what comes later in the video: two passes over a file."""

from __future__ import annotations

from .passes import PASSES, Passes, refined
from .rows import Kept
from .searching import SecondLook
from .settings import Refinement

__all__ = ["PASSES", "Kept", "Passes", "Refinement", "SecondLook", "refined"]
