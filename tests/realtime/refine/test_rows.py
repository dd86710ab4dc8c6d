"""What pass one keeps: nothing is lost on the way, nothing stays behind, and it is small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from srfer.errors import ExportError
from srfer.realtime import Box, Face, Track, TrackState
from srfer.realtime.details import BLENDSHAPES, MESH_POINTS, FaceDetails
from srfer.realtime.refine.rows import ROWS_PER_BLOCK, Kept, RowFile, row_type, to_result, to_row
from tests.clips import expression

EVERYTHING = Kept(pictures=True, details=True)
POINTS = np.arange(10, dtype=np.float32).reshape(5, 2)
MESH = np.arange(MESH_POINTS * 3, dtype=np.float32).reshape(-1, 3)
SHAPES = np.linspace(0, 1, len(BLENDSHAPES), dtype=np.float32)
BOX = Box(10.1, -20.2, 30.3, 44.4)


def test_a_face_comes_back_as_it_was() -> None:
    face = Face(BOX, 0.87, POINTS.copy(), FaceDetails(MESH.copy(), SHAPES.copy()))
    reading = expression("fear", 0.7, 33.3)
    row = to_row(5, Track(7, TrackState.NEW, face, 3), reading, EVERYTHING)
    result = to_result(row[0], 3, 0.0, EVERYTHING)
    assert result.track.id == result.pass_one_track == 7
    assert result.track.state is TrackState.NEW
    assert result.track.face.box == BOX
    assert result.track.face.score == 0.87
    assert result.track.face.landmarks is not None
    assert np.array_equal(result.track.face.landmarks, POINTS)
    assert result.track.face.details is not None
    assert np.array_equal(result.track.face.details.mesh, MESH)
    assert np.array_equal(result.track.face.details.blendshapes, SHAPES)
    read = result.expression
    assert read is not None
    assert read.restored is not None
    assert reading.restored is not None
    assert np.array_equal(read.probabilities, reading.probabilities)
    assert np.array_equal(read.restored, reading.restored)
    assert (read.native_px, read.expected_accuracy) == (33.3, reading.expected_accuracy)


def test_what_was_not_measured_stays_unknown() -> None:
    row = to_row(0, Track(1, TrackState.LOST, Face(BOX, 0.5), 0), None, EVERYTHING)
    row["first_track"] = 0
    result = to_result(row[0], 0, None, EVERYTHING)
    assert result.track.state is TrackState.LOST
    assert result.track.face.landmarks is None
    assert result.track.face.details is None
    assert result.expression is None
    assert result.smoothed is None
    assert result.steady_label is None
    assert result.pass_one_track is None


def test_rows_are_read_in_both_directions_and_changed_in_place(tmp_path: Path) -> None:
    count = 2 * ROWS_PER_BLOCK + 10
    with RowFile(tmp_path, Kept()) as rows:
        for position in range(count):
            rows.append(to_row(position, Track(1, TrackState.NEW, Face(BOX, 0.5), 0), None, Kept()))
        assert len(rows) == count
        for start, block in rows.blocks(is_backward=True):
            block["score"] = block["position"] + start
            rows.rewrite(start, block)
        assert [int(row["position"][0]) for row in rows.rows()] == list(range(count))
        starts = range(0, count, ROWS_PER_BLOCK)
        scores = [at + at // ROWS_PER_BLOCK * ROWS_PER_BLOCK for at in range(count)]
        assert [float(row["score"][0]) for row in rows.rows()] == scores
        backward = [start for start, _ in rows.blocks(is_backward=True)]
        assert backward == list(reversed(starts))
        assert int(rows.row(ROWS_PER_BLOCK + 3)["position"][0]) == ROWS_PER_BLOCK + 3
        assert not list(tmp_path.iterdir()), "the file has no name that could stay behind"


def test_a_folder_without_room_is_told_in_words(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="no/observations: no such file or directory"):
        RowFile(tmp_path / "no", Kept())


def test_a_face_in_a_frame_takes_few_bytes() -> None:
    assert row_type(Kept()).itemsize <= 200
    assert row_type(Kept(pictures=True)).itemsize <= 200 + 48 * 48 + 1
