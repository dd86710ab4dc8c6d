"""`srfer watch`: streams analysed as they come, as lines of JSON and over the network."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from logging import LogRecord
from typing import TYPE_CHECKING, Annotated

import typer

from srfer.errors import ConfigError
from srfer.extras import require
from srfer.options import (
    DEFAULT_MODEL,
    Debug,
    DetectPx,
    Device,
    Model,
    Precision,
    Quiet,
    Tracker,
    TrackerModel,
    load_model,
)
from srfer.talk import explain, say

if TYPE_CHECKING:
    from srfer.realtime.watch import LineWriter, Outlet, Watch
    from srfer.realtime.watch.outlet import Notify

Sources = Annotated[
    list[str],
    typer.Argument(
        help="Files, streams, webcams (0, webcam:NAME), screen: and others: see docs/sources.md",
        metavar="SOURCE",
        show_default=False,
    ),
]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="What to call a source; once for each, in their order."),
]
MaxFps = Annotated[
    list[float] | None,
    typer.Option("--max-fps", help="Frames a second to analyse at most; once, or for each source."),
]
Priorities = Annotated[
    list[int] | None,
    typer.Option("--priority", help="Higher ones come first; once, or for each source."),
]
Seconds = Annotated[float | None, typer.Option(help="End after so many seconds.")]
OnlyChanges = Annotated[
    bool,
    typer.Option("--only-changes", help="Only frames in which a face comes, goes or changes."),
]
Realtime = Annotated[
    bool,
    typer.Option("--realtime/--fast", help="Files as cameras, or every frame as fast as can be."),
]
FailFast = Annotated[bool, typer.Option("--fail-fast", help="End at the first trouble.")]
Mqtt = Annotated[
    str | None,
    typer.Option(
        envvar="SRFER_MQTT",
        metavar="URL",
        show_envvar=True,
        help="Publish to mqtt://[user:password@]host[:port][/prefix]; mqtts:// encrypts.",
    ),
]
Webhook = Annotated[
    str | None,
    typer.Option(
        envvar="SRFER_WEBHOOK",
        metavar="URL",
        show_envvar=True,
        help="POST to http://... or https://...",
    ),
]
WebhookEvery = Annotated[float, typer.Option(help="Shortest time between two POSTs, in seconds.")]
Metrics = Annotated[
    int | None,
    typer.Option(help="Port for Prometheus; 0 takes a free one.", min=0, max=65_535),
]
MetricsHost = Annotated[str, typer.Option(help="Where that listens; 0.0.0.0 for everybody.")]


def watch(
    *,
    sources: Sources,
    name: Names = None,
    max_fps: MaxFps = None,
    priority: Priorities = None,
    seconds: Seconds = None,
    only_changes: OnlyChanges = False,
    realtime: Realtime = True,
    fail_fast: FailFast = False,
    mqtt: Mqtt = None,
    webhook: Webhook = None,
    webhook_every: WebhookEvery = 1.0,
    metrics: Metrics = None,
    metrics_host: MetricsHost = "127.0.0.1",
    model: Model = DEFAULT_MODEL,
    device: Device = "auto",
    precision: Precision = None,
    tracker: Tracker = "retinaface",
    tracker_model: TrackerModel = None,
    detect_px: DetectPx = 640,
    quiet: Quiet = False,
    debug: Debug = False,
) -> None:
    """Analyse sources as they come, side by side: a line of JSON on stdout for every frame.

    docs/watch.md explains the lines. --mqtt, --webhook and --metrics need the extra srfer[watch].
    """
    from srfer.realtime import AnalysisOptions, Policy
    from srfer.realtime.watch import Watch, WatchOptions, choose

    notify: Notify = _ignore if quiet else say
    policy = Policy.LIVE if realtime else Policy.LOSSLESS
    options = WatchOptions(policy, only_changes, seconds, fail_fast)
    lines = _open_stdout()
    outlets = [lines, *_open_network(mqtt, webhook, webhook_every, notify)]
    _require_metrics(metrics)
    streams = choose(sources, name or (), priority or (), max_fps or (), is_realtime=realtime)
    watching = Watch(
        streams,
        load_model(model, device, precision),
        outlets,
        analysis=AnalysisOptions(tracker, tracker_model, detect_px),
        options=options,
        notify=notify,
        on_failure=partial(explain, is_debug=debug),
    )
    raise typer.Exit(_run(watching, lines, metrics, metrics_host, notify))


def _run(watching: Watch, lines: LineWriter, port: int | None, host: str, notify: Notify) -> int:
    """Watch, with metrics if there is a port for them; gives the exit code."""
    lines.on_end = watching.stop
    with ExitStack() as serving:
        serving.enter_context(_unlogged_sources())
        if port is not None:
            from srfer.realtime.watch.metrics import MetricsServer

            notify(f"metrics: {serving.enter_context(MetricsServer(watching, port, host)).url}")
        summary = watching.run()
    if lines.failure is not None:
        raise lines.failure
    return summary.exit_code


@contextmanager
def _unlogged_sources() -> Iterator[None]:
    """While the block runs, sources do not log what happens to them: events say it already."""
    from srfer.realtime.sources.live import logger

    logger.addFilter(_is_told)
    try:
        yield
    finally:
        logger.removeFilter(_is_told)


def _is_told(_: LogRecord) -> bool:
    return False


def _open_stdout() -> LineWriter:
    from srfer.realtime.watch import LineWriter

    if sys.stdout is None:
        raise ConfigError("stdout is closed; send it to /dev/null if nobody reads it")
    sys.stdout.flush()
    return LineWriter(sys.stdout.fileno())


def _open_network(
    mqtt: str | None, webhook: str | None, webhook_every: float, notify: Notify
) -> Sequence[Outlet]:
    outlets: list[Outlet] = []
    if mqtt is not None:
        require("watch", "paho")
        from srfer.realtime.watch.mqtt import MqttOutlet

        outlets.append(MqttOutlet(mqtt, notify=notify))
    if webhook is not None:
        require("watch", "httpx")
        from srfer.realtime.watch.webhook import WebhookOutlet

        outlets.append(WebhookOutlet(webhook, every_s=webhook_every, notify=notify))
    return outlets


def _require_metrics(port: int | None) -> None:
    if port is not None:
        require("watch", "prometheus_client")


def _ignore(_: str) -> None:
    """Say nothing."""
