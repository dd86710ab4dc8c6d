"""What an export that was killed costs when it goes on.

    python -m benchmarks.resuming

Made clips with one face, 640x480 and 1080p with a camera's noise, each without and with annotated
video: exported whole, then killed after nine tenths and resumed, in turn. The files of both have to
be the same byte for byte. What is known passes at the rate that is left of the second run when the
frames that it analyses are taken off at the rate of the whole one.
"""

from __future__ import annotations

import filecmp
import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from srfer.realtime.demo.clip import make_clip
from srfer.realtime.formats import MANIFEST_NAME

from .export_speed import NOISE, apart, make_large_clip, pacing
from .harness import percentiles, write_result

RUNS = 5
FRAMES = 1500
KILLED_AT = 0.9
KINDS = {"no_video": "jsonl,csv", "video": "video,jsonl,csv"}

CHILD = """
import json, os, signal, sys
import srfer

clip, out, formats, share, resume = sys.argv[1:]

def tell(progress):
    if progress.frames > float(share) * progress.expected:
        os.kill(os.getpid(), signal.SIGKILL)

(outcome,) = srfer.export(
    clip, out, formats=formats, resume=resume == "True", on_progress=tell
).outcomes
print(json.dumps(outcome.to_record()))
"""


def export(clip: Path, out: Path, formats: str, *, resume: bool, share: float = 2.0) -> Any:
    """Export in a process of its own, which is killed after a share of the frames.

    Returns:
        what became of the clip, or None if it was killed.
    """
    command = [sys.executable, "-c", CHILD, str(clip), str(out), formats, str(share), str(resume)]
    child = subprocess.run(command, check=False, stdout=subprocess.PIPE)
    if child.returncode == -signal.SIGKILL:
        return None
    if child.returncode:
        sys.exit(f"the export failed with {child.returncode}")
    return json.loads(child.stdout)


def measure(clip: Path, folder: Path, formats: str) -> dict[str, float]:
    """Export whole, killed, and resumed."""
    whole = export(clip, folder / "whole", formats, resume=False)
    export(clip, folder / "killed", formats, resume=False, share=KILLED_AT)
    rest = export(clip, folder / "killed", formats, resume=True)
    one, other = folder / "whole" / clip.stem, folder / "killed" / clip.stem
    names = [path.name for path in one.iterdir() if path.name != MANIFEST_NAME]
    same, *others = filecmp.cmpfiles(one, other, names, shallow=False)
    if len(same) != len(names):
        sys.exit(f"the files are not the same: {others}")
    known, fps = rest["known_frames"], whole["frames"] / whole["elapsed_s"]
    known_s = rest["elapsed_s"] - (rest["frames"] - known) / fps
    return {
        "whole_s": whole["elapsed_s"],
        "resumed_s": rest["elapsed_s"],
        "known_frames": known,
        "fps": fps,
        "known_fps": known / known_s,
    }


def main() -> None:
    """Measure, print and write the result file."""
    found: dict[str, Any] = {"frames": FRAMES, "killed_at": KILLED_AT, "noise": NOISE}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        small, large = folder / "small.mp4", folder / "large.mp4"
        make_clip(small, pacing(FRAMES))
        apart(make_large_clip, large, NOISE)
        runs: dict[str, list[dict[str, float]]] = {}
        for run in range(RUNS):
            for clip in (small, large):
                for kind, formats in KINDS.items():
                    figures = measure(clip, folder / f"{clip.stem}-{kind}-{run}", formats)
                    runs.setdefault(f"{clip.stem}_{kind}", []).append(figures)
    for kind, of_runs in runs.items():
        found[kind] = {
            figure: percentiles([one[figure] for one in of_runs], digits=2) for figure in of_runs[0]
        }
        middle = {figure: values["p50"] for figure, values in found[kind].items()}
        print(
            f"{kind}: {middle['fps']:.0f} fps, known frames {middle['known_fps']:.0f} fps; whole "
            f"{middle['whole_s']:.1f} s, the rest of it {middle['resumed_s']:.1f} s (n={RUNS})"
        )
    print(write_result("resuming", found))


if __name__ == "__main__":
    main()
