"""How fast `srfer export` is, and how much memory it takes.

    python -m benchmarks.export_speed

Makes clips of 640x480 with one face of about 150 px, exports each as a user would, several times in
turn: numbers only, all formats without pictures, the annotated video in each codec; then four clips
with one and with two of them at work at a time (`--jobs`), and once a clip four times as long to
see whether memory grows. Frames per second count from the opening of a clip to its last file
written, those of batches over the whole command; start-up is reported beside them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from srfer.realtime.demo.clip import HEIGHT_PX, WIDTH_PX, Walk, make_clip

from .harness import percentiles, write_result

KINDS = {
    "no_video": ["--no-video"],
    "texts": ["--formats", "jsonl,csv,parquet,srt,vtt,ass,eaf,html"],
    "video": [],
    "video_hevc": ["--video-codec", "hevc"],
    "video_av1": ["--video-codec", "av1"],
}
BATCH = 4
JOBS = (1, 2)
FRAMES = 750
RUNS = 5
SIDE_PX = 150.0


def pacing(frames: int) -> Walk:
    """A face that sways and breathes before the camera."""
    time_s = np.arange(frames) / 25
    sides = SIDE_PX * (1 + 0.08 * np.sin(time_s * 1.1))
    x = WIDTH_PX / 2 + 90 * np.sin(time_s * 0.7)
    y = HEIGHT_PX / 2 + 12 * np.sin(time_s * 1.7)
    return Walk(sides, np.stack([x, y], axis=1))


def export(clips: list[Path], out: Path, *options: str) -> dict[str, float]:
    """Run the command once.

    Returns:
        frames per second of the last clip, and of all over the whole command, peak resident memory
        in MB, processor seconds, and the whole command's wall time in seconds.
    """
    report = out / "report.json"
    out.mkdir(parents=True)
    started = time.perf_counter()
    child = os.fork()
    if child == 0:
        with report.open("w") as file:
            os.dup2(file.fileno(), 1)
        command = [
            sys.executable,
            "-m",
            "srfer",
            "export",
            *map(str, clips),
            "--out",
            str(out / "results"),
        ]
        os.execv(sys.executable, [*command, "--quiet", *options])
    _, status, usage = os.wait4(child, 0)
    wall_s = time.perf_counter() - started
    if status:
        sys.exit(f"srfer export failed with {os.waitstatus_to_exitcode(status)}")
    outcomes = [json.loads(line) for line in report.read_text().splitlines()]
    return {
        "fps": outcomes[-1]["frames"] / outcomes[-1]["elapsed_s"],
        "fps_overall": sum(outcome["frames"] for outcome in outcomes) / wall_s,
        "peak_mb": usage.ru_maxrss / 1024,
        "cpu_s": usage.ru_utime + usage.ru_stime,
        "wall_s": wall_s,
    }


def summarise(runs: list[dict[str, float]]) -> dict[str, Any]:
    """Percentiles of every figure over the runs."""
    return {name: percentiles([run[name] for run in runs], digits=2) for name in runs[0]}


def main() -> None:
    """Measure, print and write the result file."""
    data: dict[str, Any] = {
        "frames": FRAMES,
        "clips_in_batch": BATCH,
        "size_px": [WIDTH_PX, HEIGHT_PX],
        "face_px": SIDE_PX,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short = [folder / f"short-{i}.mp4" for i in range(BATCH)]
        for clip in short:
            make_clip(clip, pacing(FRAMES))
        make_clip(folder / "long.mp4", pacing(4 * FRAMES))
        runs: dict[str, list[dict[str, float]]] = {}
        export(short[:1], folder / "warm-up", "--no-video")
        for run in range(RUNS):
            for kind, options in KINDS.items():
                figures = export(short[:1], folder / f"{kind}-{run}", *options)
                runs.setdefault(kind, []).append(figures)
            for jobs in JOBS:
                options = ["--no-video", "--jobs", str(jobs)]
                figures = export(short, folder / f"jobs-{jobs}-{run}", *options)
                runs.setdefault(f"batch_jobs_{jobs}", []).append(figures)
        data |= {kind: summarise(found) for kind, found in runs.items()}
        data["four_times_as_long"] = export([folder / "long.mp4"], folder / "long")
    for kind in runs:
        fps, peak = data[kind]["fps"], data[kind]["peak_mb"]
        overall = data[kind]["fps_overall"]["p50"]
        print(
            f"{kind}: {fps['p50']:.0f} fps (n={fps['n']}), {overall:.0f} over the whole command, "
            f"peak {peak['p50']:.0f} MB"
        )
    long = data["four_times_as_long"]
    print(f"four times as long, video: {long['fps']:.0f} fps, peak {long['peak_mb']:.0f} MB")
    print(write_result("export_speed", data))


if __name__ == "__main__":
    main()
