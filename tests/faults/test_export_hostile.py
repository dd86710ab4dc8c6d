"""Many files, some of them broken, damaged on purpose or oddly named: each ends for itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srfer.realtime.export import ExportOptions, export
from srfer.realtime.formats import Format
from tests.clips import Clip, FixedFace, ticks_25

ROOT = Path(__file__).resolve().parents[2]
MUTATIONS = int(os.environ.get("SRFER_MUTATIONS", "200"))
"""How many damaged files are tried; SRFER_MUTATIONS=2000 for a longer run."""

PER_PROCESS = 100
LIMIT_BYTES = 4 << 30
MOST_RSS_MB = 300
HANG_S = 10.0

CHILD = """
import json, resource, sys
from pathlib import Path
from srfer.errors import SourceError
from srfer.realtime.export import ExportOptions, export
from srfer.realtime.formats import Format
from tests.clips import FixedFace

limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

def tell(outcome):
    error = outcome.error
    status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent's memory
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    print(json.dumps({
        "input": outcome.input.name,
        "error": None if error is None else str(error),
        "is_source_error": error is None or isinstance(error, SourceError),
        "elapsed_s": outcome.elapsed_s,
        "rss_mb": peak_kb / 1024,
    }), flush=True)

formats = frozenset({Format.VIDEO, Format.JSONL, Format.HTML})
export(
    [Path(name) for name in sys.argv[3:]], Path(sys.argv[2]), lambda: [FixedFace()],
    ExportOptions(formats=formats), on_outcome=tell,
)
"""


def mutated(data: bytes, seed: int) -> bytes:
    """Flips, cuts, copies, zeros, and damage to the head, by a seed."""
    random = np.random.default_rng(seed)
    spoiled = bytearray(data)
    place, source = (int(n) for n in random.integers(0, len(data) - 64, 2))
    match seed % 5:
        case 0:
            for spot in random.integers(0, len(data), 20):
                spoiled[spot] = int(random.integers(0, 256))
        case 1:
            del spoiled[place:]
        case 2:
            spoiled[place:place] = data[source : source + 5000]
        case 3:
            spoiled[place : place + 500] = bytes(min(500, len(data) - place))
        case _:
            for spot in random.integers(0, min(len(data), 600), 8):
                spoiled[spot] = int(random.integers(0, 256))
    return bytes(spoiled)


def test_damaged_files_end_their_own_export_only(tmp_path: Path) -> None:
    small: dict[str, Any] = {"width": 64, "height": 48}
    avi = Clip(ticks=range(8), time_base=Fraction(1, 25), codec="mpeg4", **small)
    clips = [
        Clip(ticks=ticks_25(8), sound="aac", **small).make(tmp_path / "o.mp4"),
        Clip(ticks=ticks_25(8), sound="libopus", **small).make(tmp_path / "o.mkv"),
        Clip(ticks=ticks_25(8), b_frames=2, **small).make(tmp_path / "o.ts"),
        avi.make(tmp_path / "o.avi"),
    ]
    originals = [(clip.suffix, clip.read_bytes()) for clip in clips]
    told: list[dict[str, object]] = []
    for first in range(0, MUTATIONS, PER_PROCESS):
        names = []
        for seed in range(first, min(first + PER_PROCESS, MUTATIONS)):
            suffix, data = originals[seed % len(originals)]
            names.append(tmp_path / f"{seed}{suffix}")
            names[-1].write_bytes(mutated(data, seed))
        child = subprocess.run(
            [sys.executable, "-c", CHILD, str(LIMIT_BYTES), str(tmp_path / "out"), *names],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=PER_PROCESS * HANG_S,
        )
        assert child.returncode == 0, (child.returncode, child.stdout[-500:], child.stderr[-500:])
        told += [json.loads(line) for line in child.stdout.splitlines()]
    assert len(told) == MUTATIONS
    for one in told:
        assert one["is_source_error"], one
        assert float(str(one["elapsed_s"])) < HANG_S, one
        assert float(str(one["rss_mb"])) < MOST_RSS_MB, one
        error = one["error"]
        assert error is None or (str(error).isprintable() and str(one["input"]) in str(error)), one
    assert sum(one["error"] is not None for one in told) > MUTATIONS / 10, "the damage is real"
    assert sum(one["error"] is None for one in told) > MUTATIONS / 10


def test_of_a_hundred_files_the_broken_ones_alone_fail(tmp_path: Path) -> None:
    clip = Clip(ticks=ticks_25(2), width=32, height=32).make(tmp_path / "good.mp4")
    data = clip.read_bytes()
    (tmp_path / "in").mkdir()
    broken = {f"{i:03d}.mp4" for i in range(5, 100, 14)}
    assert len(broken) == 7
    for i in range(100):
        name = f"{i:03d}.mp4"
        content = data[: len(data) // 3] if name in broken else data
        (tmp_path / "in" / name).write_bytes(content)
    options = ExportOptions(formats=frozenset({Format.JSONL}))
    summary = export([tmp_path / "in"], tmp_path / "out", lambda: [FixedFace()], options)
    failed = {
        outcome.input.name: str(outcome.error) for outcome in summary.outcomes if outcome.error
    }
    assert set(failed) == broken
    assert all(error.startswith(f"{name}: ") for name, error in failed.items())
    assert summary.exit_code == 3
    assert len(list((tmp_path / "out").glob("*/manifest.json"))) == 93


def test_playlists_in_disguise_are_refused_at_once(tmp_path: Path) -> None:
    secret = Clip(ticks=ticks_25(3)).make(tmp_path / "secret.ts")
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n"
    (tmp_path / "a.mp4").write_text(playlist)
    (tmp_path / "b.mp4").write_text(f"ffconcat version 1.0\nfile {secret.name}\n")
    os.mkfifo(tmp_path / "c.mp4")
    (tmp_path / "d.mp4").symlink_to("/dev/zero")
    (tmp_path / "e.mp4").symlink_to("/etc/passwd")
    inputs = [tmp_path / f"{letter}.mp4" for letter in "abcde"]
    summary = export(inputs, tmp_path / "out", lambda: [FixedFace()])
    assert summary.exit_code == 1
    for outcome in summary.outcomes:
        assert outcome.error is not None
        assert outcome.elapsed_s < 2
        assert not outcome.folder.exists()


ODD_NAMES = {
    "newline": b"a\nb.mp4",
    "escape": b"\x1b[31mred.mp4",
    "right-to-left": "\u202egpj.mp4".encode(),
    "leading dash": b"-rf.mp4",
    "markup": b"<b>&quot;\"'.mp4",
    "not utf-8": b"caf\xe9.mp4",
    "long": b"x" * 251 + b".mp4",
}


@pytest.mark.parametrize("kind", ODD_NAMES)
def test_odd_names_go_through_every_format(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Clip(ticks=ticks_25(3)).make(tmp_path / "plain.mp4")
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + ODD_NAMES[kind]))
    plain.rename(path)
    monkeypatch.chdir(tmp_path)
    options = ExportOptions(formats=frozenset(Format))
    (outcome,) = export([Path(path.name)], Path("out"), lambda: [FixedFace()], options).outcomes
    assert outcome.error is None
    assert outcome.folder.name.isprintable()
    texts = ["frames.jsonl", "frames.csv", "labels.vtt", "labels.eaf", "report.html"]
    for name in [*texts, "../index.html"]:
        text = (outcome.folder / name).read_text(encoding="utf-8")
        assert all(char.isprintable() or char == "\n" for char in text), name
    again = export(
        [Path(path.name)],
        Path("out"),
        lambda: [FixedFace()],
        ExportOptions(formats=frozenset(Format), is_resumed=True),
    )
    assert again.outcomes[0].is_resumed
