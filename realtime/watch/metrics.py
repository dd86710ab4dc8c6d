"""What Prometheus may ask for: the state of all streams at the moment of asking."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from socketserver import TCPServer, ThreadingMixIn
from types import TracebackType
from typing import Any, Self
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from prometheus_client import CollectorRegistry, ProcessCollector, make_wsgi_app
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.registry import Collector

from srfer import __version__
from srfer.errors import ConfigError

from ..sources.health import SourceState
from ..streams import StreamStats
from .ages import BOUNDS_S
from .observer import health_of
from .outlet import OutletStats
from .watching import Watch

LOOK_EVERY_S = 0.05
"""How often the server looks whether it is to end."""
STOP_S = 1.0
"""Longest wait for that, in seconds."""


class MetricsServer:
    """Answers Prometheus over HTTP while it is entered, with the state of a watch.

    Args:
        watch: what is asked about.
        port: of TCP; 0 takes any that is free.
        host: address to listen on; everything else than loopback is open to others.

    Attributes:
        url: where the metrics are, once entered.
    """

    def __init__(self, watch: Watch, port: int, host: str = "127.0.0.1") -> None:
        self.url = ""
        registry = CollectorRegistry()
        registry.register(WatchCollector(watch))
        ProcessCollector(registry=registry)
        self._app = make_wsgi_app(registry)
        self._host, self._port = host, port

    def __enter__(self) -> Self:
        """Start listening.

        Raises:
            ConfigError: if that is impossible there.
        """
        try:
            self._server = _Server(self._host, self._port)
        except (OSError, OverflowError, UnicodeError) as error:
            reason = (getattr(error, "strerror", None) or str(error)).lower()
            raise ConfigError(
                f"metrics cannot be served on {self._host} port {self._port}: {reason}"
            ) from None
        self._server.set_app(self._app)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(LOOK_EVERY_S,),
            name="watch:metrics",
            daemon=True,
        )
        self._thread.start()
        shown = f"[{self._host}]" if ":" in self._host else self._host
        self.url = f"http://{shown}:{self._server.server_port}/metrics"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(STOP_S)


class _Server(ThreadingMixIn, WSGIServer):
    """Answers each request in a thread, and neither logs nor asks for the name of this machine."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        TCPServer.server_bind(self)
        host, self.server_port = self.server_address[:2]
        self.server_name = str(host)
        self.setup_environ()


