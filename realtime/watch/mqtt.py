"""Reports to an MQTT broker."""

from __future__ import annotations

import re
import secrets
import ssl
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import unquote

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from srfer.errors import ConfigError

from ..channel import Channel, ChannelClosed, WhenFull
from .address import Address, parse_address
from .outlet import Notify, OutletStats
from .reports import Report

SCHEMES = ("mqtt", "mqtts")
PORTS = {"mqtt": 1883, "mqtts": 8883}
DEFAULT_PREFIX = "srfer"

QUEUED = 500
"""Most reports that wait for the broker; older ones are dropped."""
KEEPALIVE_S = 15
CONNECT_TIMEOUT_S = 5.0
LONGEST_DELAY_S = 60
"""Longest time between two attempts to connect; the first is 1 s, each next one twice as long."""
FLUSH_S = 1.5
LOOK_EVERY_S = 0.1

ONLINE, OFFLINE = "online", "offline"

_UNUSABLE = re.compile(r"[+#/\x00-\x1f\x7f]")


class _Message(NamedTuple):
    topic: str
    payload: str
    is_retained: bool


class MqttOutlet:
    """Publishes reports, and never makes a stream wait.

    PREFIX/<source>/faces has the frames, PREFIX/<source>/state (retained) how a source is doing,
    PREFIX/<source>/effort (retained) what is done for its frames, and PREFIX/state (retained)
    "online" or "offline"; the broker itself says "offline" if this process vanishes.

    A connection that cannot be made or is lost is made again. Meanwhile the newest reports are
    kept. Messages are sent once, without waiting for the broker's word (quality of service 0).

    Args:
        url: "mqtt://[user:password@]host[:port][/prefix]"; "mqtts://" encrypts.
        notify: told of trouble, and of its end.
        clock: monotonic seconds.

    Raises:
        ConfigError: if the address cannot be used.
    """

    name = "mqtt"

    def __init__(
        self, url: str, *, notify: Notify, clock: Callable[[], float] = time.monotonic
    ) -> None:
        address = parse_address(url, SCHEMES, self.name)
        self._title = f"mqtt: {address.display}"
        self._host, self._port = address.host, address.port or PORTS[address.scheme]
        self._prefix = _prefix(address)
        self._notify = notify
        self._clock = clock
        self._client = self._make_client(address)
        self._queue = Channel[_Message](QUEUED, WhenFull.NEWEST)
        self._changed = threading.Condition()  # guards all that follows
        self._retained: dict[str, _Message] = {}
        self._trouble = ""
        self._is_connected = False
        self._deadline_s = float("inf")
        self._sent = self._dropped = 0
        self._thread = threading.Thread(target=self._work, name="watch:mqtt", daemon=True)

    def __enter__(self) -> Self:
        self._client.connect_async(self._host, self._port, KEEPALIVE_S)
        self._client.loop_start()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._queue.close()
        self.hurry(min(self._deadline_s, self._clock() + FLUSH_S))
        self._thread.join(max(0.0, self._deadline_s - self._clock()))
        dropped = self.stats().dropped
        if dropped:
            self._notify(f"{self._title}: {dropped} report(s) were dropped")

    def send(self, report: Report) -> None:
        """Queue a report; the oldest one in the queue is dropped where there is no room."""
        if report.event is None:
            message = _Message(self._topic(report.source, "faces"), report.line, False)
        else:
            about = "effort" if report.event == "effort" else "state"
            message = _Message(self._topic(report.source, about), report.line, True)
        with self._changed:
            if message.is_retained:
                self._retained[message.topic] = message
            try:
                self._dropped += self._queue.put(message)
            except ChannelClosed:
                self._dropped += 1

    def hurry(self, deadline_s: float) -> None:
        """Have done by this monotonic second."""
        with self._changed:
            self._deadline_s = deadline_s
            self._changed.notify_all()

    def stats(self) -> OutletStats:
        """What it has done so far."""
        with self._changed:
            return OutletStats(self.name, self._sent, self._dropped, self._is_connected)

    def _make_client(self, address: Address) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, client_id=f"srfer-{secrets.token_hex(4)}")
        if address.scheme == "mqtts":
            client.tls_set_context(ssl.create_default_context())
        if address.user or address.password:
            client.username_pw_set(address.user, address.password)
        client.will_set(f"{self._prefix}/state", OFFLINE, retain=True)
        client.reconnect_delay_set(1, LONGEST_DELAY_S)
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        return client

    def _topic(self, source: str, about: str) -> str:
        return f"{self._prefix}/{_UNUSABLE.sub('_', source)}/{about}"

    # In the client's own thread:

    def _on_connect(
        self,
        client: Client,
        _data: Any,
        _flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            self._complain(f"the broker refuses the connection ({reason.getName().lower()})")
            return
        with self._changed:
            retained = tuple(self._retained.values())
        # Before anything new: what subscribers find here is from before the connection was lost.
        client.publish(f"{self._prefix}/state", ONLINE, retain=True)
        for message in retained:
            client.publish(message.topic, message.payload, retain=True)
        with self._changed:
            self._is_connected = True
            self._trouble = ""
            self._changed.notify_all()
        self._notify(f"{self._title}: connected")

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        self._complain("cannot be reached")

    def _on_disconnect(
        self,
        _client: Client,
        _data: Any,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        with self._changed:
            was_connected, self._is_connected = self._is_connected, False
            self._changed.notify_all()
        if was_connected and reason.is_failure:
            self._complain("the connection is lost")

    def _complain(self, trouble: str) -> None:
        """Say what is wrong, once until it changes."""
        with self._changed:
            is_new, self._trouble = trouble != self._trouble, trouble
        if is_new:
            self._notify(f"{self._title}: {trouble}; trying again")

    # In a thread of ours:

    def _work(self) -> None:
        while self._wait_connected():
            try:
                message = self._queue.get(LOOK_EVERY_S).item
            except TimeoutError:
                continue
            except ChannelClosed:
                break
            is_sent = self._publish(message)
            with self._changed:
                self._sent += is_sent
                self._dropped += not is_sent
        with self._changed:
            self._dropped += self._queue.abort()
        self._publish(_Message(f"{self._prefix}/state", OFFLINE, True))
        self._client.disconnect()
        self._client.loop_stop()

    def _wait_connected(self) -> bool:
        """Wait for a connection; False if there is none in time."""
        with self._changed:
            while not self._is_connected:
                left_s = self._deadline_s - self._clock()
                if left_s <= 0:
                    return False
                self._changed.wait(None if left_s == float("inf") else left_s)
            return True

    def _publish(self, message: _Message) -> bool:
        """Wait until a message is on its way; False if it is lost."""
        sending = self._client.publish(message.topic, message.payload, retain=message.is_retained)
        try:
            while not sending.is_published():
                sending.wait_for_publish(LOOK_EVERY_S)
                if not self._is_connected or self._clock() > self._deadline_s:
                    return sending.is_published()
        except (RuntimeError, ValueError):  # how the client says that there is no connection
            return False
        return True


def _prefix(address: Address) -> str:
    prefix = unquote(address.path).strip("/") or DEFAULT_PREFIX
    if "?" in address.url or "#" in address.url or re.search(r"[+#\x00-\x1f\x7f]", prefix):
        raise ConfigError(f"{address.display}: a topic holds no +, #, ? or control characters")
    return prefix
