"""Watching streams until something ends it, and what is reported meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import srfer
from srfer.engines import Model
from srfer.errors import ConfigError
from srfer.realtime import Frame, Policy
from srfer.realtime.demo.clip import Walk, make_clip
from srfer.realtime.sources import VideoFile
from srfer.realtime.sources.health import SourceHealth, SourceState
from srfer.realtime.streams import Stream, StreamSet
from srfer.realtime.watch import Hub, Watch, WatchOptions, WatchSummary, choose
from srfer.realtime.watch.observer import Observer
from tests.realtime.watch.keeping import Keeping
from tests.realtime.watch.servers import Told
from tests.synthetic import HANG_S, SyntheticSource

pytestmark = pytest.mark.usefixtures("threads_are_checked")

LOSSLESS = WatchOptions(policy=Policy.LOSSLESS)


@pytest.fixture(scope="module")
def model() -> Model:
    """The shipped model."""
    return srfer.load()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """20 frames in which a face moves to the right."""
    path = tmp_path_factory.mktemp("clips") / "walk.mp4"
    x = np.linspace(200, 300, 20)
    make_clip(path, Walk(np.full(20, 80.0), np.stack([x, np.full(20, 240.0)], axis=1)))
    return path


class Camera(SyntheticSource):
    """A live source that says how it is doing, and stays where it is until it is told to go on."""

    def __init__(self, frames: int, after: SourceHealth) -> None:
        super().__init__(frames, is_live=True)
        self.health = SourceHealth(SourceState.CONNECTING, 0.0)
        self._after = after
        self.go = threading.Event()

    def __iter__(self) -> Iterator[Frame]:
        for frame in super().__iter__():
            self.health = SourceHealth(SourceState.LIVE, 0.0)
            yield frame
        self.health = self._after
        self.go.wait(HANG_S)
        self.health = SourceHealth(SourceState.ENDED, 0.0)

    def interrupt(self) -> None:
        self.go.set()


LOST = SourceHealth(SourceState.LOST, 0.0, "no data for 5 s", reconnects=2)


def run(
    streams: list[Stream],
    model: Model,
    options: WatchOptions | None = None,
) -> tuple[WatchSummary, Keeping, Told, list[Exception]]:
    kept, told, failures = Keeping(), Told(), list[Exception]()
    watch = Watch(
        streams,
        model,
        [kept],
        options=options,
        notify=told,
        on_failure=failures.append,
    )
    return watch.run(), kept, told, failures


def test_files_give_every_frame_once_with_events_around_them(model: Model, clip: Path) -> None:
    streams = [Stream(name, VideoFile(clip)) for name in ("one", "two")]
    summary, kept, told, failures = run(streams, model, LOSSLESS)
    assert summary.exit_code == 0
    for name in ("one", "two"):
        assert [record["frame"] for record in kept.frames(name)] == list(range(20))
        mine = [record for record in kept.records if record["source"] == name]
        assert mine[0]["state"] == "connecting"
        assert mine[-1]["event"] == "end"
        assert (mine[-1]["state"], mine[-1]["error"], mine[-1]["frames"]) == ("finished", None, 20)
        assert f"{name}: finished after 20 frames" in told.lines
    assert all(record["faces"][0]["label_age_ms"] is not None for record in kept.frames("one"))
    assert failures == []
    assert len(kept.deadlines) == 1


def test_one_that_fails_leaves_the_others_alone(model: Model, clip: Path, tmp_path: Path) -> None:
    streams = [Stream("no", VideoFile(tmp_path / "no.mp4")), Stream("yes", VideoFile(clip))]
    summary, kept, _, failures = run(streams, model, LOSSLESS)
    assert summary.exit_code == 3
    assert failures == [summary.errors["no"]]
    ends = {record["source"]: record["error"] for record in kept.events("end")}
    assert ends == {"no": "no.mp4: no such file; check the path", "yes": None}
    assert len(kept.frames("yes")) == 20


def test_all_that_fail_are_a_failure(model: Model, tmp_path: Path) -> None:
    summary, kept, _, _ = run([Stream("no", VideoFile(tmp_path / "no.mp4"))], model)
    assert summary.exit_code == 1
    assert kept.frames("no") == []


def test_a_source_that_is_lost_is_reported_with_its_cause(model: Model) -> None:
    camera = Camera(3, LOST)
    kept, told = Keeping(), Told()
    watch = Watch([Stream("door", camera)], model, [kept], notify=told, on_failure=lambda _: None)
    result: list[WatchSummary] = []
    thread = threading.Thread(target=lambda: result.append(watch.run()))
    thread.start()
    kept.until(lambda: any(one["state"] == "lost" for one in kept.events("source")))
    camera.go.set()
    thread.join(HANG_S)
    (lost,) = [one for one in kept.events("source") if one["state"] == "lost"]
    assert (lost["cause"], lost["reconnects"]) == ("no data for 5 s", 2)
    assert "door: lost, trying again: no data for 5 s" in told.lines
    assert result[0].exit_code == 0  # it gave frames, and ended by itself
    assert kept.records[-1]["event"] == "end"


def test_damage_is_reported_every_ten_seconds_at_most(model: Model) -> None:
    camera, kept, told = Camera(0, LOST), Keeping(), Told()
    now_s = [100.0]
    observer = Observer(
        StreamSet([Stream("door", camera)], model),
        Hub([kept]),
        notify=told,
        on_failure=lambda _: None,
        on_change=lambda _: None,
        clock=lambda: now_s[0],
    )
    for damaged in range(201):  # 0.125 s apart
        camera.health = SourceHealth(SourceState.LIVE, 0.0, decode_errors=damaged // 2)
        observer.look()
        now_s[0] += 0.125
    assert told.lines == [
        "door: live",
        "door: 40 more packets came damaged",
        "door: 40 more packets came damaged",
    ]
    assert [record["decode_errors"] for record in kept.events("source")] == [0, 40, 80]
    assert {record["state"] for record in kept.events("source")} == {"live"}


def test_fail_fast_ends_at_the_first_loss(model: Model) -> None:
    lost, fine = Camera(1, LOST), Camera(5, SourceHealth(SourceState.LIVE, 0.0))
    streams = [Stream("lost", lost), Stream("fine", fine)]
    summary, _, _, failures = run(streams, model, WatchOptions(fail_fast=True))
    assert summary.exit_code == 1
    assert set(summary.errors) == {"lost"}
    assert [str(error) for error in failures] == ["lost: no data for 5 s"]


def test_the_time_is_kept_and_a_camera_without_a_frame_has_failed(model: Model) -> None:
    silent = Camera(0, SourceHealth(SourceState.CONNECTING, 0.0))
    live = Camera(3, SourceHealth(SourceState.LIVE, 0.0))
    streams = [Stream("silent", silent), Stream("live", live)]
    began_s = time.monotonic()
    summary, kept, _, failures = run(streams, model, WatchOptions(seconds=0.5))
    assert 0.5 <= time.monotonic() - began_s < HANG_S
    assert summary.exit_code == 3
    assert [str(error) for error in failures] == ["silent: no frame has come"]
    assert {one["state"] for one in kept.events("end")} == {"stopped"}


def test_files_play_as_cameras_do(model: Model, clip: Path) -> None:
    began_s = time.monotonic()
    summary, kept, _, _ = run(list(choose([str(clip)])), model)
    assert time.monotonic() - began_s >= 19 / 25  # no less than the clip takes
    assert summary.exit_code == 0
    records = kept.frames("walk.mp4")
    (end,) = kept.events("end")
    assert len(records) + sum(end["dropped"].values()) == 20
    assert sum(record["dropped_before"] for record in records) <= end["dropped"].get("overload", 0)


def test_names_are_told_apart_and_hold_no_address(clip: Path) -> None:
    texts = [str(clip), str(clip), "rtsp://me:canary@camera/path?token=canary"]
    streams = choose(texts, priorities=[1, 2, 3], max_fps=[5])
    names = [stream.name for stream in streams]
    assert names == ["walk.mp4", "walk.mp4-2", "rtsp://camera/path"]
    assert [stream.priority for stream in streams] == [1, 2, 3]
    assert [stream.max_fps for stream in streams] == [5, 5, 5]


def test_live_sources_have_their_own_pace() -> None:
    with pytest.raises(ConfigError, match="--fast is for files") as raised:
        choose(["rtsp://me:canary@camera/path"], is_realtime=False)
    assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"names": ["a"]}, "--name is given 1 times for 2 sources"),
        ({"names": ["a", " "]}, "must not be empty"),
        ({"priorities": [1, 2, 3]}, "--priority is given 3 times for 2 sources"),
        ({"max_fps": [1, 2, 3]}, "--max-fps is given 3 times for 2 sources"),
    ],
)
def test_options_have_to_match_the_sources(
    clip: Path, arguments: dict[str, list[str]], reason: str
) -> None:
    with pytest.raises(ConfigError, match=reason):
        choose([str(clip), str(clip)], **arguments)  # type: ignore[arg-type]


def test_no_time_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match="seconds have to be more than 0"):
        WatchOptions(seconds=0)
