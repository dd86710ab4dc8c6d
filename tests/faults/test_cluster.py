"""A batch on a cluster of two nodes that get lost, that differ, and that are left by Ctrl-C."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import psutil
import pytest

import srfer
from srfer.realtime.demo.clip import Walk, make_clip
from srfer.realtime.export import ExportOptions, export
from tests.faults.test_export_resume import contents
from tests.moods import Moods
from tests.on_nodes import FORMATS, NODE, SCRIPT, SETTINGS

pytestmark = [
    pytest.mark.skipif(
        find_spec("ray") is None or find_spec("grpc") is None, reason="needs the extra cluster"
    ),
    pytest.mark.timeout(600),  # Ray starts a dozen processes, which takes minutes on a busy machine
]

ROOT = Path(__file__).resolve().parents[2]
RAY = Path(sys.executable).with_name("ray")
END_S = 240.0
"""How long anything here may take on a machine with other work to do."""
NODE_OPTIONS = (
    *("--block", "--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats"),
    *("--include-log-monitor=false", "--min-worker-port=0", "--max-worker-port=0"),
)


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        return int(server.getsockname()[1])


def still_alive(processes: Sequence[psutil.Process]) -> list[psutil.Process]:
    """Those that do not end in time; one that its parent has not looked after has ended too."""
    until_s = time.monotonic() + END_S
    left = list(processes)
    while left and time.monotonic() < until_s:
        _, left = psutil.wait_procs(left, 0.2)
        left = [process for process in left if not is_zombie(process)]
    return left


@contextmanager
def ended_at_last(process: psutil.Popen) -> Iterator[None]:
    """Whoever leaves the block by an error does not wait for the process."""
    try:
        yield
    except BaseException:
        process.kill()
        raise


def listens_on(process: psutil.Process) -> set[str]:
    """Addresses; none where it has just ended."""
    try:
        connections = process.net_connections()
    except psutil.NoSuchProcess:
        return set()
    listening = [one for one in connections if one.status == psutil.CONN_LISTEN]
    return {one.laddr.ip.removeprefix("::ffff:") for one in listening}


def is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Node:
    """`ray start` with all that it starts, which is gone for sure when it is closed."""

    def __init__(self, name: str, *options: str, python_path: str = str(ROOT)) -> None:
        environment = os.environ | {
            NODE: name,
            "PYTHONPATH": python_path,
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "disabled",
            "RAY_health_check_period_ms": "500",
            "GRPC_ENABLE_FORK_SUPPORT": "0",  # the head forks, and the child now and then crashes
        }
        command = [str(RAY), "start", *NODE_OPTIONS, *options]
        self._starter = psutil.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._seen: set[psutil.Process] = set()
        for line in self._starter.stdout:
            if "Ray runtime started" in line:
                break
        else:
            raise AssertionError(f"the node {name} did not start")
        self.look()

    def look(self) -> None:
        """Note what it has started."""
        if self._starter.is_running():
            self._seen.update(self._starter.children(recursive=True))

    def is_whole(self) -> bool:
        return self._starter.poll() is None

    def close(self) -> None:
        self.look()
        if self.is_whole():
            self._starter.terminate()
        self._starter.stdout.close()
        left = still_alive([self._starter, *self._seen])
        for process in left:
            process.kill()
        assert not left


class Two:
    """A cluster of a head and one more node, which is started again if a test has killed it."""

    def __init__(self, folder: str) -> None:
        self._gcs = f"127.0.0.2:{(port := free_port())}"
        client = free_port()
        self.address = f"ray://127.0.0.2:{client}"
        self.head = Node(
            "first",
            *("--head", "--include-dashboard=false", "--no-monitor", "--temp-dir", folder),
            *("--node-ip-address=127.0.0.2", f"--port={port}"),
            f"--ray-client-server-port={client}",
        )
        self.other: Node | None = None

    def join(self, name: str, address: str, **how: str) -> Node:
        return Node(name, f"--address={self._gcs}", f"--node-ip-address={address}", **how)

    def complete(self) -> None:
        if self.other is None or not self.other.is_whole():
            self.close_other()
            self.other = self.join("second", "127.0.0.3")

    def close_other(self) -> None:
        if self.other is not None:
            self.other.close()

    def close(self) -> None:
        try:
            self.close_other()
        finally:
            self.head.close()


@pytest.fixture(scope="module")
def nodes() -> Iterator[Two]:
    folder = tempfile.mkdtemp(prefix="srfer-")  # short, as sockets lie in it
    try:
        with closing(Two(folder)) as two:
            yield two
    finally:
        shutil.rmtree(folder)


@pytest.fixture
def two(nodes: Two) -> Two:
    nodes.complete()
    return nodes


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Of 8 frames, each with a face of another size."""
    folder = tmp_path_factory.mktemp("clips")
    paths = [folder / f"{i}.mkv" for i in range(4)]
    for i, path in enumerate(paths):
        make_clip(path, Walk(np.full(8, 90.0 + 20 * i), np.full((8, 2), [320.0, 240.0])))
    return paths


