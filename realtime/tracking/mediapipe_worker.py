"""The process in which MediaPipe runs: pictures on its input, meshes on its output.

    python -P mediapipe_worker.py MODEL FACES SCORE_FROM

MediaPipe's library reports its use over the network, writes to stderr and can only be stopped with
its process: so it gets one of its own, which on Linux cannot open a network socket at all. This
file imports nothing of srfer; `landmarker.py` starts it and is the other end of the conversation:

    request   height, width, milliseconds (int32, int32, int64), then height * width * 3 bytes RGB
    reply     faces (int32), then for each (478 * 3 + 52) float32; or -1, a length, and why

The first reply, to no request, is 0 once the model is loaded. A picture without pixels ends a
video: the model is loaded anew, which is told in the same way. All numbers are little-endian.
"""

from __future__ import annotations

import ctypes
import os
import platform
import struct
import sys
from typing import Any, BinaryIO

REQUEST = struct.Struct("<iiq")
COUNT = struct.Struct("<i")
FAILED = -1

_SOCKET_CALL = {"x86_64": 41, "aarch64": 198}
_NO_NEW_PRIVILEGES, _SET_FILTER, _FILTER_MODE = 38, 22, 2
_LOAD, _IS_EQUAL, _RETURN = 0x20, 0x15, 0x06
_CALL_NUMBER_AT, _FIRST_ARGUMENT_AT = 0, 16
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 97  # EAFNOSUPPORT
_LOCAL = 1  # AF_UNIX


class _Instruction(ctypes.Structure):
    _fields_ = (
        ("code", ctypes.c_ushort),
        ("if_true", ctypes.c_ubyte),
        ("if_false", ctypes.c_ubyte),
        ("value", ctypes.c_uint32),
    )


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("first", ctypes.POINTER(_Instruction)))


def forbid_network() -> None:
    """Have the kernel refuse every socket of this process that is not local; Linux only.

    Raises:
        OSError: if the kernel does not take the filter.
    """
    if platform.system() != "Linux" or platform.machine() not in _SOCKET_CALL:
        return  # there the proxy that leads nowhere, set by the parent, has to do
    steps = [
        (_LOAD, 0, 0, _CALL_NUMBER_AT),
        (_IS_EQUAL, 0, 3, _SOCKET_CALL[platform.machine()]),
        (_LOAD, 0, 0, _FIRST_ARGUMENT_AT),
        (_IS_EQUAL, 1, 0, _LOCAL),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    first = (_Instruction * len(steps))(*(_Instruction(*step) for step in steps))
    program = _Program(len(steps), first)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or libc.prctl(
        _SET_FILTER, _FILTER_MODE, ctypes.byref(program), 0, 0
    ):
        raise OSError(ctypes.get_errno(), "the kernel takes no filter against network access")


def _open(model: str, faces: int, score_from: float) -> Any:
    from mediapipe.tasks.python import BaseOptions, vision

    return vision.FaceLandmarker.create_from_options(
        vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=model),
            running_mode=vision.RunningMode.VIDEO,
            num_faces=faces,
            min_face_detection_confidence=score_from,
            min_face_presence_confidence=score_from,
            min_tracking_confidence=score_from,
            output_face_blendshapes=True,
        )
    )


def _serve(landmarker: Any, requests: BinaryIO, replies: BinaryIO) -> bool:
    """Answer until the video ends; False if the requests do."""
    import mediapipe
    import numpy as np

    while len(head := requests.read(REQUEST.size)) == REQUEST.size:
        height, width, at_ms = REQUEST.unpack(head)
        if height * width == 0:
            return True
        pixels = np.frombuffer(requests.read(height * width * 3), np.uint8)
        picture = mediapipe.Image(
            image_format=mediapipe.ImageFormat.SRGB, data=pixels.reshape(height, width, 3)
        )
        found = landmarker.detect_for_video(picture, at_ms)
        reply = [COUNT.pack(len(found.face_landmarks))]
        for points, shapes in zip(found.face_landmarks, found.face_blendshapes, strict=True):
            # Depth is in the unit of x: shares of the picture's width.
            mesh = np.array([(p.x * width, p.y * height, p.z * width) for p in points], "<f4")
            reply += [mesh.tobytes(), np.array([s.score for s in shapes], "<f4").tobytes()]
        replies.write(b"".join(reply))
        replies.flush()
    return False


def main() -> None:
    """Serve one parent; ends when it closes the input."""
    # Whatever the library prints must not get between the replies.
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        forbid_network()
        goes_on = True
        while goes_on:
            with _open(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])) as landmarker:
                replies.write(COUNT.pack(0))
                replies.flush()
                goes_on = _serve(landmarker, sys.stdin.buffer, replies)
    except BrokenPipeError:
        pass  # the parent has gone
    except Exception as error:  # the parent says it: nobody reads what this process prints
        message = f"{type(error).__name__}: {error}".encode()
        replies.write(COUNT.pack(FAILED) + COUNT.pack(len(message)) + message)
        replies.flush()


if __name__ == "__main__":
    main()
