"""The nodes of a cluster, and what they have to agree on before they are given work."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from srfer import __version__
from srfer.errors import ClusterError, SrferError

from ..inputs import path_status
from ..outputs import ExportOptions
from ..sources import printable
from ..words import counted
from .connecting import Cluster
from .recipe import Recipe
from .work import Facts, Seen, check_node, find_difference, find_missing

ANSWER_S = 300.0
"""How long the nodes may take to answer a question, in seconds: they may be at work for others."""

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster.

    Attributes:
        id: Ray's.
        name: for people: its name and address.
    """

    id: str
    name: str


def fit_nodes(ray: Any, cluster: Cluster) -> list[Node]:
    """The nodes that are alive and have what a video reserves."""
    return [
        Node(node["NodeID"], f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})")
        for node in ray.nodes()
        if node["Alive"]
        and node["Resources"].get("CPU", 0) >= cluster.cpus
        and node["Resources"].get("GPU", 0) >= cluster.gpus
    ]


def agreed_facts(ray: Any, cluster: Cluster, recipe: Recipe, options: ExportOptions) -> Facts:
    """What all nodes compute with.

    Raises:
        ClusterError: if there is no node for a video, one cannot work, or two do not compute the
            same.
    """
    nodes = fit_nodes(ray, cluster)
    if not nodes:
        cores = counted(cluster.cpus, "core")
        gpus = f" and {cluster.gpus:g} GPU{'s' * (cluster.gpus > 1)}" if cluster.gpus else ""
        raise ClusterError(
            f"{cluster.address}: no node has {cores}{gpus} for a video; ask for fewer or start "
            "nodes with more"
        )
    first: tuple[Node, Facts] | None = None
    for node, facts in _asked(ray, cluster, nodes, check_node, recipe, options):
        if facts.version != __version__:
            raise ClusterError(
                f"node {node.name}: has srfer {facts.version} and this machine {__version__}; "
                "install the same version on every machine"
            )
        first = first or (node, facts)
        if (difference := find_difference(first[1], facts)) is not None:
            raise ClusterError(
                f"nodes {first[0].name} and {node.name} do not compute the same ({difference}); "
                "give all the same model, and name a --device that all of them have"
            )
    assert first is not None
    return first[1]


def require_shared_storage(ray: Any, cluster: Cluster, inputs: Sequence[Path], out: Path) -> None:
    """Make sure that every node sees inputs and results under the same paths.

    Raises:
        ClusterError: naming the node and the path that it does not see.
    """
    first = {path.parent: path for path in reversed(inputs)}.values()
    sizes = [(path, status.st_size if (status := path_status(path)) else None) for path in first]
    with _probe(out) as (probe, token):
        seen = Seen(probe, token, sizes)
        nodes = fit_nodes(ray, cluster)
        for node, missing in _asked(ray, cluster, nodes, find_missing, seen):
            if missing:
                raise ClusterError(
                    f"node {node.name}: does not see {printable(missing)} as this machine does; "
                    "mount the same storage at the same path on every machine"
                )


@contextmanager
def _probe(out: Path) -> Iterator[tuple[Path, str]]:
    token = secrets.token_hex(16)
    handle, name = tempfile.mkstemp(prefix=".srfer-probe-", dir=out)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(token)
        Path(name).chmod(0o644)  # nodes may work as somebody else
        yield Path(name), token
    finally:
        Path(name).unlink(missing_ok=True)


def _asked(
    ray: Any, cluster: Cluster, nodes: Sequence[Node], ask: Callable[..., Answer], *about: Any
) -> Iterator[tuple[Node, Answer]]:
    """Ask all nodes at once, with what a video reserves, and yield them with their answers."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    question = ray.remote(**cluster.need, max_retries=1)(ask)
    asked = [
        (node, question.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, False)))
        for node in nodes
    ]
    answers = [(node, one.remote(*about)) for node, one in asked]
    for node, answer in answers:
        try:
            yield node, ray.get(answer, timeout=ANSWER_S)
        except ray.exceptions.GetTimeoutError:
            raise ClusterError(
                f"node {node.name}: gave no answer in {ANSWER_S:.0f} s; look whether it is at work "
                "for others, or take it out of the cluster"
            ) from None
        except ray.exceptions.RayError as error:
            raise _unfit(node, error) from None


def _unfit(node: Node, error: Exception) -> ClusterError:
    """Why a node cannot work, in a sentence."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, SrferError):
        return ClusterError(f"node {node.name}: {cause}")
    lines = [line.strip() for line in str(cause or error).splitlines() if line.strip()]
    reason = printable(lines[-1] if lines else type(error).__name__)
    return ClusterError(
        f"node {node.name}: cannot run srfer {__version__} ({reason}); install it there with the "
        "extra [cluster]"
    )
