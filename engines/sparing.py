"""Super-resolution for the faces that want it, and no time spent on it for the others."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .contract import Arrays, Session
from .unrestored import GAIN


class SparingSession:
    """A model's graph, and what is left of it without super-resolution, each for its own faces.

    A batch that holds both kinds is divided.

    Args:
        whole: the graph.
        rest: the graph of `srfer.engines.unrestored.without_restoring`.
    """

    def __init__(self, whole: Session, rest: Session) -> None:
        self._whole, self._rest = whole, rest

    def run(self, feeds: Arrays) -> dict[str, NDArray[Any]]:
        """See `srfer.engines.contract.Session.run`."""
        is_restored = feeds[GAIN] != 0
        if is_restored.all():
            return self._whole.run(feeds)
        if not is_restored.any():
            return self._read(feeds)
        restored = self._whole.run({name: values[is_restored] for name, values in feeds.items()})
        plain = self._read({name: values[~is_restored] for name, values in feeds.items()})
        return {name: _merged(restored[name], plain[name], is_restored) for name in restored}

    def _read(self, feeds: Arrays) -> dict[str, NDArray[Any]]:
        return self._rest.run({name: values for name, values in feeds.items() if name != GAIN})


def _merged(
    chosen: NDArray[Any], others: NDArray[Any], is_chosen: NDArray[np.bool_]
) -> NDArray[Any]:
    merged = np.empty((len(is_chosen), *chosen.shape[1:]), chosen.dtype)
    merged[is_chosen], merged[~is_chosen] = chosen, others
    return merged
