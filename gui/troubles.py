"""What the other rooms say when something goes wrong, as far as a window meets it.

They know no Qt and speak English. Each sentence stands here as they make it, with places in braces
for what they fill in, so that it can be translated with the rest of the window. A file or source
that they name in front of it is no part of the sentence. Places called `what` and `why` hold what
stands here itself; the others hold names, numbers, and the like.
"""

from __future__ import annotations

from PyQt6.QtCore import QT_TRANSLATE_NOOP

CONTEXT = "Troubles"

# pylupdate6 finds texts by this name of the function, and by plain strings only.
FILES = (
    QT_TRANSLATE_NOOP("Troubles", "no such file; check the path"),
    QT_TRANSLATE_NOOP("Troubles", "may not be read; change its permissions"),
    QT_TRANSLATE_NOOP("Troubles", "is a folder; name a video file in it"),
    QT_TRANSLATE_NOOP(
        "Troubles", "is a pipe or device, not a file; save the video to a file first"
    ),
    QT_TRANSLATE_NOOP("Troubles", "is empty (0 bytes); copy it again"),
    QT_TRANSLATE_NOOP("Troubles", "holds no video; name a file with pictures"),
    QT_TRANSLATE_NOOP(
        "Troubles", "its codec is unknown (or the file is damaged); convert it to H.264"
    ),
    QT_TRANSLATE_NOOP(
        "Troubles",
        "holds no frame that can be decoded (damaged, or over {n} megapixels); copy it again or "
        "scale it down",
    ),
    QT_TRANSLATE_NOOP(
        "Troubles",
        "breaks off after {n} frames: the file is damaged or incomplete; copy it again",
    ),
    QT_TRANSLATE_NOOP(
        "Troubles",
        "is {size} pixels, more than {side} a side or {n} megapixels; scale it down first",
    ),
    QT_TRANSLATE_NOOP("Troubles", "no frame within {n} s"),
    QT_TRANSLATE_NOOP("Troubles", "no frame begins at {n} s or later{rest}"),
    QT_TRANSLATE_NOOP("Troubles", "none of {n} pictures can be read"),
    QT_TRANSLATE_NOOP("Troubles", "holds no picture ({suffixes})"),
    QT_TRANSLATE_NOOP("Troubles", "no such folder"),
    QT_TRANSLATE_NOOP("Troubles", "{what}: reading takes too long; copy it to a local disk"),
    QT_TRANSLATE_NOOP(
        "Troubles",
        "{what}: too large for the memory, or too many tracks; convert it to MP4",
    ),
    QT_TRANSLATE_NOOP("Troubles", "{what}; convert it to MP4"),
    QT_TRANSLATE_NOOP("Troubles", "{what}: unsupported codec; convert it to H.264"),
    QT_TRANSLATE_NOOP("Troubles", "{what} ({detail}); copy it again or convert it to MP4"),
    QT_TRANSLATE_NOOP("Troubles", "cannot be read"),
    QT_TRANSLATE_NOOP("Troubles", "cannot be searched"),
    QT_TRANSLATE_NOOP(
        "Troubles",
        "is not a video that can be read: unfinished, damaged or of an unknown format",
    ),
    QT_TRANSLATE_NOOP("Troubles", "breaks off after {n} frames"),
    QT_TRANSLATE_NOOP("Troubles", "{n} packets in a row cannot be decoded"),
    QT_TRANSLATE_NOOP("Troubles", "frame {n} cannot be converted to RGB"),
)
STREAMS = (
    QT_TRANSLATE_NOOP(
        "Troubles", "the connection is refused; is the camera on, and is the port right?"
    ),
    QT_TRANSLATE_NOOP("Troubles", "there is no way to this host; check the network"),
    QT_TRANSLATE_NOOP("Troubles", "there is no way to this host; check its address"),
    QT_TRANSLATE_NOOP(
        "Troubles", "the host is unknown or does not answer; check its name and the network"
    ),
    QT_TRANSLATE_NOOP("Troubles", "the host does not answer; check its address and the network"),
    QT_TRANSLATE_NOOP("Troubles", "the connection was reset"),
    QT_TRANSLATE_NOOP("Troubles", "the port is in use by another program"),
    QT_TRANSLATE_NOOP("Troubles", "not allowed (401): check user and password"),
    QT_TRANSLATE_NOOP("Troubles", "not allowed (403): check the rights of the user"),
    QT_TRANSLATE_NOOP("Troubles", "the host has no such stream (404): check the path"),
    QT_TRANSLATE_NOOP("Troubles", "the host refuses the request: check the address"),
    QT_TRANSLATE_NOOP("Troubles", "the host answers that it has a fault of its own"),
    QT_TRANSLATE_NOOP("Troubles", "this build of FFmpeg knows no addresses of this kind"),
    QT_TRANSLATE_NOOP("Troubles", "its codec is not known; choose H.264"),
    QT_TRANSLATE_NOOP(
        "Troubles", "is in no format that is read; let it send MPEG-TS, H.264, HEVC or MJPEG"
    ),
    QT_TRANSLATE_NOOP("Troubles", "the connection was closed"),
    QT_TRANSLATE_NOOP("Troubles", "not enough memory"),
    QT_TRANSLATE_NOOP("Troubles", "no answer within {n} s"),
    QT_TRANSLATE_NOOP("Troubles", "no data for {n} s"),
    QT_TRANSLATE_NOOP("Troubles", "data, but no picture within {n} s"),
    QT_TRANSLATE_NOOP("Troubles", "the connection broke off"),
    QT_TRANSLATE_NOOP("Troubles", "the stream ended"),
    QT_TRANSLATE_NOOP("Troubles", "holds no video"),
    QT_TRANSLATE_NOOP("Troubles", "sends nothing that is a video; check the path"),
    QT_TRANSLATE_NOOP("Troubles", "its pictures are too large ({size} pixels)"),
    QT_TRANSLATE_NOOP("Troubles", "a picture cannot be converted to RGB"),
    QT_TRANSLATE_NOOP("Troubles", "not a kind of stream that is read; {schemes} are"),
    QT_TRANSLATE_NOOP("Troubles", "the host or the port is impossible"),
    QT_TRANSLATE_NOOP(
        "Troubles",
        "it cannot be told where the password ends; write @ as %40, / as %2F, ? as %3F and # as "
        "%23 in it, and @ as %40 in the path",
    ),
)
DEVICES = (
    QT_TRANSLATE_NOOP("Troubles", "is not there; plug it in"),
    QT_TRANSLATE_NOOP("Troubles", "was unplugged"),
    QT_TRANSLATE_NOOP("Troubles", "gives no data; plug it in again"),
    QT_TRANSLATE_NOOP("Troubles", "is in use by another program; close that"),
    QT_TRANSLATE_NOOP(
        "Troubles",
        "may not be opened; add yourself to the group: sudo usermod -aG video $USER, and log in "
        "again",
    ),
    QT_TRANSLATE_NOOP("Troubles", "is not a camera"),
    QT_TRANSLATE_NOOP("Troubles", "offers no video of this size and rate"),
    QT_TRANSLATE_NOOP("Troubles", "there is no such webcam; there are: none"),
    QT_TRANSLATE_NOOP("Troubles", "there is no such webcam; there are: {names}"),
    QT_TRANSLATE_NOOP("Troubles", "more than one is called so; there are: {names}"),
    QT_TRANSLATE_NOOP("Troubles", "{name} is gone, and {other} has its number"),
    QT_TRANSLATE_NOOP(
        "Troubles", "cannot be opened: not there, in use by another program, or not allowed"
    ),
    QT_TRANSLATE_NOOP("Troubles", "gives no more pictures"),
    QT_TRANSLATE_NOOP("Troubles", "cannot be opened"),
    QT_TRANSLATE_NOOP("Troubles", "broke off"),
    QT_TRANSLATE_NOOP("Troubles", "the X server does not answer; check the variable DISPLAY"),
    QT_TRANSLATE_NOOP("Troubles", "this region is not (or not wholly) on the screen"),
    QT_TRANSLATE_NOOP("Troubles", "cannot be read any more"),
    QT_TRANSLATE_NOOP("Troubles", "there is no screen: the variable DISPLAY is not set"),
    QT_TRANSLATE_NOOP(
        "Troubles",
        "Wayland lets no program read the screen in this way; log in to an X11 session (or unset "
        "WAYLAND_DISPLAY, to read the X server that DISPLAY names)",
    ),
)
MODELS = (
    QT_TRANSLATE_NOOP(
        "Troubles", "no model {name}: give the path of an .onnx file or one of {names}"
    ),
    QT_TRANSLATE_NOOP("Troubles", "cannot read model {name}: {why}"),
    QT_TRANSLATE_NOOP("Troubles", "{name} is damaged (sha256 differs): reinstall srfer"),
    QT_TRANSLATE_NOOP("Troubles", "{name} is no ONNX file, or damaged"),
    QT_TRANSLATE_NOOP("Troubles", "{name} is not a srfer model: it has no {key} metadata"),
    QT_TRANSLATE_NOOP("Troubles", "no device can run {name} ({detail})"),
    QT_TRANSLATE_NOOP("Troubles", "{device} does not compute in {precision}: only {names}"),
    QT_TRANSLATE_NOOP("Troubles", "this needs MediaPipe: {command}"),
    QT_TRANSLATE_NOOP("Troubles", "this needs {names}: pip install {extra}"),
)
OUTPUTS = (
    QT_TRANSLATE_NOOP("Troubles", "{why}; free some space"),
    QT_TRANSLATE_NOOP("Troubles", "{why} after {n} frames; free some space"),
    QT_TRANSLATE_NOOP("Troubles", "{why}; check its folder"),
    QT_TRANSLATE_NOOP("Troubles", "{why} after {n} frames; check its folder"),
    QT_TRANSLATE_NOOP("Troubles", "cannot be written to ({why}); choose another folder"),
    QT_TRANSLATE_NOOP("Troubles", "is a file; choose a folder for the results"),
    QT_TRANSLATE_NOOP("Troubles", "holds the input {name}; choose another folder for the results"),
    QT_TRANSLATE_NOOP("Troubles", "{name} exists already; choose another name"),
    QT_TRANSLATE_NOOP("Troubles", "a recording is under way; end it before the next one"),
    QT_TRANSLATE_NOOP("Troubles", "the picture cannot be encoded; try another frame"),
    QT_TRANSLATE_NOOP("Troubles", "the end ({end} s) must be after the start ({start} s)"),
    QT_TRANSLATE_NOOP(
        "Troubles",
        "was deleted or renamed during the export; its results are complete but for {name}",
    ),
    QT_TRANSLATE_NOOP("Troubles", "changed while it was read; export it again when it is complete"),
)
SYSTEM = (
    QT_TRANSLATE_NOOP("Troubles", "no space left on device"),
    QT_TRANSLATE_NOOP("Troubles", "disk quota exceeded"),
    QT_TRANSLATE_NOOP("Troubles", "file too large"),
    QT_TRANSLATE_NOOP("Troubles", "permission denied"),
    QT_TRANSLATE_NOOP("Troubles", "operation not permitted"),
    QT_TRANSLATE_NOOP("Troubles", "read-only file system"),
    QT_TRANSLATE_NOOP("Troubles", "no such file or directory"),
    QT_TRANSLATE_NOOP("Troubles", "not a directory"),
    QT_TRANSLATE_NOOP("Troubles", "is a directory"),
    QT_TRANSLATE_NOOP("Troubles", "file name too long"),
    QT_TRANSLATE_NOOP("Troubles", "input/output error"),
    QT_TRANSLATE_NOOP("Troubles", "too many open files"),
)
"""Reasons of the operating system, in lower case."""

