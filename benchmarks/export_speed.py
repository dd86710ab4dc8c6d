"""How fast `srfer export` is, and how much memory it takes.

    python -m benchmarks.export_speed [--scale-up CLIP ...]

Exports made clips as a user would, in turn, and takes medians: 640x480 with one face of about
150 px as numbers only, as all formats without pictures, and as annotated H.264; four such clips
with one and with two of them at work at a time (`--jobs`); 1080p with one face, beside what PyAV
needs to do nothing but decode the same clip with the same threads: once clean as it was made, 0.4
Mbit/s, and once with the noise of a camera, 7.5 Mbit/s, and also clips given, scaled up to 1080p
and played forwards and backwards. HEVC and AV1 are encoded once, and a shorter clip, since they are
slow. Peak memory is taken of every run, and also of a clip four times as long and of a batch of
eight times as many files. Frames per second count from the opening of a clip to its last file
written, those of batches over the whole command; start-up is reported beside them.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.codec.context import ThreadType
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from srfer.realtime.demo.clip import HEIGHT_PX, WIDTH_PX, Walk, make_clip
from srfer.realtime.sources import Scene, SyntheticVideo, VideoFile

from .harness import percentiles, write_result

KINDS = {
    "no_video": ["--no-video"],
    "texts": ["--formats", "jsonl,csv,parquet,srt,vtt,ass,eaf,html"],
    "video": [],
}
SLOW_KINDS = {
    "video_hevc": ["--video-codec", "hevc"],
    "video_av1": ["--video-codec", "av1"],
}
"""Run once, over `SLOW_FRAMES`."""

BATCH = 4
JOBS = (1, 2)
FRAMES = 750
SLOW_FRAMES = 100
LARGE_FRAMES = 750
MANY_FILES, FEW_FILES = 32, 4
RUNS = 5
BATCH_RUNS = 3
SIDE_PX = 150.0
NOISE = 4.0
"""Standard deviation of a camera's noise, in gray levels."""
LARGE = Scene(faces=1, face_px=SIDE_PX, width=1920, height=1080, seconds=Fraction(LARGE_FRAMES, 25))


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


def make_large_clip(path: Path, noise: float) -> None:
    """1080p H.264 with one face."""
    dice = np.random.default_rng(0)
    with SyntheticVideo(LARGE) as source:
        grains = (
            noise * dice.standard_normal((LARGE.height, LARGE.width, 1), np.float32)
            for _ in range(LARGE_FRAMES)
        )
        shown = (frame.image + grain for frame, grain in zip(source, grains, strict=False))
        encode(path, (image.round().clip(0, 255).astype(np.uint8) for image in shown))


def scale_up(clip: Path, path: Path) -> None:
    """A clip at 1080p, forwards and backwards in turn, its border repeated beside it."""
    with VideoFile(clip) as source:
        images = [frame.image for frame in islice(source, LARGE_FRAMES)]
    encode(path, (enlarged(image) for image in islice(cycle(images + images[::-1]), LARGE_FRAMES)))


def enlarged(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 3) to (1080, 1920, 3), whole and in its shape."""
    scale = min(LARGE.width / image.shape[1], LARGE.height / image.shape[0])
    larger = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    down, across = LARGE.height - larger.shape[0], LARGE.width - larger.shape[1]
    sides = down // 2, down - down // 2, across // 2, across - across // 2
    return np.asarray(cv2.copyMakeBorder(larger, *sides, cv2.BORDER_REPLICATE), np.uint8)


def encode(path: Path, images: Iterable[NDArray[np.uint8]]) -> None:
    """1080p H.264 of 25 frames a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "23", "preset": "fast"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = LARGE.width, LARGE.height, "yuv420p"
        for index, image in enumerate(images):
            picture = VideoFrame.from_ndarray(image, format="rgb24")
            picture.pts, picture.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def decode(clip: Path) -> float:
    """Frames per second of PyAV alone, without converting them to anything."""
    started = time.perf_counter()
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = ThreadType.AUTO
        stream.thread_count = min(4, os.cpu_count() or 1)  # as srfer decodes
        count = sum(1 for _ in container.decode(stream))
    return count / (time.perf_counter() - started)


def summarise(runs: list[dict[str, float]]) -> dict[str, Any]:
    """Percentiles of every figure over the runs."""
    return {name: percentiles([run[name] for run in runs], digits=2) for name in runs[0]}


