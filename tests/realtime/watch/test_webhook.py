"""Reports to a real HTTP server: good, slow, in trouble, away, and back again."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

import pytest

from srfer.errors import ConfigError
from srfer.realtime.watch.reports import Report
from srfer.realtime.watch.webhook import PER_REQUEST, QUEUED, WebhookOutlet
from tests.realtime.watch.servers import Receiver, Told, free_port, let_threads_end
from tests.synthetic import is_set_in_time

pytestmark = pytest.mark.usefixtures("threads_are_checked")


def send(outlet: WebhookOutlet, count: int, begin: int = 0) -> None:
    for number in range(begin, begin + count):
        outlet.send(Report({"source": "door", "frame": number, "faces": []}))


def numbers(receiver: Receiver) -> list[Any]:
    return [record["frame"] for record in receiver.records]


def test_reports_arrive_in_order_some_at_a_time() -> None:
    told = Told()
    with Receiver() as receiver:
        with WebhookOutlet(receiver.url, every_s=60, notify=told) as outlet:
            send(outlet, 1)
            receiver.wait_for(1)
            send(outlet, 450, begin=1)  # the rest when it ends, long before the minute is over
        assert numbers(receiver) == list(range(451))
        assert [len(body) for body in receiver.bodies] == [1, PER_REQUEST, PER_REQUEST, 50]
        path, headers = receiver.requests[0]
        assert path == "/hook"
        assert headers["Content-Type"] == "application/json"
    assert (outlet.stats().sent, outlet.stats().dropped) == (451, 0)
    assert told.lines == []


def test_a_server_in_trouble_is_asked_again_and_nothing_is_lost() -> None:
    told = Told()
    with Receiver(answers=(500, 429, 200)) as receiver:
        with WebhookOutlet(receiver.url, every_s=0, notify=told) as outlet:
            send(outlet, 10)
            receiver.wait_for(10)
        assert numbers(receiver) == list(range(10))
        assert len(receiver.requests) == 3
    assert outlet.stats().dropped == 0
    title = f"webhook: http://127.0.0.1:{receiver.port}"
    assert told.lines == [
        f"{title}: answers with HTTP 500; trying again",
        f"{title}: answers with HTTP 429; trying again",
        f"{title}: takes reports again",
    ]


def test_a_server_that_is_away_gets_the_newest_when_it_is_back() -> None:
    told, port = Told(), free_port()
    with WebhookOutlet(f"http://127.0.0.1:{port}/", every_s=0, notify=told) as outlet:
        send(outlet, 1)
        told.wait_for("cannot be reached; trying again")
        began_s = time.monotonic()
        send(outlet, QUEUED + 300, begin=1)
        assert time.monotonic() - began_s < 1
        with Receiver(port) as receiver:
            receiver.until(lambda: QUEUED + 300 in numbers(receiver))
            found = numbers(receiver)
    assert found == sorted(set(found))
    assert outlet.stats().sent == len(found)
    assert outlet.stats().dropped == QUEUED + 301 - len(found) > 0
    assert told.lines[-1].endswith("report(s) were dropped")


def test_the_end_asks_once_more_instead_of_waiting_for_its_turn() -> None:
    told = Told()
    with Receiver(answers=(500, 500, 500, 204)) as receiver:
        with WebhookOutlet(receiver.url, notify=told) as outlet:
            send(outlet, 3)
            receiver.until(lambda: len(receiver.requests) == 3)  # its turn is 2 s from now
            outlet.hurry(time.monotonic() + 1.5)
        assert numbers(receiver) == [0, 1, 2]
    assert outlet.stats().dropped == 0


def test_a_server_that_never_answers_holds_nobody_up() -> None:
    told, go = Told(), threading.Event()
    with Receiver(before=lambda: is_set_in_time(go)) as receiver:
        with WebhookOutlet(receiver.url, notify=told) as outlet:
            send(outlet, 30)
            receiver.until(lambda: len(receiver.requests) > 0)
            began_s = time.monotonic()
            outlet.hurry(began_s + 0.5)
        assert time.monotonic() - began_s < 2
        go.set()
    # The request under way has its own time limit, 5 s; it is not waited for.
    let_threads_end()
    assert outlet.stats().sent + outlet.stats().dropped == 30


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "refuses reports (HTTP 403)"), (302, "redirect (HTTP 302), which is not followed")],
)
def test_what_is_refused_is_dropped_and_no_redirect_is_followed(status: int, words: str) -> None:
    told = Told()
    with Receiver() as elsewhere, Receiver(answers=(status,), location=elsewhere.url) as receiver:
        with WebhookOutlet(receiver.url, notify=told) as outlet:
            send(outlet, 5)
        assert len(receiver.requests) >= 1
        assert elsewhere.requests == []
    assert (outlet.stats().sent, outlet.stats().dropped) == (0, 5)
    assert words in told.lines[0]


def test_what_is_secret_in_an_address_is_never_shown(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")  # would lead nowhere
    told = Told()
    with Receiver(answers=(500, 403, 200)) as receiver:
        address = f"127.0.0.1:{receiver.port}/canary/path?token=canary"
        with WebhookOutlet(f"http://me:canary@{address}", every_s=0, notify=told) as outlet:
            send(outlet, 1)
            told.wait_for("HTTP 403")
            send(outlet, 1)
            receiver.wait_for(1)
        path, headers = receiver.requests[0]
        assert path == "/canary/path?token=canary"
        assert headers["Authorization"] == "Basic bWU6Y2FuYXJ5"
    assert "canary" not in "\n".join(told.lines) + caplog.text + repr(outlet)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://host/canary", "begin with http:// or https://"),
        ("file:///canary", "begin with http:// or https://"),
        ("canary", "begin with http:// or https://"),
        ("http://", "host is missing"),
        ("http://me:p@canary@host", "where the password ends"),
        ("http://me:p/canary@host", "where the password ends"),
        ("http://host:canary", "impossible"),
    ],
)
def test_addresses_that_cannot_be_used(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as raised:
        WebhookOutlet(url, notify=Told())
    assert "canary" not in str(raised.value)


def test_impossible_times_are_refused() -> None:
    with pytest.raises(ConfigError, match="every 0 to 3600 seconds"):
        WebhookOutlet("http://host", every_s=-1, notify=Told())
