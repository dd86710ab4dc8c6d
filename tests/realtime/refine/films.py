"""Clips of people who are hidden for a while, cross, come and go; and exports of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from srfer.realtime.types import RgbImage
from tests.people import Person, paint, room

WIDTH, HEIGHT = 240, 160
FPS = 6
ROOM = room(WIDTH, HEIGHT)


def make_clip(path: Path, pictures: Iterable[RgbImage], fps: int = FPS) -> Path:
    """Encode pictures so that nothing of them is lost but some colour."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=fps, options={"crf": "12", "bf": "0"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height = WIDTH, HEIGHT
        stream.pix_fmt = "yuv444p"
        for index, picture in enumerate(pictures):
            frame = VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts, frame.time_base = index, Fraction(1, fps)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def play(path: Path, count: int, people: Callable[[int], Sequence[Person]], fps: int = FPS) -> Path:
    """A clip of `count` frames with the people who are there in each."""
    return make_clip(path, (paint(ROOM, people(i), noise=i) for i in range(count)), fps)


def frames(folder: Path) -> list[dict[str, Any]]:
    """The records of the frames in a folder of results."""
    return [json.loads(line) for line in (folder / "frames.jsonl").read_text().splitlines()]


def seen(folder: Path) -> dict[int, list[int]]:
    """By number of a face, the frames in which it is seen."""
    found: dict[int, list[int]] = {}
    for frame in frames(folder):
        for face in frame["faces"]:
            if face["state"] != "lost":
                found.setdefault(face["track"], []).append(frame["frame"])
    return found
