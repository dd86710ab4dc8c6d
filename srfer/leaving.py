"""Ending the process while a library still holds one of our threads.

A camera that accepts a connection and says nothing may hold a thread inside FFmpeg for as long as
its time-out. Such threads are daemons, so Python does not wait for them. But it takes itself and
its libraries down while they are at work in there, and then the process may end by a signal after
all was done well. So where one is left, the process ends without that.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress


class LibraryThread(threading.Thread):
    """A daemon thread in which libraries are called that may not return.

    Args:
        target: what it does.
        name: of the thread.
    """

    def __init__(self, target: Callable[[], None], name: str) -> None:
        super().__init__(target=target, name=name, daemon=True)


def end_process_if_held(code: int) -> None:
    """End the process with this code, at once, if a thread is still at work in a library.

    Only for the very end of a command, when all sinks are closed: what Python does at its end (such
    as `atexit`) is left out, apart from flushing stdout and stderr.
    """
    if not any(isinstance(thread, LibraryThread) for thread in threading.enumerate()):
        return
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError, ValueError):  # nobody reads it any more, or it is closed
                stream.flush()
    os._exit(code)
