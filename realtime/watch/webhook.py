"""Reports to an HTTP server, some at a time."""

from __future__ import annotations

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from typing import Self

import httpx

from srfer import __version__
from srfer.errors import ConfigError

from ..channel import Channel, ChannelClosed, WhenFull
from .address import parse_address
from .outlet import Notify, OutletStats
from .reports import Report

SCHEMES = ("http", "https")

QUEUED = 1000
"""Most reports that wait for the next request; older ones are dropped."""
PER_REQUEST = 200
"""Most reports in one request."""
TIMEOUT_S = 5.0
"""For connecting, for sending and for each part of the answer."""
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 30.0
"""Waits between attempts: doubled each time, and up to a fifth longer by chance."""
FLUSH_S = 1.5

_MAY_PASS = frozenset({408, 425, 429})
"""Refusals that a later attempt may not meet."""


class _Answer(Enum):
    TAKEN = "taken"
    AGAIN = "again"
    REFUSED = "refused"


class WebhookOutlet:
    """POSTs reports as JSON arrays, in a thread of its own, and never makes a stream wait.

    A server that does not answer or is in trouble is asked again, later and later; meanwhile the
    newest reports are kept. What it refuses (4xx, and redirects, which are not followed) is lost.
    After a time-out the server may get the same reports again.

    Args:
        url: "http://..." or "https://...", with "user:password@" for basic authentication.
        every_s: shortest time between two requests that follow each other well, in seconds.
        notify: told of trouble, and of its end.
        clock: monotonic seconds.
        chance: gives the jitter of waits.

    Raises:
        ConfigError: if the address or the time cannot be used.
    """

    name = "webhook"

    def __init__(
        self,
        url: str,
        *,
        every_s: float = 1.0,
        notify: Notify,
        clock: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        if not 0 <= every_s <= 3600:
            raise ConfigError(f"a webhook is called every 0 to 3600 seconds, not {every_s:g}")
        address = parse_address(url, SCHEMES, self.name)
        self._title = f"webhook: {address.display}"
        self._url = address.url
        self._every_s = every_s
        self._notify = notify
        self._clock = clock
        self._chance = chance or random.Random()
        self._queue = Channel[Report](QUEUED, WhenFull.NEWEST)
        self._changed = threading.Condition()  # guards all that follows
        self._trouble = ""
        self._is_closing = False
        self._deadline_s = float("inf")
        self._sent = self._dropped = 0
        self._thread = threading.Thread(target=self._work, name="watch:webhook", daemon=True)

    def __enter__(self) -> Self:
        logging.getLogger("httpx").addFilter(self._is_foreign)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.hurry(min(self._deadline_s, self._clock() + FLUSH_S))
        self._queue.close()
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        self._thread.join(max(0.0, self._deadline_s - self._clock()))
        if not self._thread.is_alive():
            logging.getLogger("httpx").removeFilter(self._is_foreign)
        dropped = self.stats().dropped
        if dropped:
            self._notify(f"{self._title}: {dropped} report(s) were dropped")

    def send(self, report: Report) -> None:
        """Queue a report; the oldest one in the queue is dropped where there is no room."""
        try:
            dropped = self._queue.put(report)
        except ChannelClosed:
            dropped = 1
        self._count(dropped=dropped)

    def hurry(self, deadline_s: float) -> None:
        """Have done by this monotonic second."""
        with self._changed:
            self._deadline_s = deadline_s
            self._changed.notify_all()

    def stats(self) -> OutletStats:
        """What it has done so far."""
        with self._changed:
            return OutletStats(self.name, self._sent, self._dropped, not self._trouble)

    def _is_foreign(self, record: logging.LogRecord) -> bool:
        """False for what httpx logs of our requests: it holds the whole address."""
        return record.thread != self._thread.ident

    # In a thread of ours:

    def _work(self) -> None:
        batch: list[Report] = []
        delay_s = FIRST_DELAY_S
        # No proxies and no passwords from the environment: only the named server is contacted.
        with httpx.Client(
            verify=ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            headers={"Content-Type": "application/json", "User-Agent": f"srfer/{__version__}"},
        ) as client:
            while self._fill(batch):
                answer = self._post(client, batch)
                if answer is _Answer.AGAIN:
                    self._wait(delay_s * self._chance.uniform(1.0, 1.2), is_patient=True)
                    delay_s = min(2 * delay_s, LONGEST_DELAY_S)
                    continue
                is_taken = answer is _Answer.TAKEN
                self._count(sent=len(batch) * is_taken, dropped=len(batch) * (not is_taken))
                batch.clear()
                delay_s = FIRST_DELAY_S
                self._wait(self._every_s, is_patient=False)
        self._count(dropped=len(batch) + self._queue.abort())

    def _fill(self, batch: list[Report]) -> bool:
        """Add what is queued, but wait only for the first; False if there is nothing to send."""
        if self._clock() >= self._deadline_s:
            return False
        try:
            while len(batch) < PER_REQUEST:
                batch.append(self._queue.get(0 if batch else None).item)
        except (TimeoutError, ChannelClosed):
            pass
        return bool(batch)

    def _wait(self, wait_s: float, *, is_patient: bool) -> None:
        """Wait. The end cuts that short, but leaves time between attempts that fail."""
        with self._changed:
            left_s = self._deadline_s - self._clock()
            if not self._is_closing:
                self._changed.wait_for(lambda: self._is_closing, min(wait_s, left_s))
            elif is_patient and left_s > 0:
                self._changed.wait(min(FIRST_DELAY_S, left_s))

    def _post(self, client: httpx.Client, batch: list[Report]) -> _Answer:
        body = f"[{','.join(report.line for report in batch)}]".encode("ascii")
        timeout_s = max(0.05, min(TIMEOUT_S, self._deadline_s - self._clock()))
        try:
            status = client.post(self._url, content=body, timeout=timeout_s).status_code
        except httpx.TimeoutException:
            return self._complain(f"no answer within {timeout_s:.1f} s", _Answer.AGAIN)
        except (httpx.HTTPError, httpx.InvalidURL, OSError):  # what they say may hold the address
            return self._complain("cannot be reached", _Answer.AGAIN)
        if 200 <= status < 300:
            self._complain("", _Answer.TAKEN)
            return _Answer.TAKEN
        if status >= 500 or status in _MAY_PASS:
            return self._complain(f"answers with HTTP {status}", _Answer.AGAIN)
        if 300 <= status < 400:
            redirect = f"answers with a redirect (HTTP {status}), which is not followed"
            return self._complain(redirect, _Answer.REFUSED)
        return self._complain(f"refuses reports (HTTP {status})", _Answer.REFUSED)

    def _complain(self, trouble: str, answer: _Answer) -> _Answer:
        """Say what is wrong, once until it changes; "" where nothing is any more."""
        with self._changed:
            before, self._trouble = self._trouble, trouble
        if trouble and trouble != before:
            more = "trying again" if answer is _Answer.AGAIN else "they are dropped"
            self._notify(f"{self._title}: {trouble}; {more}")
        elif before and not trouble:
            self._notify(f"{self._title}: takes reports again")
        return answer

    def _count(self, *, sent: int = 0, dropped: int = 0) -> None:
        with self._changed:
            self._sent += sent
            self._dropped += dropped
