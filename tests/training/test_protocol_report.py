"""The rule and the report, on results made up for it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest

from srfer.errors import TrainingError
from srfer.training.protocol.comparison import Outcome, compare
from srfer.training.protocol.report import write_report
from srfer.training.protocol.result import Result, group
from srfer.training.protocol.statistics import mcnemar
from srfer.training.protocol.verdict import RIVALS, Decision, verdict
from srfer.training.protocol.wording import p_value, percent, points, spread

from .made_up import FACES, TITLES, make_result, make_results

# The rule


def test_it_helps_where_all_rivals_are_beaten() -> None:
    found = verdict(make_results(p3=0.74))
    assert found.decision is Decision.HELPS
    assert found.judged == "P3"
    assert found.sentences[0].startswith("The joint method helps: P3 beats B3, B6, B8 and B9 in")
    assert sum(" beats " in sentence for sentence in found.sentences[1:]) == 4


def test_the_better_network_is_judged() -> None:
    found = verdict(make_results(p3=0.60, fsrcnn=0.74))
    assert (found.decision, found.judged) == (Decision.HELPS, "P3-fsrcnn")


@pytest.mark.parametrize(("p3", "said"), [(0.681, "cannot be told from B3"), (0.6, "loses to B3")])
def test_one_rival_that_is_not_beaten_is_enough(p3: float, said: str) -> None:
    found = verdict(make_results(p3=p3, fsrcnn=0.5))
    assert found.decision is Decision.NOT_SHOWN
    assert found.sentences[0].startswith("It is not shown that the joint method helps: P3 does not")
    assert any(said in sentence for sentence in found.sentences)
    assert "helps: P3 beats" not in " ".join(found.sentences)


@pytest.mark.parametrize("rival", RIVALS)
def test_without_a_rival_nothing_is_decided(rival: str) -> None:
    found = verdict([item for item in make_results(p3=0.74) if item.row != rival])
    assert found.decision is Decision.UNDECIDED
    assert f"is not decided: {rival} is missing." in found.sentences[0]


def test_with_two_seeds_nothing_is_decided() -> None:
    found = verdict(make_results(p3=0.74, seeds=(1, 2)))
    assert found.decision is Decision.UNDECIDED
    assert "P3 has 2 of 3 seeds in common with B3, B6, B8 and B9." in found.sentences[0]
    assert found.sentences[1].startswith("So far, P3 beats B3: +")


def test_seeds_must_be_shared() -> None:
    results = [item for item in make_results(p3=0.74) if item.row != "B6"]
    found = verdict([*results, *(make_result("B6", seed) for seed in (7, 8, 9))])
    assert "is not decided: P3 has 0 of 3 seeds in common with B6." in found.sentences[0]


def test_a_network_with_too_few_seeds_is_not_judged() -> None:
    results = make_results(p3=0.74, fsrcnn=0.9)
    few = [item for item in results if item.row != "P3-fsrcnn" or item.seed == 1]
    found = verdict(few)
    assert (found.decision, found.judged) == (Decision.HELPS, "P3")
    assert any(text.startswith("P3-fsrcnn was not judged: ") for text in found.sentences)


def test_without_our_rows_nothing_is_decided() -> None:
    found = verdict([make_result("B3")])
    assert (found.decision, found.judged) == (Decision.UNDECIDED, "")
    assert "P3 and P3-fsrcnn are missing" in found.sentences[0]
    assert verdict([]).decision is Decision.UNDECIDED


def test_a_comparison_says_what_the_answers_say() -> None:
    systems = group(make_results())
    made = compare(systems, "P3", "B3", (16,))
    assert made is not None
    assert made.gain == pytest.approx(0.72 - 0.68)
    assert made.interval.low < made.gain < made.interval.high
    assert (made.seeds, made.seeds_ahead, made.count) == ((1, 2, 3), 3, FACES)
    first, second = (systems[row][0].condition("D1", 16) for row in ("P3", "B3"))
    assert first is not None
    assert second is not None
    expected = mcnemar(np.array(first.correct), np.array(second.correct)).p
    assert made.mcnemar_p[0] == expected
    assert made.outcome is Outcome.BEATS
    assert compare(systems, "P3", "B77") is None


# The report


def incomplete_results() -> list[Result]:
    """All rows but B8 and P1, and one seed of P3-fsrcnn."""
    return [
        item
        for item in make_results()
        if item.row not in ("B8", "P1") and (item.row != "P3-fsrcnn" or item.seed == 1)
    ]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The report of `incomplete_results`: its folder and its text."""
    folder = tmp_path_factory.mktemp("report")
    write_report(
        incomplete_results(), folder / "docs" / "results.md", folder / "docs" / "images", TITLES
    )
    return folder / "docs", (folder / "docs" / "results.md").read_text(encoding="utf-8")


