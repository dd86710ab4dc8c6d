"""A way out that keeps everything."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from srfer.realtime.watch import OutletStats, Report
from tests.realtime.watch.servers import Waiter


class Keeping(Waiter):
    """Keeps the records it is given.

    Attributes:
        deadlines: what it was hurried to.
    """

    name = "keeping"

    def __init__(self) -> None:
        super().__init__()
        self.records: list[dict[str, Any]] = []
        self.deadlines: list[float] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        pass

    def send(self, report: Report) -> None:
        self.change(lambda: self.records.append(dict(report.record)))

    def hurry(self, deadline_s: float) -> None:
        self.deadlines.append(deadline_s)

    def stats(self) -> OutletStats:
        return OutletStats(self.name, len(self.records), 0, True)

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record.get("event") == kind]

    def frames(self, source: str) -> list[dict[str, Any]]:
        return [one for one in self.records if "event" not in one and one["source"] == source]
