"""`--refine` on real clips: what is joined, what is found again, and what stays as it was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import av
import pytest

import srfer
from srfer.engines import Model
from srfer.errors import ConfigError
from srfer.realtime.export import ExportOptions, ExportProgress, export
from srfer.realtime.refine import Refinement
from tests.clips import FixedFace, cut
from tests.people import Person
from tests.realtime.refine.films import FPS, frames, play, seen

PAUSE = range(8, 23)
"""Longer than the two seconds for which the tracker waits."""
LENGTH = 32
LEFT, RIGHT, Y = 70, 170, 70.0


def alice(x: float) -> Person:
    return 46.0, x, Y, False


def bob(x: float) -> Person:
    return 43.0, x, Y, True


def there_and_back(index: int) -> Sequence[Person]:
    """Two people who both vanish and come back where they were."""
    return () if index in PAUSE else (alice(LEFT), bob(RIGHT))


def other_way_round(index: int) -> Sequence[Person]:
    """Two people who vanish and come back in each other's place."""
    if index in PAUSE:
        return ()
    return (alice(LEFT), bob(RIGHT)) if index < PAUSE.start else (bob(LEFT), alice(RIGHT))


@pytest.fixture(scope="module")
def model() -> Model:
    return srfer.load(device="cpu")


def run(clip: Path, out: Path, model: Model, **options: Any) -> Path:
    """Export a clip; gives the folder of its results."""
    options = dict[str, Any](formats=["jsonl"], refine=True) | options
    (outcome,) = srfer.export(clip, out, model=model, **options).outcomes
    assert outcome.error is None
    return outcome.folder


def without_pause(count: int) -> list[int]:
    return [at for at in range(count) if at not in PAUSE]


def test_a_face_keeps_its_number_and_is_seen_just_where_it_is(tmp_path: Path, model: Model) -> None:
    clip = play(tmp_path / "a.mkv", LENGTH, there_and_back)
    one = seen(run(clip, tmp_path / "one", model, refine=False))
    assert set(one) == {1, 2, 3, 4}, "the tracker has forgotten them"
    assert one[3][0] == one[4][0] > PAUSE.stop, "and does not search every frame"
    folder = run(clip, tmp_path / "two", model)
    assert seen(folder) == {1: without_pause(LENGTH), 2: without_pause(LENGTH)}
    records = frames(folder)
    hidden = {face["state"] for at in PAUSE for face in records[at]["faces"]}
    assert hidden == {"lost"}
    assert {len(record["faces"]) for record in records} == {2}
    found = records[PAUSE.stop]["faces"]
    assert [face["pass_one_track"] for face in found] == [None, None]
    assert all(face["score"] >= 0.5 and face["probabilities"] for face in found)
    assert {face["pass_one_track"] for face in records[-1]["faces"]} == {3, 4}


def test_faces_that_change_places_are_not_taken_for_each_other(
    tmp_path: Path, model: Model
) -> None:
    clip = play(tmp_path / "a.mkv", LENGTH, other_way_round)
    assert len(seen(run(clip, tmp_path / "out", model))) == 4


def test_faces_that_cross_keep_to_themselves(tmp_path: Path, model: Model) -> None:
    """Alice passes before Bob, who is hidden for some frames: only he may have a gap there."""
    clip = play(tmp_path / "a.mkv", 30, lambda i: (bob(35 + 6 * i), alice(205 - 6 * i)), fps=25)
    middles: dict[int, list[tuple[int, float]]] = {}
    for record in frames(run(clip, tmp_path / "out", model)):
        for face in record["faces"]:
            if face["state"] != "lost":
                middle = (face["box"][0] + face["box"][2]) / 2
                middles.setdefault(face["track"], []).append((record["frame"], middle))
    assert len(middles) == 2
    for found in middles.values():
        goes_right = found[-1][1] > found[0][1]
        for at, middle in found:
            assert middle == pytest.approx(35 + 6 * at if goes_right else 205 - 6 * at, abs=12)


def test_a_face_is_found_before_the_tracker_searched_and_never_before_it_came(
    tmp_path: Path, model: Model
) -> None:
    clip = play(tmp_path / "a.mkv", 20, lambda i: (alice(120),) if 3 <= i < 15 else (), fps=25)
    assert seen(run(clip, tmp_path / "one", model, refine=False)) == {1: list(range(6, 15))}
    folder = run(clip, tmp_path / "two", model)
    assert seen(folder) == {1: list(range(3, 15))}


def test_what_was_read_stays_as_it_was_read(tmp_path: Path, model: Model) -> None:
    clip = play(tmp_path / "a.mkv", 12, lambda i: (alice(80 + 2 * i),), fps=25)
    one = frames(run(clip, tmp_path / "one", model, refine=False))
    two = frames(run(clip, tmp_path / "two", model))
    for before, after in zip(one, two, strict=True):
        assert before.keys() == after.keys()
        for face, again in zip(before["faces"], after["faces"], strict=True):
            assert again.pop("pass_one_track") == face["track"]
            filtered = {"smoothed", "steady_label", "state"}
            kept = face.keys() - filtered
            assert {name: face[name] for name in kept} == {name: again[name] for name in kept}


