"""`srfer watch` as people run it: in a process of its own, with pipes, signals and servers."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srfer.cli import main
from srfer.realtime.demo.clip import Walk, make_clip
from tests.clips import Clip, ticks_25
from tests.faults.servers import Server, eventually, hangs
from tests.realtime.watch.servers import Broker, Receiver, Subscriber, free_port
from tests.synthetic import HANG_S

CANARY = "canary-pass"
Run = Callable[..., tuple[int, list[dict[str, Any]], str]]
SOON_S = 6.0
"""2 s are promised; the rest is for a machine that has other things to do."""
CONNECTIONS = """
import os, sys
def note(event, details):
    if event == "open" and details[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        sys.stderr.write(f"FILE {details[0]}\\n")
    elif event == "socket.connect":
        sys.stderr.write(f"NET {details[1][0]}\\n")
    elif event == "socket.getaddrinfo":
        sys.stderr.write(f"NET {details[0]}\\n")
sys.addaudithook(note)
from srfer.cli import main
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 frames in which a face moves to the right."""
    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    x = np.linspace(200, 300, 20)
    make_clip(path, Walk(np.full(20, 80.0), np.stack([x, np.full(20, 240.0)], axis=1)))
    return path


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute without a face: played as a camera, it lasts."""
    return Clip(64, 48, ticks=ticks_25(1500)[::8]).make(
        tmp_path_factory.mktemp("clips") / "long.mp4"
    )


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "srfer", "watch", *map(str, arguments)]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Run:
    """Runs it in this process; gives exit code, records on stdout, and talk."""

    def run_it(*arguments: object) -> tuple[int, list[dict[str, Any]], str]:
        with pytest.raises(SystemExit) as ending:
            main(["watch", *map(str, arguments)])
        data, talk = capfd.readouterr()
        return int(ending.value.code or 0), [json.loads(line) for line in data.splitlines()], talk

    return run_it


@contextmanager
def started(*arguments: object, **more: Any) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command(*arguments),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until_frames(process: subprocess.Popen[str]) -> list[str]:
    """Lines up to the first frame, byte by byte: `communicate` misses what a file read ahead."""
    assert process.stdout is not None
    lines = [b""]
    while not lines[-1] or "event" in json.loads(lines[-1]):
        lines.append(b"")
        while not lines[-1].endswith(b"\n"):
            byte = os.read(process.stdout.fileno(), 1)
            assert byte, "it ended before a frame came"
            lines[-1] += byte
    return [line.decode() for line in lines[1:]]


def test_every_frame_of_files_and_what_failed(run: Run, walk: Path, tmp_path: Path) -> None:
    code, records, talk = run(walk, tmp_path / "no.mp4", "--fast", "--name", "a", "--name", "b")
    assert code == 3
    frames = [record for record in records if "event" not in record]
    assert [record["frame"] for record in frames] == list(range(20))
    assert {record["source"] for record in frames} == {"a"}
    assert all(len(record["faces"]) == 1 for record in frames)
    assert {one["source"]: one["error"] for one in records if one.get("event") == "end"} == {
        "a": None,
        "b": "no.mp4: no such file; check the path",
    }
    assert "a: finished after 20 frames" in talk
    assert talk.count("error: no.mp4: no such file; check the path") == 1


def test_only_changes_and_silence(run: Run, walk: Path) -> None:
    code, records, talk = run(walk, "--fast", "--only-changes", "--quiet")
    assert (code, talk) == (0, "")
    frames = [record for record in records if "event" not in record]
    assert 1 <= len(frames) < 10
    assert frames[0]["frame"] == 0


