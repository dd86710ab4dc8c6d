"""What the window gives back, and what does not grow by being painted."""

from __future__ import annotations

import ctypes
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from srfer.gui.history import History
from srfer.gui.memory import MOST_HEAPS, give_back_memory
from srfer.gui.timeline import Timeline
from tests.clips import expression, face

from .test_models import results

PAINTINGS = 250

needs_glibc = pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "malloc_trim"),
    reason="memory is not given out by glibc",
)


@pytest.mark.parametrize("has_bands", [False, True], ids=["curves", "bands"])
def test_painting_the_timeline_leaves_nothing_behind(qtbot: QtBot, has_bands: bool) -> None:
    timeline = Timeline()
    qtbot.addWidget(timeline)
    timeline.resize(900, 260)
    timeline.show()
    if has_bands:
        timeline.show_bands()

    def paint(readings: int) -> None:
        history = History()
        for result in results(face(1, reading=expression("anger", 0.9)), count=readings):
            history.write(result)
        timeline.show_history(history, 1, can_seek=False)
        timeline.grab()

    def blocks() -> int:
        gc.collect()
        return sys.getallocatedblocks()

    for _ in range(20):
        paint(200)
    before = blocks()
    for _ in range(PAINTINGS):
        paint(150)  # what was made for more is used again, in part
    assert blocks() - before < PAINTINGS
    timeline.close()


@needs_glibc
def test_memory_between_what_is_in_use_is_given_back() -> None:
    def resident_mb() -> float:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    pieces = [bytes(10_000) for _ in range(10_000)]
    pieces = pieces[:: len(pieces) - 1]  # the first and the last hold what is between them
    held_mb = resident_mb()
    give_back_memory()
    assert held_mb - resident_mb() > 80
    assert len(pieces) == 2


HEAPS = """
import ctypes, sys, threading
from srfer.gui.memory import keep_heaps_few
if sys.argv[1] == "few":
    keep_heaps_few()
glibc = ctypes.CDLL(None)
glibc.fopen.restype = ctypes.c_void_p
everyone = threading.Barrier(9)
def take():
    piece = bytes(100_000)
    everyone.wait()
    everyone.wait()
threads = [threading.Thread(target=take, daemon=True) for _ in range(8)]
for thread in threads:
    thread.start()
everyone.wait()
file = ctypes.c_void_p(glibc.fopen(sys.argv[2].encode(), b"w"))
glibc.malloc_info(0, file)
glibc.fclose(file)
everyone.wait()
"""


@needs_glibc
@pytest.mark.parametrize("heaps", ["few", "many"])
def test_threads_share_heaps(heaps: str, tmp_path: Path) -> None:
    told = tmp_path / "heaps.xml"
    subprocess.run([sys.executable, "-c", HEAPS, heaps, str(told)], check=True)
    count = told.read_text().count("<heap nr=")
    assert (count <= MOST_HEAPS) is (heaps == "few")