def program(verb: str, *arguments: object) -> list[str]:
    return [sys.executable, "-m", "tests.on_nodes", verb, *map(str, arguments)]


def test_nodes_that_do_not_compute_the_same_are_refused(two: Two, tmp_path: Path) -> None:
    asked = psutil.Popen(
        program("check", two.address, "Differing", "Acting"),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with asked:
        asked.stdin.write("\n")
        asked.stdin.flush()
        assert "do not compute the same (model that of " in asked.stdout.readline()
        with closing(two.join("third", "127.0.0.4", python_path=another_version(tmp_path))):
            asked.stdin.write("\n")
            asked.stdin.flush()
            assert "(127.0.0.4): has srfer 0.0." in asked.stdout.readline()
    assert asked.returncode == 0


def another_version(folder: Path) -> str:
    """A search path on which srfer says that it is of another version."""
    package = folder / "srfer"
    package.mkdir()
    for path in (ROOT / "srfer").iterdir():
        if path.name != "__init__.py":
            (package / path.name).symlink_to(path.resolve())
    source = (ROOT / "srfer/__init__.py").read_text()
    (package / "__init__.py").write_text(source.replace('__version__ = "', '__version__ = "0.0.'))
    return os.pathsep.join((str(folder), str(ROOT)))


def test_a_lost_worker_and_a_lost_node_change_nothing(
    two: Two, tmp_path: Path, clips: Sequence[Path]
) -> None:
    done = subprocess.run(
        program("spread", two.address, "Dying", tmp_path, tmp_path / "out", *clips),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=END_S,
    )
    assert (done.returncode, done.stderr) == (0, "")
    *outcomes, end = [json.loads(line) for line in done.stdout.splitlines()]
    deaths = sorted(note.name.split(" dies in ") for note in tmp_path.glob("* dies in *"))
    assert [node for node, _ in deaths] == ["first", "second"]
    assert {video for _, video in deaths} == {"0.mkv", "1.mkv"}
    assert end["code"] == 0
    assert end["frames"][-1] == 4 * 8
    assert sorted(outcome["input"] for outcome in outcomes) == [clip.name for clip in clips]
    srfer.export(clips, tmp_path / "alone", formats=FORMATS)
    assert contents(tmp_path / "out") == contents(tmp_path / "alone"), "and nothing beside it"


def test_ctrl_c_leaves_nothing_of_a_local_cluster(tmp_path: Path, clips: Sequence[Path]) -> None:
    out = tmp_path / "out"
    spreading = psutil.Popen(
        program("spread", "local", "Staying", tmp_path, out, *clips[:2]),
        cwd=ROOT,
        env=os.environ | {"RAY_ADDRESS": "127.0.0.1:1"},  # of a cluster that is not meant
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with spreading, ended_at_last(spreading):
        first = json.loads(spreading.stdout.readline())
        assert (first["input"], first["error"]) == ("0.mkv", None)
        started = spreading.children(recursive=True)
        assert set.union(*map(listens_on, [spreading, *started])) == {"127.0.0.1"}
        os.killpg(spreading.pid, signal.SIGINT)  # as a terminal does
        assert spreading.stdout.read() == ""
    assert spreading.returncode == 130
    assert still_alive(started) == []
    assert [path.name for path in out.iterdir()] == ["0"]

    options = ExportOptions(formats=FORMATS, settings=SETTINGS, is_resumed=True)
    summary = export(clips[:2], out, lambda: [Moods(SCRIPT)], options)
    assert [outcome.is_resumed for outcome in summary.outcomes] == [True, False]
