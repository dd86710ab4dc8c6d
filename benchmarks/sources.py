"""What local sources cost, how exact they are, and how quickly they obey.

    python -m benchmarks.sources

Synthetic video: milliseconds of processor time a frame, and the share of its faces that the
detector finds. Player: how late frames come, and how long a seek and a stop take. Screen (needs
Xvfb): pictures a second.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np

from srfer.realtime import Pipeline, Policy
from srfer.realtime.detection import open_detector
from srfer.realtime.sources.player import Player
from srfer.realtime.sources.screen import open_screen, parse_screen
from srfer.realtime.sources.synthetic import Scene, SyntheticVideo
from tests.clips import FixedFace
from tests.synthetic import Keep

from .harness import percentiles, write_result

SCENES = {
    "2 faces of 40 px, 640x360": Scene(faces=2, face_px=40),
    "12 faces of 24 px, 640x360": Scene(faces=12, face_px=24),
    "1 face of 150 px, 640x360": Scene(faces=1, face_px=150),
    "6 faces of 64 px, 1280x720": Scene(faces=6, face_px=64, width=1280, height=720),
}
SIZES_PX = (16, 20, 24, 28, 32, 40, 64)
SEEDS = 10
FACES = 4
SEEKS = 60
STOPS = 60


def render_ms(scene: Scene) -> dict[str, Any]:
    """Milliseconds of the processor's time for each frame."""
    times = []
    with SyntheticVideo(scene) as video:
        frames = iter(video)
        for _ in range(scene.frame_count):
            started = time.thread_time()
            next(frames)
            times.append((time.thread_time() - started) * 1e3)
    return percentiles(times)


def found_share() -> dict[str, float]:
    """Share of faces whose middle a detection of score 0.7 or more hits, by size."""
    shares = {}
    with open_detector("retinaface", detect_px=640, device="cpu") as detector:
        for size in SIZES_PX:
            hits = 0
            for seed in range(SEEDS):
                scene = Scene(faces=FACES, face_px=size, seconds=Fraction(1), seed=seed)
                with SyntheticVideo(scene) as video:
                    frame, boxes = next(iter(video)), video.boxes(0)
                (found,) = detector.detect([frame.image])
                middles = [face.box.center for face in found if face.score >= 0.7]
                hits += sum(
                    any(
                        np.hypot(x - box.center[0], y - box.center[1]) < size / 2
                        for x, y in middles
                    )
                    for box in boxes
                )
            shares[str(size)] = hits / (SEEDS * FACES)
    return shares


def make_clip(path: Path) -> None:
    """Twenty seconds of H.264, 640x360, with a key frame every ten."""
    scene = Scene(faces=2, seconds=Fraction(20))
    with SyntheticVideo(scene) as video, av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=25, options={"preset": "fast"})
        stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
        for frame in video:
            output.mux(stream.encode(av.VideoFrame.from_ndarray(frame.image, format="rgb24")))
        output.mux(stream.encode(None))


def lateness_ms(path: Path, speed: float) -> dict[str, Any]:
    """How much later than due frames come."""
    with Player(path, speed=speed) as player:
        frames = iter(player)
        first = next(frames)
        late = []
        for frame in islice(frames, 150):
            assert frame.pts is not None
            due_s = first.captured_s + float(frame.pts) / speed
            late.append((frame.captured_s - due_s) * 1e3)
    return percentiles(late)


def seek_ms(path: Path) -> dict[str, Any]:
    """From a seek, during a pause, to the frame."""
    random = np.random.default_rng(1)
    times = []
    with Player(path) as player:
        frames = iter(player)
        next(frames)
        player.pause()
        for position_s in random.uniform(0, 20, SEEKS):
            started = time.perf_counter()
            player.seek(float(position_s))
            next(frames)
            times.append((time.perf_counter() - started) * 1e3)
    return percentiles(times)


def stop_ms(path: Path) -> dict[str, Any]:
    """How long a pipeline takes to stop while its player waits, half of the times in a pause."""
    times = []
    for number in range(STOPS):
        player, keep = Player(path, speed=0.25), Keep()
        pipeline = Pipeline(player, [FixedFace()], [keep], policy=Policy.LIVE)
        pipeline.start()
        keep.seen.wait_for(1)
        if number % 2:
            player.pause()
        started = time.perf_counter()
        pipeline.stop()
        times.append((time.perf_counter() - started) * 1e3)
        pipeline.join()
    return percentiles(times)


@contextmanager
def x_server() -> Iterator[dict[str, str]]:
    """An X server of 1280x720 pixels."""
    command = ["Xvfb", "-displayfd", "1", "-noreset", "-screen", "0", "1280x720x24"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert server.stdout is not None
        yield {"DISPLAY": ":" + server.stdout.readline().strip()}
    finally:
        server.terminate()
        server.communicate()


def screen_rates() -> dict[str, float]:
    """Pictures a second that come, by what was asked for."""
    rates = {}
    with x_server() as environ:
        for text in ("screen:640x480+100+50@30", "screen:@15", "screen:@30"):
            request = parse_screen(text)
            assert request is not None
            with open_screen(request, environ=environ) as source:
                # At first it makes up for the time that opening took.
                moments = [frame.captured_s for frame in islice(source, 60, 151)]
            rates[text] = round(90 / (moments[-1] - moments[0]), 2)
    return rates


def main() -> None:
    """Measure, print and write the result file."""
    data: dict[str, Any] = {
        "render_ms": {name: render_ms(scene) for name, scene in SCENES.items()},
        "found_share": found_share(),
    }
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "clip.mp4"
        make_clip(path)
        data["late_ms"] = {f"speed {speed}": lateness_ms(path, speed) for speed in (1, 4)}
        data["seek_ms"] = seek_ms(path)
        data["stop_ms"] = stop_ms(path)
    if shutil.which("Xvfb"):
        data["screen_rates"] = screen_rates()
    for step, figures in data.items():
        print(f"{step}: {figures}")
    print(write_result("sources", data))


if __name__ == "__main__":
    main()
