"""Who goes first where there are too few processors for all."""

from __future__ import annotations

import os
import sys

NICENESS = 5
"""Of the threads that analyse, above the window's."""


def step_back() -> None:
    """Have the window's thread go before this one, and before those that this one starts."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        os.nice(NICENESS)