def test_all_failed(run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    camera = f"rtsp://me:{CANARY}@127.0.0.1:{free_port()}/x"
    code, records, talk = run(tmp_path / "no.mp4", camera, "--seconds", "1")
    assert code == 1
    assert any(record.get("state") == "lost" for record in records)
    assert CANARY not in json.dumps(records) + talk
    shown = camera.replace(f"me:{CANARY}@", "")
    assert f"{shown}: lost, trying again: the connection is refused" in talk
    assert caplog.records == []  # what events say is not said a second time


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "Missing"),
        (["{walk}", "--name", "a", "--name", "b"], "--name is given 2 times for 1 sources"),
        (["{walk}", "--seconds", "0"], "seconds have to be more than 0"),
        (
            ["{walk}", "--mqtt", "http://me:canary-pass@host"],
            "mqtt: the address has to begin with mqtt://",
        ),
        (["{walk}", "--mqtt", "mqtt://me:canary-pass@host@host"], "where the password ends"),
        (
            ["{walk}", "--webhook", "ftp://me:canary-pass@host"],
            "webhook: the address has to begin with http://",
        ),
        (["{walk}", "--webhook", "http://h", "--webhook-every", "-1"], "every 0 to 3600"),
        (["{walk}", "--metrics", "70000"], "65535"),
        (["{walk}", "--max-fps", "0"], "max_fps must be more than 0"),
        (["{walk}", "--device", "abacus"], "abacus"),
    ],
)
def test_wrong_usage_is_told_in_words(
    run: Run, walk: Path, arguments: list[str], reason: str
) -> None:
    code, records, talk = run(*(text.format(walk=walk) for text in arguments))
    assert (code, records) == (2, [])
    assert reason in talk
    assert CANARY not in talk
    assert "Traceback" not in talk


@pytest.mark.parametrize(
    ("extra", "module"), [("--mqtt", "paho"), ("--webhook", "httpx"), ("--metrics", "prometheus")]
)
def test_the_extra_is_named_where_it_is_missing(
    run: Run, monkeypatch: pytest.MonkeyPatch, walk: Path, extra: str, module: str
) -> None:
    monkeypatch.setattr("srfer.extras.find_spec", lambda _: None)
    code, _, talk = run(walk, extra, "1")
    assert code == 2
    assert "pip install 'srfer[watch]'" in talk
    assert module in talk


def test_a_camera_that_is_not_there_fails_fast(run: Run) -> None:
    code, _, talk = run(f"rtsp://127.0.0.1:{free_port()}/x", "--fail-fast", "--quiet")
    assert code == 1
    (line,) = [line for line in talk.splitlines() if line.startswith("error: ")]
    assert "the connection is refused" in line


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_it_soon_with_everything_flushed(
    long: Path, number: signal.Signals, code: int
) -> None:
    with Receiver() as receiver, started(long, "--webhook", receiver.url) as process:
        lines = read_until_frames(process)
        began_s = time.monotonic()
        process.send_signal(number)
        rest, talk = process.communicate(timeout=HANG_S)
        assert time.monotonic() - began_s < SOON_S
    assert process.returncode == code
    records = [json.loads(line) for line in [*lines, *rest.splitlines()]]
    assert (records[-1]["event"], records[-1]["state"]) == ("end", "stopped")
    assert receiver.records == records  # nothing was lost on the way
    assert talk.endswith("interrupted\n")
    assert "Traceback" not in talk


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_end_it_though_a_camera_says_nothing(number: signal.Signals, code: int) -> None:
    """FFmpeg holds a thread then, for as long as its time-out, whatever else has ended."""
    with Server(hangs()) as camera, started(f"rtsp://127.0.0.1:{camera.port}/x") as process:
        eventually(lambda: camera.connections == 1, 60)
        process.send_signal(number)
        data, talk = process.communicate(timeout=60)
    assert process.returncode == code
    records = [json.loads(line) for line in data.splitlines()]
    assert records[0]["state"] == "connecting"
    assert (records[-1]["event"], records[-1]["state"]) == ("end", "stopped")
    assert talk.endswith("interrupted\n")
    assert "Traceback" not in talk


