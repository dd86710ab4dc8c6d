"""A real MQTT broker and a real HTTP server on loopback, for tests of what is sent."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from tests.synthetic import HANG_S


def _program(name: str) -> str:
    """Where a program of mosquitto is; without it the test is skipped, or fails in CI."""
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if path is None:
        reason = f"no {name} here: sh scripts/system_libraries.sh python tests"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def let_threads_end() -> None:
    """Wait for threads that nobody waits for where there is little time."""
    for thread in threading.enumerate():
        if thread.name.startswith(("watch:", "paho")):
            thread.join(HANG_S)


class Waiter:
    """Lets a test wait until something is so, instead of sleeping."""

    def __init__(self) -> None:
        self._changed = threading.Condition()

    def change(self, action: Callable[[], object]) -> None:
        with self._changed:
            action()
            self._changed.notify_all()

    def until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, HANG_S), "it never came"


class Told(Waiter):
    """What people were told."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def __call__(self, line: str) -> None:
        self.change(lambda: self.lines.append(line))

    def wait_for(self, text: str) -> None:
        self.until(lambda: any(text in line for line in self.lines))


class Broker:
    """mosquitto in a process of its own.

    Args:
        folder: for its configuration.
        port: on loopback; any that is free if None.
        login: user and password that it asks for, or None.
        certificate: files of certificate and key for TLS, or None.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        login: tuple[str, str] | None = None,
        certificate: tuple[Path, Path] | None = None,
    ) -> None:
        self.port = port or free_port()
        lines = [f"listener {self.port} 127.0.0.1", "log_dest stderr", "user root"]
        lines += ["persistence false", f"allow_anonymous {str(login is None).lower()}"]
        if login is not None:
            file = folder / "passwords"
            command = [_program("mosquitto_passwd"), "-c", "-b", str(file), *login]
            subprocess.run(command, check=True, capture_output=True)
            lines.append(f"password_file {file}")
        if certificate is not None:
            lines += [f"certfile {certificate[0]}", f"keyfile {certificate[1]}"]
        self._config = folder / f"broker-{self.port}.conf"
        self._config.write_text("\n".join(lines) + "\n")

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [_program("mosquitto"), "-c", str(self._config)], stderr=subprocess.PIPE, text=True
        )
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if " running" in line:
                break
        else:
            pytest.fail("mosquitto did not start")
        # Or it would wait for somebody to read what it has to say.
        self._drain = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._drain.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait(HANG_S)
        self._drain.join(HANG_S)
        assert self._process.stderr is not None
        self._process.stderr.close()


class Subscriber(Waiter):
    """Hears everything that a broker is told."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.heard: list[tuple[str, str, bool]] = []
        self._port = port
        self._ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2)
        self._client.on_connect = lambda client, *_: client.subscribe("#")
        self._client.on_message = self._on_message
        self._client.on_subscribe = lambda *_: self._ready.set()

    def __enter__(self) -> Self:
        self._client.connect("127.0.0.1", self._port)
        self._client.loop_start()
        assert self._ready.wait(HANG_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def on(self, topic: str) -> list[str]:
        return [payload for name, payload, _ in self.heard if name == topic]

    def wait_for(self, topic: str, payload: str | None = None) -> None:
        """Wait until something (or just this) is the last that was heard on a topic."""
        self.until(lambda: bool(self.on(topic)) and payload in (None, self.on(topic)[-1]))

    def _on_message(self, _client: Client, _data: Any, message: MQTTMessage) -> None:
        heard = (message.topic, message.payload.decode(), message.retain)
        self.change(lambda: self.heard.append(heard))


class Receiver(Waiter):
    """An HTTP server that keeps what is posted to it.

    Args:
        port: on loopback; any that is free if 0.
        answers: statuses to give, one after the other; the last one for ever.
        before: called before each answer; may wait.
        location: where redirects point.

    Attributes:
        bodies: what was posted and answered with 2xx.
        requests: paths and headers of all requests.
    """

    def __init__(
        self,
        port: int = 0,
        answers: Sequence[int] = (204,),
        before: Callable[[], None] = lambda: None,
        location: str = "",
    ) -> None:
        super().__init__()
        self.bodies: list[list[dict[str, Any]]] = []
        self.requests: list[tuple[str, dict[str, str]]] = []
        receiver, left = self, list(answers)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                request = self.path, dict(self.headers)
                receiver.change(lambda: receiver.requests.append(request))
                before()
                status = left.pop(0) if len(left) > 1 else left[0]
                if 200 <= status < 300:
                    receiver.change(lambda: receiver.bodies.append(json.loads(body)))
                self.send_response(status)
                if location:
                    self.send_header("Location", location)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = False  # so that closing waits for the answers under way

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # the client went away, as some tests want it

        self._server = Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for body in self.bodies for record in body]

    def wait_for(self, count: int) -> None:
        self.until(lambda: len(self.records) >= count)
