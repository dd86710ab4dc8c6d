"""Streams of which a part is lost or damaged on the way: they go on, and say what is missing."""

from __future__ import annotations

import logging
import random
import threading
import urllib.request
from collections.abc import Callable

import pytest

import srfer
from srfer.realtime.sources import SourceState
from srfer.realtime.streams import Stream
from srfer.realtime.watch import Watch
from srfer.realtime.watch.metrics import MetricsServer
from tests.clips import Clip
from tests.faults.servers import Server, check_order, eventually, frames_until, hangs, live
from tests.realtime.watch.keeping import Keeping
from tests.realtime.watch.servers import Told

pytestmark = pytest.mark.usefixtures("nothing_is_left")

PACKET = 188
SHARE = 0.02
FPS, SECONDS = 5, 120
Damage = Callable[[random.Random, bytes], bytes]


def lose(_chance: random.Random, _packet: bytes) -> bytes:
    """As a network does."""
    return b""


def flip(chance: random.Random, packet: bytes) -> bytes:
    """Eight wrong bytes behind the first four, as radio and bad memory do."""
    spoiled = bytearray(packet)
    for _ in range(8):
        spoiled[chance.randrange(4, PACKET)] ^= chance.randrange(1, 256)
    return bytes(spoiled)


@pytest.fixture(scope="module")
def two_minutes(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """MPEG-TS at 5 frames a second, one key frame in 5 s."""
    ticks = [i * 12_800 // FPS for i in range(FPS * SECONDS)]
    clip = Clip(96, 64, ticks=ticks, encoding={"g": "25", "preset": "ultrafast"})
    return clip.make(tmp_path_factory.mktemp("clips") / "clip.ts").read_bytes()


def spoil(data: bytes, damage: Damage) -> tuple[bytes, int]:
    """Damage packets by chance, the same ones every time; gives the rest, and how many."""
    chance = random.Random(1)
    spoiled, count = [], 0
    for start in range(0, len(data), PACKET):
        packet = data[start : start + PACKET]
        # The first ones tell what the stream is; without them it is another fault.
        if start >= 50 * PACKET and chance.random() < SHARE:
            packet, count = damage(chance, packet), count + 1
        spoiled.append(packet)
    return b"".join(spoiled), count


@pytest.mark.parametrize("damage", [lose, flip])
def test_two_minutes_with_two_percent_damage(
    two_minutes: bytes, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    data, spoiled = spoil(two_minutes, damage)
    assert spoiled >= 10
    with caplog.at_level(logging.DEBUG), Server(hangs(data)) as server:
        source = live(f"tcp://127.0.0.1:{server.port}", patience_s=2)
        with source:
            frames = frames_until(source, lambda f: f.pts is not None and f.pts > SECONDS - 3)
            health = source.health
    check_order(frames)
    # Time drifts neither way: ahead of the stream, fewer frames would have been enough; behind it,
    # the stream would have ended before.
    assert len(frames) >= 0.9 * FPS * SECONDS
    assert (health.state, health.reconnects) == (SourceState.LIVE, 0)
    # Many do not show: their bytes are padding, tables, or pictures that look right all the same.
    assert spoiled / 5 <= health.decode_errors <= 2 * spoiled
    assert caplog.records == []


def test_an_undamaged_stream_counts_nothing(two_minutes: bytes) -> None:
    with Server(hangs(two_minutes)) as server:
        source = live(f"tcp://127.0.0.1:{server.port}", patience_s=2)
        with source:
            frames_until(source, lambda frame: frame.index >= 500)
            assert source.health.decode_errors == 0


def test_damage_is_seen_by_those_who_watch(two_minutes: bytes) -> None:
    data, _ = spoil(two_minutes, lose)
    kept, told = Keeping(), Told()
    with Server(hangs(data)) as server:
        source = live(f"tcp://127.0.0.1:{server.port}", patience_s=60)
        watch = Watch(
            [Stream("door", source)],
            srfer.load(device="cpu"),
            [kept],
            notify=told,
            on_failure=lambda _: None,
        )
        with MetricsServer(watch, 0) as metrics:

            def counted() -> float:
                with urllib.request.urlopen(metrics.url) as answer:
                    text: str = answer.read().decode()
                name = 'srfer_source_decode_errors_total{source="door"} '
                return float(text.partition(name)[2].partition("\n")[0])

            def stop_when_counted() -> None:
                eventually(lambda: source.health.decode_errors > 0 and counted() > 0)
                watch.stop()

            thread = threading.Thread(target=stop_when_counted)
            thread.start()
            summary = watch.run()
            thread.join()
    assert summary.exit_code == 0
    (end,) = kept.events("end")
    assert end["decode_errors"] > 0
    assert not [line for line in told.lines if "damaged" in line], "not within ten seconds"
