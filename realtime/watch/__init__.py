"""Watching streams without a window: reports on stdout, to MQTT, to webhooks, and metrics.

`mqtt`, `webhook` and `metrics` need the extra srfer[watch] and are imported by whoever uses them.
"""

from __future__ import annotations

from .lines import LineWriter
from .opening import choose
from .outlet import Feed, Hub, Outlet, OutletStats
from .reports import Report
from .watching import Watch, WatchOptions, WatchSummary

__all__ = [
    "Feed",
    "Hub",
    "LineWriter",
    "Outlet",
    "OutletStats",
    "Report",
    "Watch",
    "WatchOptions",
    "WatchSummary",
    "choose",
]