def test_a_signal_ends_it_though_nobody_reads_and_nobody_answers(long: Path) -> None:
    dead = free_port()
    arguments = ("--mqtt", f"mqtt://127.0.0.1:{dead}", "--webhook", f"http://127.0.0.1:{dead}")
    with started(long, *arguments, pipesize=4096) as process:
        read_until_frames(process)
        assert process.stdout is not None
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("webhook:"):
                break
        # The pipe has room for one line: the next one waits.
        assert select.select([process.stdout.fileno()], [], [], HANG_S)[0]
        began_s = time.monotonic()
        process.terminate()
        process.wait(HANG_S)
        assert time.monotonic() - began_s < SOON_S
        assert process.returncode == 143
        talk = process.stderr.read()
    assert "Traceback" not in talk
    assert "Fatal" not in talk
    assert "report(s) were dropped" in talk


def test_a_reader_that_has_enough_ends_it_quietly(long: Path) -> None:
    with started(long, "--quiet") as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        process.wait(HANG_S)
        assert process.stderr is not None
        assert (process.returncode, process.stderr.read()) == (0, "")


def test_a_full_disk_is_a_failure_in_a_line(walk: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(walk, "--quiet"), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: stdout: no space left on device")
    assert len(done.stderr.splitlines()) == 1


def test_the_time_is_kept(run: Run, long: Path) -> None:
    code, records, _ = run(long, "--seconds", "1.5", "--max-fps", "1")
    assert code == 0
    assert records[-1]["state"] == "stopped"
    assert records[-1]["dropped"]["budget"] > 0


def test_the_broker_says_so_when_it_vanishes(long: Path, tmp_path: Path) -> None:
    with (
        Broker(tmp_path) as broker,
        Subscriber(broker.port) as subscriber,
        started(long, "--mqtt", f"mqtt://127.0.0.1:{broker.port}/home") as process,
    ):
        subscriber.wait_for("home/state", "online")
        subscriber.wait_for("home/long.mp4/faces")
        process.kill()
        subscriber.wait_for("home/state", "offline")


def test_passwords_are_shown_nowhere(long: Path) -> None:
    """Everything fails that can, in every way in which it is told."""
    dead = free_port()
    with Receiver(answers=(500, 302, 403), location=f"http://me:{CANARY}@127.0.0.1:{dead}") as hook:
        environ = {
            **os.environ,
            "SRFER_MQTT": f"mqtt://me:{CANARY}@127.0.0.1:{dead}/home",
            "SRFER_WEBHOOK": f"http://me:{CANARY}@127.0.0.1:{hook.port}/{CANARY}?key={CANARY}",
        }
        arguments = (long, f"rtsp://me:{CANARY}@127.0.0.1:{dead}/x", "--webhook-every", "0.1")
        with started(
            *arguments, "--metrics", "0", "--seconds", "3", "--debug", env=environ
        ) as process:
            seen = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
            seen = seen.replace(arguments[1], "")  # what was typed in is there by itself
            data, talk = process.communicate(timeout=30)
    assert process.returncode == 3
    assert "HTTP 403" in talk
    assert "cannot be reached" in talk
    assert CANARY not in seen + data + talk


def test_only_the_named_servers_are_contacted_and_nothing_is_written(
    walk: Path, tmp_path: Path
) -> None:
    with Broker(tmp_path) as broker, Receiver() as receiver:
        arguments = ("--mqtt", f"mqtt://127.0.0.1:{broker.port}", "--webhook", receiver.url)
        done = subprocess.run(
            [
                *(sys.executable, "-c", CONNECTIONS, "watch", str(walk), "--fast"),
                *(*arguments, "--metrics", "0"),
            ],
            capture_output=True,
            text=True,
            check=False,
            env={
                **os.environ,
                "HTTP_PROXY": "http://192.0.2.1:3128",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
        )
    assert done.returncode == 0
    contacted = [line for line in done.stderr.splitlines() if line.startswith("NET ")]
    assert len(contacted) >= 2
    assert set(contacted) == {"NET 127.0.0.1"}
    written = [line for line in done.stderr.splitlines() if line.startswith("FILE ")]
    assert [line for line in written if line != "FILE /dev/null"] == []
