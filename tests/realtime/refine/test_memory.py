"""Pass one of a long video: what it remembers goes to the disk."""

from __future__ import annotations

import gc
import tracemalloc
from fractions import Fraction
from pathlib import Path

import numpy as np

from srfer.realtime import Frame, FrameResult
from srfer.realtime.refine import Kept
from srfer.realtime.refine.collecting import Collector
from srfer.realtime.refine.rows import ROWS_PER_BLOCK, RowFile, row_type
from tests.clips import expression, face


def test_memory_does_not_grow_with_the_faces_that_are_kept(tmp_path: Path) -> None:
    image = np.zeros((96, 96, 3), np.uint8)
    kept = Kept(pictures=True)
    with RowFile(tmp_path, kept) as rows, Collector(rows) as collector:
        held: list[int] = []
        tracemalloc.start()
        try:
            for position in range(2 * ROWS_PER_BLOCK):
                frame = Frame("film", position, 0.0, Fraction(position, 25), image)
                collector.write(FrameResult(frame, (face(reading=expression()),)))
                if (position + 1) % ROWS_PER_BLOCK == 0:
                    gc.collect()
                    held.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert len(rows) == 2 * ROWS_PER_BLOCK
    growth = held[1] - held[0]
    in_rows = ROWS_PER_BLOCK * row_type(kept).itemsize
    assert growth < in_rows / 50, f"{growth} bytes more after another {in_rows} bytes of rows"
