"""What Prometheus reads, parsed as Prometheus parses it."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

import srfer
from srfer import __version__
from srfer.errors import ConfigError
from srfer.realtime import Policy
from srfer.realtime.sources import VideoFile
from srfer.realtime.streams import Stream
from srfer.realtime.watch import Watch, WatchOptions
from srfer.realtime.watch.metrics import MetricsServer
from tests.clips import Clip, ticks_25
from tests.realtime.watch.keeping import Keeping
from tests.realtime.watch.servers import Told

pytestmark = pytest.mark.usefixtures("threads_are_checked")

ODD = 'the "odd" \\ one\n'


def scrape(url: str) -> dict[str, Metric]:
    with urllib.request.urlopen(url, timeout=10) as answer:
        text = answer.read().decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Watch:
    """Of two streams, not run yet."""
    path = Clip(ticks=ticks_25(10)).make(tmp_path_factory.mktemp("clips") / "a.mp4")
    streams = [Stream(name, VideoFile(path)) for name in ("door", ODD)]
    options = WatchOptions(policy=Policy.LOSSLESS)
    told = Told()
    return Watch(
        streams, srfer.load(), [Keeping()], options=options, notify=told, on_failure=lambda _: None
    )


@pytest.fixture(scope="module")
def families(watch: Watch) -> Iterator[list[dict[str, Metric]]]:
    """All metrics before and after the run."""
    with MetricsServer(watch, 0) as server:
        assert server.url.startswith("http://127.0.0.1:")
        before = scrape(server.url)
        watch.run()
        yield [before, scrape(server.url)]


def value(families: dict[str, Metric], name: str, **labels: str) -> float:
    (found,) = [
        sample.value
        for family in families.values()
        for sample in family.samples
        if sample.name == name and sample.labels == labels
    ]
    return found


def test_frames_are_counted_for_each_source(families: list[dict[str, Metric]]) -> None:
    before, after = families
    for source in ("door", ODD):
        assert value(before, "srfer_frames_captured_total", source=source) == 0
        assert value(after, "srfer_frames_captured_total", source=source) == 10
        assert value(after, "srfer_frames_processed_total", source=source) == 10
        assert value(after, "srfer_frames_in_flight", source=source) == 0
        for cause in ("overload", "budget", "paused", "aborted"):
            name = "srfer_frames_dropped_total"
            assert value(after, name, source=source, cause=cause) == 0


def test_states_change(families: list[dict[str, Metric]]) -> None:
    for state, expected in (("connecting", (1, 0)), ("live", (0, 0)), ("ended", (0, 1))):
        found = [value(one, "srfer_source_state", source="door", state=state) for one in families]
        assert tuple(found) == expected


def test_ages_and_stages_add_up(families: list[dict[str, Metric]]) -> None:
    _, after = families
    assert value(after, "srfer_result_age_seconds_count", source="door") == 10
    assert value(after, "srfer_result_age_seconds_bucket", source="door", le="+Inf") == 10
    buckets = [
        sample.value
        for sample in after["srfer_result_age_seconds"].samples
        if sample.name.endswith("_bucket") and sample.labels["source"] == "door"
    ]
    assert buckets == sorted(buckets)
    assert 0 < value(after, "srfer_result_age_seconds_sum", source="door") < 60
    stages = {
        sample.labels["stage"]
        for sample in after["srfer_stage_duration_seconds"].samples
        if sample.labels["source"] == "door"
    }
    assert {"source", "feed"} < stages
    assert len(stages) > 3
    for stage in stages - {"source"}:
        name = "srfer_stage_duration_seconds_count"
        assert value(after, name, source="door", stage=stage) in (10, 0)
        assert value(after, "srfer_stage_queued_frames", source="door", stage=stage) == 0


def test_the_ways_out_and_the_process_are_there(families: list[dict[str, Metric]]) -> None:
    _, after = families
    assert value(after, "srfer_info", version=__version__) == 1
    assert value(after, "srfer_outlet_reports_sent_total", outlet="keeping") >= 22
    assert value(after, "srfer_outlet_connected", outlet="keeping") == 1
    assert value(after, "process_resident_memory_bytes") > 1e6
    assert value(after, "srfer_faces", source="door") == 0
    assert value(after, "srfer_effort_reduction", source="door") == 0


def test_names_follow_the_rules(families: list[dict[str, Metric]]) -> None:
    for family in families[1].values():
        assert re.fullmatch(r"(srfer|process)_[a-z_]+", family.name), family.name
        assert family.documentation.endswith((".", "most."))
        if family.type == "counter":
            assert all(sample.name.endswith(("_total", "_created")) for sample in family.samples)
        assert not re.search(r"_(ms|milliseconds|mb)\b", family.name)


def test_a_port_that_is_taken_is_told_in_a_line(watch: Watch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        message = f"metrics cannot be served on 127.0.0.1 port {port}: address already in use"
        with pytest.raises(ConfigError, match=message):
            MetricsServer(watch, port).__enter__()


def test_a_host_that_is_not_here_is_told_in_a_line(watch: Watch) -> None:
    with pytest.raises(ConfigError, match=r"metrics cannot be served on 192\.0\.2\.1"):
        MetricsServer(watch, 0, "192.0.2.1").__enter__()