class _Handler(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


class WatchCollector(Collector):
    """Turns the state of a watch into metrics, each time it is asked.

    Args:
        watch: what is asked about.
        clock: monotonic seconds.
    """

    def __init__(self, watch: Watch, clock: Callable[[], float] = time.monotonic) -> None:
        self._watch = watch
        self._clock = clock

    def describe(self) -> list[Metric]:
        """Nothing: the streams decide what there is."""
        return []

    def collect(self) -> Iterator[Metric]:
        """All metrics of this moment."""
        yield InfoMetricFamily("srfer", "The program.", value={"version": __version__})
        streams = self._watch.stats()
        yield from _frames(streams)
        yield from _stages(streams)
        yield from _sources(streams, self._clock())
        yield from self._results(streams)
        yield from _outlets([outlet.stats() for outlet in self._watch.outlets])

    def _results(self, streams: tuple[StreamStats, ...]) -> Iterator[Metric]:
        ages = HistogramMetricFamily(
            "srfer_result_age_seconds",
            "Time from the capture of a frame to its result.",
            labels=["source"],
        )
        for name, sink in self._watch.ages.items():
            counts, total_s = sink.counts()
            bounds = [*map(str, BOUNDS_S), "+Inf"]
            buckets = list(zip(bounds, map(float, accumulate(counts)), strict=True))
            ages.add_metric([name], buckets, total_s)
        yield ages
        faces = GaugeMetricFamily("srfer_faces", "Faces in the newest result.", labels=["source"])
        for name, count in self._watch.faces().items():
            faces.add_metric([name], count)
        yield faces
        effort = GaugeMetricFamily(
            "srfer_effort_reduction",
            "How much less is done for each frame: 0 nothing, 3 most.",
            labels=["source"],
        )
        for stats in streams:
            effort.add_metric([stats.name], stats.effort)
        yield effort


def _frames(streams: tuple[StreamStats, ...]) -> Iterator[Metric]:
    captured = CounterMetricFamily(
        "srfer_frames_captured", "Frames read from the source.", labels=["source"]
    )
    processed = CounterMetricFamily(
        "srfer_frames_processed", "Frames that gave a result.", labels=["source"]
    )
    dropped = CounterMetricFamily(
        "srfer_frames_dropped", "Frames that gave none.", labels=["source", "cause"]
    )
    in_flight = GaugeMetricFamily(
        "srfer_frames_in_flight", "Frames on their way.", labels=["source"]
    )
    for stats in streams:
        captured.add_metric([stats.name], stats.pipeline.captured)
        processed.add_metric([stats.name], stats.pipeline.processed)
        in_flight.add_metric([stats.name], stats.pipeline.in_flight)
        for cause, count in stats.pipeline.dropped.items():
            dropped.add_metric([stats.name, str(cause)], count)
    yield from (captured, processed, dropped, in_flight)


def _stages(streams: tuple[StreamStats, ...]) -> Iterator[Metric]:
    labels = ["source", "stage"]
    busy = SummaryMetricFamily(
        "srfer_stage_duration_seconds", "Time that a stage works on a frame.", labels=labels
    )
    slowest = GaugeMetricFamily(
        "srfer_stage_slowest_seconds", "Longest time on one frame so far.", labels=labels
    )
    queued = GaugeMetricFamily(
        "srfer_stage_queued_frames", "Frames that wait in front of a stage.", labels=labels
    )
    stalled = GaugeMetricFamily(
        "srfer_stage_stalled", "1 while a stage is stuck on a frame.", labels=labels
    )
    for stats in streams:
        for part in stats.pipeline.parts:
            names = [stats.name, part.name]
            busy.add_metric(names, part.messages, part.busy_ms / 1e3)
            slowest.add_metric(names, part.slowest_ms / 1e3)
            queued.add_metric(names, part.queued)
            stalled.add_metric(names, part.is_stalled)
    yield from (busy, slowest, queued, stalled)


def _sources(streams: tuple[StreamStats, ...], now_s: float) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        "srfer_source_state",
        "1 for the state that the source is in, 0 for all others.",
        labels=["source", "state"],
    )
    reconnects = CounterMetricFamily(
        "srfer_source_reconnects", "Times that frames came again.", labels=["source"]
    )
    decode_errors = CounterMetricFamily(
        "srfer_source_decode_errors", "Packets that came damaged.", labels=["source"]
    )
    for stats in streams:
        health = health_of(stats, now_s)
        for one in SourceState:
            state.add_metric([stats.name, str(one)], one is health.state)
        reconnects.add_metric([stats.name], health.reconnects)
        decode_errors.add_metric([stats.name], health.decode_errors)
    yield from (state, reconnects, decode_errors)


def _outlets(outlets: list[OutletStats]) -> Iterator[Metric]:
    sent = CounterMetricFamily(
        "srfer_outlet_reports_sent", "Reports handed over.", labels=["outlet"]
    )
    dropped = CounterMetricFamily(
        "srfer_outlet_reports_dropped", "Reports lost on the way out.", labels=["outlet"]
    )
    connected = GaugeMetricFamily(
        "srfer_outlet_connected", "1 while reports can be handed over.", labels=["outlet"]
    )
    for stats in outlets:
        sent.add_metric([stats.name], stats.sent)
        dropped.add_metric([stats.name], stats.dropped)
        connected.add_metric([stats.name], stats.is_connected)
    yield from (sent, dropped, connected)
