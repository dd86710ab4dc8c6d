"""Ray, imported and connected in the one place that keeps it quiet, at home and out of the way.

Ray counts its users and tells its maker unless it is told not to. A cluster that is started here
listens on this machine's loopback only and wants a token that nobody else knows.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import tempfile
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from srfer.errors import ClusterError, ConfigError
from srfer.extras import require
from srfer.secrets import redact

LOCAL = "local"
REACH_S = 10.0
"""How long the head of a cluster may take to answer the first call, in seconds."""

TRIES = 3
"""How often a head is asked that answers, but fails to serve."""

_PORT = 10001  # where `ray start --head` listens for programs
_LOOPBACK = "127.0.0.1"
_STORE_BYTES = 80_000_000  # about the least that Ray takes; only words and numbers pass through it


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where a batch is spread, and what every video gets there.

    Attributes:
        address: "local" starts Ray on this machine; "ray://host:port" joins a cluster.
        cpus: cores that a video reserves, and threads that its model computes with.
        gpus: GPUs that it reserves; a half has two videos share one.
        device: where models run on the nodes, as `srfer.load` takes it.
        precision: what they compute in; the device's default if None.
    """

    address: str
    cpus: int = 1
    gpus: float = 0
    device: str = "auto"
    precision: str | None = None

    def __post_init__(self) -> None:
        if self.address != LOCAL and not _host_of(self.address):
            wrong = redact(self.address)
            raise ConfigError(
                f"unknown cluster {wrong!r}: give {LOCAL}, or ray://HOST:PORT of its head"
            )
        if self.cpus < 1:
            raise ConfigError(f"a video needs 1 core or more, not {self.cpus}")
        if self.gpus < 0:
            raise ConfigError(f"a video needs 0 GPUs or more, not {self.gpus:g}")

    @property
    def need(self) -> dict[str, float]:
        """What a video reserves, as Ray takes it."""
        return {"num_cpus": self.cpus, "num_gpus": self.gpus}


@contextmanager
def connected(cluster: Cluster) -> Iterator[Any]:
    """Give the module `ray`, connected while the block runs.

    Raises:
        ConfigError: if Ray is not installed, or the program uses it already.
        ClusterError: if the cluster cannot be reached or started.
    """
    require("cluster", "ray", "grpc")
    is_local = cluster.address == LOCAL
    if not is_local:
        _require_reachable(cluster.address)
    with _environment(_local_settings() if is_local else {}):
        import ray

        if ray.is_initialized():
            raise ConfigError(
                "this program uses Ray already: call ray.shutdown() before the export"
            )
        with _started(ray) if is_local else _joined(ray, cluster.address):
            yield ray


@contextmanager
def _started(ray: Any) -> Iterator[None]:
    """A cluster of this machine alone, which goes with the block."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    with tempfile.TemporaryDirectory(prefix="srfer-ray-", ignore_cleanup_errors=True) as folder:
        try:
            _init(
                ray,
                address=LOCAL,
                num_cpus=cores,
                include_dashboard=False,
                object_store_memory=_STORE_BYTES,
                _node_ip_address=_LOOPBACK,
                _temp_dir=folder,
            )
            if any(node["NodeManagerAddress"] != _LOOPBACK for node in ray.nodes()):
                raise ClusterError(
                    "Ray was imported before and would listen on all of this machine's addresses: "
                    f"export to the cluster {LOCAL!r} from a program that has not imported ray"
                )
            yield
        finally:
            ray.shutdown()


@contextmanager
def _joined(ray: Any, address: str) -> Iterator[None]:
    try:
        _init(ray, address=address)
        yield
    finally:
        ray.shutdown()


def _init(ray: Any, **settings: Any) -> None:
    on_sigterm = signal.getsignal(signal.SIGTERM)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the error below says it
            _try_init(ray, settings)
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ClusterError(
            f"{settings['address']}: Ray cannot be used there ({reason}); check address and token, "
            "and that Ray and Python are of the same version on every machine"
        ) from None
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, on_sigterm)  # Ray has set its own


def _try_init(ray: Any, settings: Mapping[str, Any]) -> None:
    """Begin anew where the head could not start the process that serves us, as now and then."""
    for tries_left in reversed(range(TRIES)):
        try:
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **settings)
            return
        except ConnectionAbortedError:
            if not tries_left:
                raise


def _require_reachable(address: str) -> None:
    """Ask for the head's port first: Ray itself would try for half a minute, and not say why."""
    parts = urlsplit(address)
    try:
        socket.create_connection((parts.hostname or "", parts.port or _PORT), REACH_S).close()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ClusterError(
            f"{address}: no cluster answers ({reason}); check the address, and that `ray start "
            "--head` runs there"
        ) from None


def _host_of(address: str) -> str | None:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises for what is no number
    except ValueError:
        return None
    is_plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc)
    return parts.hostname if parts.scheme == "ray" and is_plain else None


@cache  # Ray remembers the first token of a process
def _local_settings() -> Mapping[str, str]:
    return {
        # By this Ray decides whether a node has the machine's address or the loopback's.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """The variables that Ray and its processes read, set while the block runs."""
    wanted = {"RAY_USAGE_STATS_ENABLED": "0", **settings}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