def measure_small(folder: Path) -> dict[str, Any]:
    """640x480: every kind of output, and batches."""
    clips = [folder / f"small-{i}.mp4" for i in range(BATCH)]
    make_clip(clips[0], pacing(FRAMES))
    for clip in clips[1:]:
        shutil.copy(clips[0], clip)
    slow = folder / "slow.mp4"
    make_clip(slow, pacing(SLOW_FRAMES))
    runs: dict[str, list[dict[str, float]]] = {}
    export(clips[:1], folder / "warm-up", "--no-video")
    for run in range(RUNS):
        for kind, options in KINDS.items():
            figures = export(clips[:1], folder / f"{kind}-{run}", *options)
            runs.setdefault(kind, []).append(figures)
        for jobs in JOBS if run < BATCH_RUNS else ():
            options = ["--no-video", "--jobs", str(jobs)]
            figures = export(clips, folder / f"jobs-{jobs}-{run}", *options)
            runs.setdefault(f"batch_jobs_{jobs}", []).append(figures)
    for kind, options in SLOW_KINDS.items():
        runs[kind] = [export([slow], folder / kind, *options)]
    return {kind: summarise(found) for kind, found in runs.items()}


def measure_large(folder: Path, given: Sequence[Path]) -> dict[str, Any]:
    """1080p: exporting beside decoding, in turn."""
    clean, noisy = folder / "large.mp4", folder / "noisy.mp4"
    apart(make_large_clip, clean, 0.0)
    apart(make_large_clip, noisy, NOISE)
    kinds = {
        "large_no_video": (clean, ["--no-video"]),
        "large_video": (clean, []),
        "noisy_no_video": (noisy, ["--no-video"]),
        "noisy_video": (noisy, []),
    }
    for clip in given:
        scaled = folder / f"scaled-{clip.stem}.mp4"
        apart(scale_up, clip, scaled)
        kinds[f"scaled_{clip.stem}_no_video"] = (scaled, ["--no-video"])
    runs: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    for run in range(RUNS):
        for kind, (clip, options) in kinds.items():
            decode_fps = decode(clip)
            figures = export([clip], folder / f"{kind}-{run}", *options)
            share = figures["fps"] / decode_fps
            runs[kind].append({**figures, "decode_fps": decode_fps, "share_of_decoding": share})
    found = {kind: summarise(figures) for kind, figures in runs.items()}
    for kind, (clip, _) in kinds.items():
        found[kind]["mbit_s"] = round(clip.stat().st_size * 8e-6 / (LARGE_FRAMES / 25), 1)
    return found


def apart(make: Callable[..., None], *arguments: object) -> None:
    """Call in a process of its own: Linux counts the memory of whoever starts a command as its own.

    (An `exec` keeps the peak of the process image that it replaces.)
    """
    process = multiprocessing.get_context("spawn").Process(target=make, args=arguments)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{make.__name__} failed with {process.exitcode}")


def measure_memory(folder: Path) -> dict[str, Any]:
    """Annotated video of a clip four times as long, and of few and many files."""
    long = folder / "long.mp4"
    make_clip(long, pacing(4 * FRAMES))
    found: dict[str, Any] = {"four_times_as_long": export([long], folder / "long")}
    for count in (FEW_FILES, MANY_FILES):
        clips = [folder / f"one-of-{count}-{i}.mp4" for i in range(count)]
        for clip in clips:
            shutil.copy(folder / "slow.mp4", clip)
        found[f"{count}_files"] = export(clips, folder / f"files-{count}")
    return found


def main() -> None:
    """Measure, print and write the result file."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--scale-up", type=Path, nargs="+", default=[], metavar="CLIP")
    given = parser.parse_args().scale_up
    data: dict[str, Any] = {
        "frames": FRAMES,
        "slow_frames": SLOW_FRAMES,
        "large_frames": LARGE_FRAMES,
        "clips_in_batch": BATCH,
        "size_px": [WIDTH_PX, HEIGHT_PX],
        "large_size_px": [LARGE.width, LARGE.height],
        "noise": NOISE,
        "face_px": SIDE_PX,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {**measure_small(folder), **measure_large(folder, given)}
        memory = measure_memory(folder)
    for kind, figures in found.items():
        fps, overall = figures["fps"], figures["fps_overall"]["p50"]
        share = figures.get("share_of_decoding")
        beside = ""
        if share is not None:
            beside = f", {100 * share['p50']:.0f} % of decoding {figures['mbit_s']} Mbit/s alone"
        print(
            f"{kind}: {fps['p50']:.0f} fps (n={fps['n']}){beside}, {overall:.0f} over the whole "
            f"command, peak {figures['peak_mb']['p50']:.0f} MB"
        )
    for kind, figures in memory.items():
        print(f"{kind}, video: {figures['fps_overall']:.0f} fps, peak {figures['peak_mb']:.0f} MB")
    print(write_result("export_speed", {**data, **found, **memory}))


if __name__ == "__main__":
    main()
