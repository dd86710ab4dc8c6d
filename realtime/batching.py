"""Many threads ask, one thread answers, several questions at a time.

A network is asked by every stream. Asked in one batch, a GPU answers many questions in the time of
one, and on a processor the streams do not fight for its cores.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Generic, Self, TypeVar

from srfer.errors import EngineError
from srfer.leaving import LibraryThread

Q = TypeVar("Q")
A = TypeVar("A")

GATHER_S = 0.002
"""Longest wait for the questions of other streams, in seconds."""
PRESENT_S = 1.0
"""A line that has not asked for longer is not waited for: its camera may be dead."""
END_S = 5.0
"""Longest wait for the last answer, in seconds."""


class Line(Generic[Q, A]):
    """One asker's line to a `Batcher`. It belongs to one thread at a time."""

    def __init__(self, batcher: Batcher[Q, A], number: int, priority: int) -> None:
        self._batcher = batcher
        self._number = number
        self._priority = priority

    def ask(self, question: Q) -> A:
        """Ask and wait for the answer.

        Raises:
            EngineError: if the batcher has ended.
            Exception: whatever answering this question raises.
        """
        return self._batcher._ask(question, self._number, self._priority)


@dataclass(slots=True)
class _Asked(Generic[Q, A]):
    """A question that waits, or is being answered."""

    question: Q
    weight: int
    priority: int
    answer: Future[A] = field(default_factory=Future)


class Batcher(Generic[Q, A]):
    """Answers questions in a thread of its own: all that have come while it was at work together.

    A batch waits at most `gather_s` for lines that asked a moment ago and have not asked again, and
    not at all when all of them have: a lone line never waits. Where a batch fails, each of its
    questions is asked again alone, so that what is wrong with one does not harm the others.

    Args:
        answer: gives as many answers as it is given questions, in order.
        name: of the thread, and in messages.
        most: largest weight of a batch; a single question may weigh more.
        weigh: the weight of a question.
        gather_s: see above, in seconds.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Q]], Sequence[A]],
        *,
        name: str,
        most: int,
        weigh: Callable[[Q], int] = lambda _: 1,
        gather_s: float = GATHER_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._answer = answer
        self._most = most
        self._weigh = weigh
        self._gather_s = gather_s
        self._clock = clock
        self._changed = threading.Condition()  # guards all that follows
        self._waiting: list[_Asked[Q, A]] = []
        self._lines = 0
        self._asked_s: dict[int, float] = {}  # when each line asked last
        self._is_open = False
        self._thread = LibraryThread(self._work, name)

    def __enter__(self) -> Self:
        self._is_open = True
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Answer what has been asked, then end.

        Raises:
            TimeoutError: if answering does not return. The thread is a daemon, so the process can
                exit all the same.
        """
        with self._changed:
            self._is_open = False
            self._changed.notify_all()
        self._thread.join(END_S)
        if self._thread.is_alive():
            raise TimeoutError(f"{self.name} did not end within {END_S} s")

    def line(self, priority: int = 0) -> Line[Q, A]:
        """Open a line; where not all questions fit into a batch, higher priorities come first."""
        with self._changed:
            self._lines += 1
            return Line(self, self._lines, priority)

    @property
    def depth(self) -> int:
        """Number of questions that wait now."""
        with self._changed:
            return len(self._waiting)

    def _ask(self, question: Q, line: int, priority: int) -> A:
        asked: _Asked[Q, A] = _Asked(question, self._weigh(question), priority)
        with self._changed:
            if not self._is_open:
                raise EngineError(f"{self.name} has ended")
            self._waiting.append(asked)
            self._asked_s[line] = self._clock()
            self._changed.notify_all()
        return asked.answer.result()

    def _work(self) -> None:
        while batch := self._next_batch():
            self._respond(batch)

    def _next_batch(self) -> list[_Asked[Q, A]]:
        """Wait for questions; an empty batch is the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or not self._is_open)
            self._forget_silent_lines()
            self._changed.wait_for(self._is_worth_starting, self._gather_s)
            self._waiting.sort(key=lambda asked: -asked.priority)  # stable: else first come first
            count, weight = 0, 0
            for asked in self._waiting:
                weight += asked.weight
                if count and weight > self._most:
                    break
                count += 1
            batch, self._waiting = self._waiting[:count], self._waiting[count:]
            return batch

    def _is_worth_starting(self) -> bool:
        weight = sum(asked.weight for asked in self._waiting)
        are_all_here = len(self._waiting) >= len(self._asked_s)
        return not self._is_open or are_all_here or weight >= self._most

    def _forget_silent_lines(self) -> None:
        since_s = self._clock() - PRESENT_S
        self._asked_s = {line: at for line, at in self._asked_s.items() if at >= since_s}

    def _respond(self, batch: list[_Asked[Q, A]]) -> None:
        try:
            answers = self._answer([asked.question for asked in batch])
            for asked, answer in zip(batch, answers, strict=True):
                asked.answer.set_result(answer)
        except BaseException as error:
            if len(batch) == 1:
                batch[0].answer.set_exception(error)
                return
            for asked in batch:
                if not asked.answer.done():
                    self._respond([asked])