def test_parts_and_passed_over_frames_are_refined_too(tmp_path: Path, model: Model) -> None:
    clip = play(tmp_path / "a.mkv", 2 * LENGTH, lambda i: there_and_back(i // 2), fps=2 * FPS)
    shown = [at for at in range(2 * LENGTH) if at // 2 not in PAUSE]
    first, last = 6, 57
    folder = run(clip, tmp_path / "out", model, every=2, start_s=first / 12, end_s=last / 12)
    assert seen(folder) == {
        number: [at - first for at in shown if first <= at < last and at % 2 == 0]
        for number in (1, 2)
    }


def test_all_formats_show_the_refined_results(tmp_path: Path, model: Model) -> None:
    clip = play(tmp_path / "a.mkv", LENGTH, there_and_back)
    formats = ["video", "jsonl", "csv", "parquet", "srt", "vtt", "eaf", "crops", "html"]
    folder = run(clip, tmp_path / "out", model, formats=formats, landmarks=True)
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["settings"]["refine"] == Refinement().to_record()
    assert manifest["result"]["tracks"] == 2
    assert manifest["result"]["frames"] == LENGTH
    assert sorted(path.name for path in (folder / "crops").iterdir()) == [
        "track-0001",
        "track-0002",
    ]
    pictures = {path.name for path in (folder / "crops/track-0001").iterdir()}
    assert {f"frame-{PAUSE.stop:06d}-before.png", f"frame-{PAUSE.stop:06d}-after.png"} <= pictures
    assert f"frame-{PAUSE.start:06d}-before.png" not in pictures
    header, *rows = (folder / "frames.csv").read_text().splitlines()
    assert header.endswith(",left_mouth_y,pass_one_track")
    assert len(rows) == 2 * LENGTH
    table = srfer.results(tmp_path / "out").to_pandas()
    assert table["pass_one_track"].dropna().unique().tolist() == [1, 2, 3, 4]
    with av.open(str(folder / "annotated.mp4")) as video:
        assert '"refine": {"join_gap_s"' in video.metadata["comment"]
    assert '"refine": {"join_gap_s"' in (folder / "labels.vtt").read_text()


def test_several_videos_at_a_time_give_the_same(tmp_path: Path, model: Model) -> None:
    clips = [
        play(tmp_path / "a.mkv", 12, lambda i: (alice(80),) if i >= 3 else (), fps=25),
        play(tmp_path / "b.mkv", 12, lambda i: (bob(160),) if i >= 3 else (), fps=25),
    ]
    ways: dict[int, list[dict[int, list[int]]]] = {}
    for jobs in (1, 2):
        out = tmp_path / f"out-{jobs}"
        summary = srfer.export(clips, out, formats=["jsonl"], model=model, refine=True, jobs=jobs)
        assert summary.exit_code == 0
        ways[jobs] = [seen(outcome.folder) for outcome in summary.outcomes]
    assert ways[1] == ways[2] == [{1: list(range(3, 12))}] * 2


def test_a_video_that_breaks_off_fails_as_with_one_pass_and_loses_nothing(
    tmp_path: Path, model: Model
) -> None:
    clip = cut(play(tmp_path / "a.mkv", 24, lambda i: (alice(120),), fps=25), 0.6)
    outcomes, lines = [], []
    for refine in (False, True):
        out = tmp_path / f"out-{refine}"
        summary = srfer.export(clip, out, formats=["jsonl"], model=model, refine=refine)
        outcomes.append(summary.outcomes[0])
        lines.append(len((out / "a/frames.partial.jsonl").read_text().splitlines()))
    assert str(outcomes[0].error) == str(outcomes[1].error) != "None"
    assert outcomes[0].frames == outcomes[1].frames > 0
    assert lines[0] == lines[1] > 0


def test_progress_counts_all_passes(tmp_path: Path, model: Model) -> None:
    clip = play(tmp_path / "a.mkv", 10, lambda i: (alice(120),) if i >= 3 else (), fps=25)
    told: list[tuple[int, int | None]] = []

    def tell(progress: ExportProgress) -> None:
        told.append((progress.frames, progress.expected))
        assert progress.passes == 3

    run(clip, tmp_path / "out", model, on_progress=tell)
    assert told == [(at, 30) for at in range(1, 31)]


def test_two_passes_need_something_to_look_again_with(tmp_path: Path) -> None:
    clip = play(tmp_path / "a.mkv", 2, lambda i: ())
    options = ExportOptions(refinement=Refinement())
    with pytest.raises(ConfigError, match="give make_second_look"):
        export([clip], tmp_path / "out", lambda: [FixedFace()], options)


@pytest.mark.parametrize(
    "wrong", [{"join_gap_s": -1}, {"time_constant_s": 0}, {"score_from": 1}, {"lead": -0.1}]
)
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="refinement"):
        Refinement(**wrong)
