"""A program of its own that reads the screen and writes pictures to its output.

It runs without the rest of srfer. PyAV's libraries for X and those that OpenCV brings have the same
names, so whichever is loaded second gets those of the first; read with OpenCV's, the screen ends
the whole process with a segmentation fault. See docs/decisions/0013-local-sources.md.

Usage: grab.py FORMAT FILE OPTIONS (a JSON object). Each picture is its width and its height, four
bytes each with the low one first, and its pixels in RGB. The exit status is the number of the
error, as in `errno`, or 255.
"""

from __future__ import annotations

import json
import signal
import struct
import sys

import av
from av.video.reformatter import VideoReformatter

STALL_S = 5
"""Without a picture for this long, the program ends itself, in seconds."""


def main(kind: str, file: str, options: str) -> int:
    """Write pictures until something breaks."""
    try:
        _be_patient()
        converter = VideoReformatter()  # one for every picture would leave holes in the memory
        with av.open(file, format=kind, options=json.loads(options)) as container:
            for picture in container.decode(video=0):
                _be_patient()
                pixels = converter.reformat(picture, format="rgb24", threads=1).to_ndarray()
                sys.stdout.buffer.write(struct.pack("<II", picture.width, picture.height))
                sys.stdout.buffer.write(pixels.tobytes())
                sys.stdout.buffer.flush()
    except (av.error.FFmpegError, OSError, ValueError) as error:
        return getattr(error, "errno", None) or 255
    return 255


def _be_patient() -> None:
    if hasattr(signal, "alarm"):  # not on Windows
        signal.alarm(STALL_S)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
