"""Many askers, one that answers: nothing lost, nothing mixed up, nobody kept waiting."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from srfer.errors import EngineError
from srfer.realtime.batching import PRESENT_S, Batcher, Line
from tests.synthetic import HANG_S, Counter, is_set_in_time

pytestmark = pytest.mark.usefixtures("threads_are_checked")


class Squares:
    """Squares numbers, and remembers in which batches they came; 13 is bad luck."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.asked = Counter()
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, numbers: Sequence[int]) -> list[int]:
        self.batches.append(list(numbers))
        self.asked.add()
        is_set_in_time(self.may_answer)
        if 13 in numbers:
            raise ValueError("13 has no square")
        return [number * number for number in numbers]


def ask(line: Line[int, int], number: int) -> int:
    return line.ask(number)


def test_every_asker_gets_its_own_answer() -> None:
    squares = Squares()
    with Batcher(squares, name="squares", most=8) as batcher, ThreadPoolExecutor(6) as pool:
        lines = [batcher.line() for _ in range(6)]

        def ask_often(place: int) -> bool:
            numbers = range(100 * place + 20, 100 * place + 80)
            return [lines[place].ask(number) for number in numbers] == [n * n for n in numbers]

        assert all(pool.map(ask_often, range(6)))
    assert sum(map(len, squares.batches)) == 360
    assert max(map(len, squares.batches)) <= 8


def test_what_came_during_the_work_is_answered_together() -> None:
    squares = Squares()
    squares.may_answer.clear()
    with Batcher(squares, name="squares", most=8) as batcher, ThreadPoolExecutor(4) as pool:
        first = pool.submit(batcher.line().ask, 1)
        squares.asked.wait_for(1)
        later = [pool.submit(batcher.line().ask, number) for number in (2, 3, 4)]
        while batcher.depth < 3:
            assert not first.done()
        squares.may_answer.set()
        assert first.result(HANG_S) == 1
        assert [answer.result(HANG_S) for answer in later] == [4, 9, 16]
    assert squares.batches[0] == [1]
    assert sorted(squares.batches[1]) == [2, 3, 4]


def test_higher_priorities_come_first_where_not_all_fit() -> None:
    squares = Squares()
    squares.may_answer.clear()
    with Batcher(squares, name="squares", most=2) as batcher, ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(batcher.line().ask, 1)]
        squares.asked.wait_for(1)
        for number, priority in ((2, 0), (3, 5), (4, 0), (5, 9)):
            answers.append(pool.submit(batcher.line(priority).ask, number))
            while batcher.depth < number - 1:
                pass
        squares.may_answer.set()
        assert [answer.result(HANG_S) for answer in answers] == [1, 4, 9, 16, 25]
    assert squares.batches[1:] == [[5, 3], [2, 4]]


def test_under_overload_all_get_the_same_share_however_often_they_ask() -> None:
    lines, counts, over = 6, [0] * 6, threading.Event()

    def answer(places: Sequence[int]) -> list[int]:
        while batcher.depth < lines - len(places) and not over.is_set():
            pass  # until all others wait: there is always more to do than fits
        for place in places:
            counts[place] += not over.is_set()
        if sum(counts) >= 60:
            over.set()
        return list(places)

    def ask_again_and_again(place: int) -> None:
        line = batcher.line()
        while not over.is_set():
            assert line.ask(place) == place

    batcher = Batcher(answer, name="places", most=2)
    with batcher, ThreadPoolExecutor(lines) as pool:
        list(pool.map(ask_again_and_again, range(lines)))
    assert max(counts) - min(counts) <= 1


def test_a_question_heavier_than_a_batch_is_answered_alone() -> None:
    squares = Squares()
    with Batcher(squares, name="squares", most=4, weigh=lambda number: number) as batcher:
        assert batcher.line().ask(100) == 10_000


def test_a_lone_line_never_waits_and_a_silent_one_is_not_waited_for() -> None:
    now_s = 0.0
    with Batcher(
        Squares(), name="squares", most=8, gather_s=HANG_S, clock=lambda: now_s
    ) as batcher:
        first, second = batcher.line(), batcher.line()
        assert ask(first, 3) == 9  # the second line has never asked
        now_s += PRESENT_S + 0.1
        assert ask(second, 4) == 16  # the first one has been silent for long
        with ThreadPoolExecutor(2) as pool:  # both were there a moment ago, and both ask
            assert list(pool.map(ask, (first, second), (5, 6))) == [25, 36]


def test_a_bad_question_harms_nobody_but_its_asker() -> None:
    squares = Squares()
    squares.may_answer.clear()
    with Batcher(squares, name="squares", most=8) as batcher, ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(batcher.line().ask, 1)]
        squares.asked.wait_for(1)
        answers += [pool.submit(batcher.line().ask, number) for number in (12, 13, 14)]
        while batcher.depth < 3:
            pass
        squares.may_answer.set()
        assert [answers[i].result(HANG_S) for i in (0, 1, 3)] == [1, 144, 196]
        with pytest.raises(ValueError, match="13 has no square"):
            answers[2].result(HANG_S)


def test_the_end_answers_what_was_asked_and_refuses_what_comes_later() -> None:
    squares = Squares()
    squares.may_answer.clear()
    batcher = Batcher(squares, name="squares", most=1)
    line = batcher.line()
    with ThreadPoolExecutor(2) as pool:
        with batcher:
            answers = [pool.submit(batcher.line().ask, number) for number in (2, 3)]
            squares.asked.wait_for(1)
            while batcher.depth < 1:
                pass
            squares.may_answer.set()
        assert sorted(answer.result(HANG_S) for answer in answers) == [4, 9]
    with pytest.raises(EngineError, match="squares has ended"):
        line.ask(5)