def section_of(text: str, heading: str) -> str:
    """What follows a heading, up to the next."""
    return text.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def lines_of(text: str, heading: str, row: str) -> list[list[str]]:
    """Cells of the lines about a row in the section with this heading."""
    section = section_of(text, heading)
    lines = [line for line in section.splitlines() if line.startswith(f"| {row} |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_accuracy_and_recall_are_means_over_seeds(written: tuple[Path, str]) -> None:
    _, text = written
    (cells,) = lines_of(text, "Accuracy", "P3")
    accuracies = [0.722, 0.724, 0.726]  # at 12 px
    assert cells[:2] == ["P3", "3"]
    assert cells[5] == spread(accuracies) == "72.4 ± 0.2"
    assert lines_of(text, "Accuracy", "P3-fsrcnn")[0][5] == "70.2"  # one seed: no spread
    macro, classes = lines_of(text, "Recall", "P3")
    assert macro[5] == "62.4 ± 0.2"
    assert classes[2:] == ["90.0", "80.0", "70.0", "60.0", "50.0", "40.0", "30.0", "-"]
    assert lines_of(text, "Accuracy", "B0, B1")


def test_other_figures_are_in_their_tables(written: tuple[Path, str]) -> None:
    _, text = written
    assert lines_of(text, "Harder degradations", "P3")[0][3] == "70.4"  # D2, 12 px
    assert lines_of(text, "Restored faces", "bicubic")[0][2] == "26.40 / 0.812"
    _, kept = lines_of(text, "Restored faces", "P3")
    retained = [accuracy / (accuracy + 0.09) for accuracy in (0.722, 0.724, 0.726)]
    assert kept[4] == f"72.4 / {percent(sum(retained) / 3)}"
    assert lines_of(text, "Calibration", "B3")[0][2] == "7.1 / 2.2"
    assert lines_of(text, "Cost", "B3")[0] == ["B3", "123,456", "21.5", "1.25", "880", "321"]


def test_pairs_and_ablations_are_compared(written: tuple[Path, str]) -> None:
    _, text = written
    section = section_of(text, "Paired comparisons")
    pooled, *by_size = [line for line in section.splitlines() if "P3 against B3" in line]
    assert points(0.04) in pooled
    assert "| 1000 | 3 |" in pooled
    assert "| 3 of 3 |" in pooled
    assert pooled.endswith("| beats |")
    assert len(by_size) == 4
    assert "(1), " in by_size[0]  # McNemar with seed 1
    first, second = lines_of(text, "Ablations", "P3") + lines_of(text, "Ablations", "A-cosine")
    assert first[-2:] == ["-", "-"]
    assert second[-2] == points(-0.02)


def test_what_is_missing_is_said(written: tuple[Path, str]) -> None:
    _, text = written
    section = section_of(text, "What is missing")
    assert "- B8: SR4IR-like" in section
    assert "- P1: SR-FER: attention consistency" in section
    assert "- P3-fsrcnn: 1 seed (1) of the 3 needed" in section
    assert "- B3" not in section
    assert "**Whether the joint method helps is not decided: B8 is missing.**" in text


def test_its_limits_and_how_to_repeat_it_are_said(written: tuple[Path, str]) -> None:
    _, text = written
    assert "one validation split of 1,000 faces" in text
    assert "after the abstract" in text
    assert "none of the paper's is claimed" in text
    assert "srfer protocol --data PATH --seeds 1,2,3\n" in text
    assert "Computed on: cores 2, processor Testing 9000, python 3.12.0, torch 2.13.0." in text
    assert "{" not in text


def test_pictures_are_there(written: tuple[Path, str]) -> None:
    docs, text = written
    for name in ("protocol_accuracy.png", "protocol_gains.png"):
        assert f"(images/{name})" in text
        picture = cv2.imread(str(docs / "images" / name))
        assert picture is not None
        assert picture.std() > 5


def test_the_same_results_give_the_same_report(tmp_path: Path, written: tuple[Path, str]) -> None:
    docs, text = written
    write_report(incomplete_results()[::-1], tmp_path / "results.md", tmp_path / "images", TITLES)
    assert (tmp_path / "results.md").read_text(encoding="utf-8") == text
    for path in (docs / "images").iterdir():
        assert (tmp_path / "images" / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize("row", ["B0", "P3", "A-cosine"])
def test_one_row_is_enough_for_a_report(tmp_path: Path, row: str) -> None:
    result = make_result(row)
    only_d1 = dataclasses.replace(result, conditions=result.conditions[:1])
    write_report([only_d1], tmp_path / "results.md", tmp_path, TITLES)
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "None was measured." in text
    assert "There is no pair to compare yet." in text
    assert "No ablation has been measured." in text


def test_several_machines_are_told_apart(tmp_path: Path) -> None:
    first, second = make_result("B0"), make_result("B3")
    second = dataclasses.replace(second, machine={"processor": "Other"})
    write_report([first, second], tmp_path / "results.md", tmp_path, {})
    text = (tmp_path / "results.md").read_text(encoding="utf-8")
    assert "- processor Other: B3 seed 1" in text


def test_without_results_there_is_no_report(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no result"):
        write_report([], tmp_path / "results.md", tmp_path, TITLES)


def test_wording() -> None:
    assert p_value(0.0004) == "<0.001"
    assert p_value(0.0316) == "0.032"
    assert percent(None) == "-"
    assert spread([]) == "-"
