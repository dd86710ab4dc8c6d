"""What decoding, drawing and encoding a frame costs.

    python -m benchmarks.media

640x480, one face of 150 px: milliseconds a frame for reading the file to RGB, drawing the overlay,
writing the annotated video, and writing the numbers.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import srfer
from srfer.realtime.demo.clip import make_clip
from srfer.realtime.overlay import Overlay
from srfer.realtime.sinks import CsvSink, JsonlSink, VideoSink
from srfer.realtime.sources import VideoFile

from .export_speed import pacing
from .harness import percentiles, write_result

FRAMES = 300
RUNS = 5


def ms_per_frame(started: float) -> float:
    """Milliseconds a frame since `started`."""
    return (time.perf_counter() - started) * 1e3 / FRAMES


def measure(clip: Path, folder: Path, samples: dict[str, list[float]]) -> None:
    """Run every step over the whole clip once."""
    started = time.perf_counter()
    with VideoFile(clip) as source:
        info, count = source.info, sum(1 for _ in source)
    assert count == FRAMES
    samples.setdefault("decode_to_rgb", []).append(ms_per_frame(started))
    results = list(srfer.analyze(clip))
    overlay = Overlay()
    started = time.perf_counter()
    for result in results:
        overlay.draw(result)
    draw_ms = ms_per_frame(started)
    samples.setdefault("draw", []).append(draw_ms)
    started = time.perf_counter()
    with VideoSink(folder / "annotated.mp4", info, overlay) as sink:
        for result in results:
            sink.write(result)
    samples.setdefault("convert_encode_mux", []).append(ms_per_frame(started) - draw_ms)
    started = time.perf_counter()
    with JsonlSink(folder / "frames.jsonl") as lines, CsvSink(folder / "frames.csv") as table:
        for result in results:
            lines.write(result)
            table.write(result)
    samples.setdefault("jsonl_and_csv", []).append(ms_per_frame(started))


def main() -> None:
    """Measure, print and write the result file."""
    samples: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_clip(folder / "clip.mp4", pacing(FRAMES))
        for _ in range(RUNS):
            measure(folder / "clip.mp4", folder, samples)
    data: dict[str, Any] = {step: percentiles(values) for step, values in samples.items()}
    for step, figures in data.items():
        print(f"{step}: {figures['p50']:.2f} ms a frame (n={figures['n']} runs)")
    print(write_result("media", {"frames": FRAMES, "ms_per_frame": data}))


if __name__ == "__main__":
    main()
