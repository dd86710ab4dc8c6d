"""Reports over a real broker: what arrives, what is kept, and what happens without it."""

from __future__ import annotations

import gc
import json
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from srfer.errors import ConfigError
from srfer.realtime.watch.mqtt import QUEUED, MqttOutlet
from srfer.realtime.watch.reports import Report
from tests.faults.servers import eventually
from tests.realtime.watch.servers import Broker, Subscriber, Told, free_port, let_threads_end

pytestmark = pytest.mark.usefixtures("threads_are_checked")

CANARY = "pa:ss@wo%rd-canary"
ENCODED = "pa%3Ass%40wo%25rd-canary"


def frame(number: int, source: str = "door") -> Report:
    return Report({"source": source, "frame": number, "faces": []})


def state(name: str, source: str = "door") -> Report:
    return Report({"event": "source", "source": source, "state": name})


def numbers(payloads: list[str]) -> list[int]:
    return [json.loads(payload)["frame"] for payload in payloads]


def states(subscriber: Subscriber) -> list[Any]:
    return [json.loads(payload)["state"] for payload in subscriber.on("home/door/state")]


def test_frames_and_states_arrive_under_their_topics(tmp_path: Path) -> None:
    told = Told()
    with Broker(tmp_path) as broker, Subscriber(broker.port) as subscriber:
        with MqttOutlet(f"mqtt://127.0.0.1:{broker.port}/home", notify=told) as outlet:
            outlet.send(state("live"))
            for number in range(50):
                outlet.send(frame(number))
            outlet.send(Report({"event": "effort", "source": "door", "effort": "least"}))
            outlet.send(frame(0, source="a/b+c#d"))
            subscriber.wait_for("home/a_b_c_d/faces")
        subscriber.wait_for("home/state", "offline")
        assert numbers(subscriber.on("home/door/faces")) == list(range(50))
        assert states(subscriber)[-1] == "live"
        assert subscriber.on("home/state") == ["online", "offline"]
        assert (outlet.stats().sent, outlet.stats().dropped) == (53, 0)
        with Subscriber(broker.port) as late:  # finds how things are, and no old faces
            late.wait_for("home/state", "offline")
            late.wait_for("home/door/effort")
            late.wait_for("home/door/state")
            assert {topic for topic, _, is_retained in late.heard if is_retained} == {
                "home/state",
                "home/door/state",
                "home/door/effort",
            }
            assert late.on("home/door/faces") == []
    assert told.lines == [f"mqtt: mqtt://127.0.0.1:{broker.port}: connected"]


def test_a_broker_that_comes_back_hears_of_the_present(tmp_path: Path) -> None:
    told = Told()
    with Broker(tmp_path) as broker:
        outlet = MqttOutlet(f"mqtt://127.0.0.1:{broker.port}/home", notify=told)
        outlet.__enter__()
        told.wait_for("connected")
        outlet.send(state("live"))
        eventually(lambda: outlet.stats().sent == 1)
    told.wait_for("the connection is lost; trying again")
    began_s = time.monotonic()
    outlet.send(state("lost"))
    for number in range(QUEUED + 200):
        outlet.send(frame(number))
    assert time.monotonic() - began_s < 1  # nobody waited for the broker
    with Broker(tmp_path, broker.port), Subscriber(broker.port) as subscriber:
        newest = frame(QUEUED + 199).line
        subscriber.wait_for("home/door/faces", newest)
        outlet.__exit__(None, None, None)
        found = numbers(subscriber.on("home/door/faces"))
        assert states(subscriber) == ["lost"]
        subscriber.wait_for("home/state", "offline")
    # One may have been under way when the connection broke.
    assert found in [list(range(200 + lost, QUEUED + 200)) for lost in (0, 1)]
    assert outlet.stats().dropped == QUEUED + 201 - len(found)  # with the state before them
    assert told.lines[-1].endswith("report(s) were dropped")