OWN = (
    QT_TRANSLATE_NOOP("Troubles", "no source was named; give a file, an address, or webcam:0"),
    QT_TRANSLATE_NOOP("Troubles", "{why}; the settings file was kept as {name}"),
    QT_TRANSLATE_NOOP("Troubles", "the export was stopped; nothing of it is left"),
    QT_TRANSLATE_NOOP("Troubles", "the settings are damaged"),
    QT_TRANSLATE_NOOP("Troubles", "the settings are from a newer version"),
    QT_TRANSLATE_NOOP("Troubles", "the settings are larger than settings can be"),
    QT_TRANSLATE_NOOP("Troubles", "setting {name} has an impossible value"),
    QT_TRANSLATE_NOOP("Troubles", "{name} cannot be written; check its folder"),
    QT_TRANSLATE_NOOP("Troubles", "the picture cannot be written; choose another folder"),
)
"""What the window's own parts without Qt say."""

IN_A_WINDOW = {
    "{name} exists already; continue with --resume, replace it with --force or choose another "
    "folder": QT_TRANSLATE_NOOP(
        "Troubles",
        "{name} exists already; tick “Replace earlier results” or choose another folder",
    ),
    "about {need} MB are needed and {free} MB are free; free some space, choose another disk, or "
    "leave the video out (--no-video)": QT_TRANSLATE_NOOP(
        "Troubles",
        "about {need} MB are needed and {free} MB are free; free some space, choose another disk, "
        "or leave the video out",
    ),
    "the model file of {name} is not here yet: run `srfer model fetch {again}`, or name the file "
    "with --tracker-model": QT_TRANSLATE_NOOP(
        "Troubles", "the model file of {name} is not here yet: run `srfer model fetch {again}`"
    ),
    "{name} is damaged, or another model: run `srfer model fetch {again}`, or name the file with "
    "--tracker-model": QT_TRANSLATE_NOOP(
        "Troubles", "{name} is damaged, or another model: run `srfer model fetch {again}`"
    ),
    "nothing to write: name at least one format": QT_TRANSLATE_NOOP(
        "Troubles", "nothing to write: choose at least one output"
    ),
    "cannot be encoded after {n} frames ({detail}); leave the video out with --no-video": (
        QT_TRANSLATE_NOOP(
            "Troubles", "cannot be encoded after {n} frames ({detail}); leave the video out"
        )
    ),
}
"""Where the advice is about the command line, what a window says instead."""

NAMED = QT_TRANSLATE_NOOP("Troubles", "{name}: {trouble}")
OTHER = QT_TRANSLATE_NOOP("Troubles", "{text}")
"""Whatever does not stand here: its translation says that the text is English."""

SENTENCES = {
    text: text
    for group in (FILES, STREAMS, DEVICES, MODELS, OUTPUTS, SYSTEM, OWN)
    for text in group
} | IN_A_WINDOW
"""From what is said to what is shown, in English."""
