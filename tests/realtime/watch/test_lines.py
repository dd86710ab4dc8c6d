"""Lines on a pipe whose other end reads, does not read, or has gone."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from srfer.errors import ExportError
from srfer.realtime.watch import LineWriter, Report
from tests.synthetic import HANG_S, is_set_in_time

pytestmark = pytest.mark.usefixtures("threads_are_checked")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """Descriptors to read and to write."""
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            assert end == ends[0], "only readers go away"


def report(size: int = 1) -> Report:
    return Report({"source": "door", "text": "x" * size})


def test_lines_of_many_threads_do_not_mix(pipe: tuple[int, int]) -> None:
    writer = LineWriter(pipe[1])

    def write() -> None:
        for _ in range(20):
            writer.send(report(9000))

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    with os.fdopen(os.dup(pipe[0])) as reader:
        for _ in range(80):
            assert len(json.loads(reader.readline())["text"]) == 9000
    for thread in threads:
        thread.join(HANG_S)
    assert (writer.stats().sent, writer.stats().dropped) == (80, 0)


def test_a_reader_that_does_not_read_is_waited_for_until_the_deadline(
    pipe: tuple[int, int],
) -> None:
    writer, has_ended = LineWriter(pipe[1]), threading.Event()
    writer.on_end = has_ended.set
    thread = threading.Thread(target=writer.send, args=(report(1_000_000),))
    thread.start()
    assert not has_ended.wait(0.2)  # it waits: nothing is dropped while there is time
    writer.hurry(time.monotonic())
    is_set_in_time(has_ended)
    thread.join(HANG_S)
    assert writer.stats().dropped == 1
    assert writer.failure is None


def test_a_reader_that_has_gone_ends_it_quietly(pipe: tuple[int, int]) -> None:
    writer, has_ended = LineWriter(pipe[1]), threading.Event()
    writer.on_end = has_ended.set
    writer.send(report())
    os.close(pipe[0])
    for _ in range(3):
        writer.send(report())
    assert has_ended.is_set()
    assert writer.failure is None
    assert (writer.stats().sent, writer.stats().dropped) == (1, 3)


def test_a_full_disk_is_an_error_in_a_line() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    try:
        writer = LineWriter(descriptor)
        writer.send(report())
    finally:
        os.close(descriptor)
    assert isinstance(writer.failure, ExportError)
    assert str(writer.failure).startswith("stdout: no space left on device")


def test_a_file_takes_lines_as_they_come(tmp_path: Path) -> None:
    with (tmp_path / "out.jsonl").open("wb") as file:
        writer = LineWriter(file.fileno())
        writer.send(report())
        assert (tmp_path / "out.jsonl").read_text() == '{"source":"door","text":"x"}\n'
