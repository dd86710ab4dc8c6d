"""Errors that may be kept without keeping what they passed through."""

from __future__ import annotations

import traceback


def clear_tracebacks(error: BaseException) -> None:
    """Clear the variables of all finished functions that an error and its causes passed."""
    pending: list[BaseException | None] = [error]
    seen: set[int] = set()
    while pending:
        one = pending.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            traceback.clear_frames(one.__traceback__)
            pending += [one.__cause__, one.__context__]
