"""pyqtgraph, drawing without what leaks in PyQt. Import it from here."""

from __future__ import annotations

from functools import partial

import pyqtgraph
from pyqtgraph.Qt import internals

__all__ = ["pyqtgraph"]

# pyqtgraph keeps the lines that it draws in a `sip.array` and draws a slice of it, and PyQt6-sip
# (13.13) never frees such a slice: 72 bytes for every curve that is painted. With lists there is no
# slice of that kind, and they are drawn no slower.
internals.PrimitiveArray = partial(internals.PrimitiveArray, use_array=False)