def test_nobody_waits_for_a_broker_that_is_not_there() -> None:
    told = Told()
    with MqttOutlet(f"mqtt://127.0.0.1:{free_port()}", notify=told) as outlet:
        for number in range(QUEUED + 100):
            outlet.send(frame(number))
        told.wait_for("cannot be reached; trying again")
        outlet.hurry(time.monotonic() + 0.3)
    let_threads_end()
    assert (outlet.stats().sent, outlet.stats().dropped) == (0, QUEUED + 100)
    assert not outlet.stats().is_connected


def test_a_broker_that_does_not_read_holds_nobody_up() -> None:
    told = Told()
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"mqtt://127.0.0.1:{server.getsockname()[1]}"
        with MqttOutlet(url, notify=told) as outlet:
            connection, _ = server.accept()
            connection.recv(1024)
            connection.sendall(b"\x20\x02\x00\x00")  # welcome, and not a word more
            told.wait_for("connected")
            began_s = time.monotonic()
            bulky = Report({"source": "door", "text": "x" * 100_000})
            for _ in range(QUEUED + 300):
                outlet.send(bulky)
            outlet.hurry(time.monotonic() + 0.3)
        assert time.monotonic() - began_s < 2
        connection.close()
    let_threads_end()
    assert outlet.stats().sent < 100
    assert outlet.stats().sent + outlet.stats().dropped == QUEUED + 300


def test_a_wrong_password_is_told_but_never_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = Told()
    with Broker(tmp_path, login=("me", "another")) as broker:
        url = f"mqtt://me:{ENCODED}@127.0.0.1:{broker.port}"
        with MqttOutlet(url, notify=told) as outlet:
            told.wait_for("refuses the connection (not authorized); trying again")
            outlet.hurry(time.monotonic())
    let_threads_end()
    assert_hidden("\n".join(told.lines) + repr(outlet) + caplog.text)


def test_the_right_password_is_taken_as_it_is_meant(tmp_path: Path) -> None:
    told = Told()
    with (
        Broker(tmp_path, login=("me", CANARY)) as broker,
        MqttOutlet(f"mqtt://me:{ENCODED}@127.0.0.1:{broker.port}", notify=told),
    ):
        told.wait_for("connected")
    assert_hidden("\n".join(told.lines))


@pytest.mark.filterwarnings("ignore:unclosed <ssl:ResourceWarning")  # the client leaves it to gc
def test_encryption_asks_for_a_certificate_that_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
    ]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*command, *names, *files], check=True, capture_output=True)
    with Broker(tmp_path, certificate=(certificate, key)) as broker:
        url = f"mqtts://127.0.0.1:{broker.port}"
        told = Told()
        with MqttOutlet(url, notify=told) as outlet:
            told.wait_for("cannot be reached; trying again")
            outlet.hurry(time.monotonic())
        let_threads_end()
        gc.collect()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with MqttOutlet(url, notify=told):
            told.wait_for("connected")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("broker", "begin with mqtt:// or mqtts://"),
        ("http://broker", "begin with mqtt:// or mqtts://"),
        ("mqtt://", "host is missing"),
        ("mqtt://broker:99999", "impossible"),
        (f"mqtt://me:{CANARY}@broker", "cannot be told where the password ends"),
        ("mqtt://me:wo#rd-canary@broker", "cannot be told where the password ends"),
        ("mqtt://me:wo?rd-canary@broker", "cannot be told where the password ends"),
        ("mqtt://me:wo rd-canary@broker", "percent-encoded"),
        ("mqtt://broker/a/+/b", "a topic holds no"),
        ("mqtt://broker/a?b", "a topic holds no"),
        (f"mqtt://{'a' * 70}.example", "host"),
    ],
)
def test_addresses_that_cannot_be_used(url: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as raised:
        MqttOutlet(url, notify=Told())
    assert_hidden(str(raised.value))


def assert_hidden(text: str) -> None:
    assert "canary" not in text
