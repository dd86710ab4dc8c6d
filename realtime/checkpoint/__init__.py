"""What an export leaves behind while it is at work, so that another can go on where it was killed.

Every so many frames the results since the last time are written, and what the stages remember. An
export that goes on reads its input from the start, since only that tells what is wrong with it, but
gives the frames before that point the results that are there, and analyses the others.
"""

from __future__ import annotations

from .checkpoints import Checkpoints, VideoSaver
from .files import Earlier, find_earlier

__all__ = ["Checkpoints", "Earlier", "VideoSaver", "find_earlier"]
