"""D5: the clip, the bitstream, and what comes back of the faces."""

from __future__ import annotations

from io import BytesIO

import av
import numpy as np
import pytest
import torch
from av.video.frame import PictureType
from numpy.typing import NDArray

from srfer.errors import TrainingError
from srfer.training.degradations import reduce, video_compression
from srfer.training.degradations.video_compression import (
    CRFS,
    FRAMES,
    GRID,
    TAKEN,
    compress_video,
    lay_out,
    pitch_px,
    transcode,
)

from .pictures import in_grey_levels, smooth_faces

SIZES = (24, 16, 12, 10, 8)


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    """(64, 1, 48, 48): as many as fill a clip."""
    return smooth_faces(GRID**2)


def _seeded(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _tile(frame: NDArray[np.uint8], index: int, pitch: int) -> NDArray[np.uint8]:
    row, column = index // GRID * pitch, index % GRID * pitch
    return frame[row : row + pitch, column : column + pitch]


@pytest.mark.parametrize("size", [*SIZES, 48])
def test_taken_frame_shows_each_face_in_its_mirrored_surroundings(
    faces: torch.Tensor, size: int
) -> None:
    clip, places = lay_out(faces[:, 0], size, _seeded())
    pitch = pitch_px(size)
    assert pitch % 16 == 0
    assert clip.shape == (FRAMES, GRID * pitch, GRID * pitch)
    small = in_grey_levels(reduce(faces, size))
    for index, (row, column) in enumerate(places.tolist()):
        assert min(row, column) >= 4
        assert max(row, column) + size <= pitch - 4
        around = ((row, pitch - size - row), (column, pitch - size - column))
        reference = np.pad(small[index], around, mode="symmetric")
        assert np.array_equal(_tile(clip[TAKEN], index, pitch), reference)


@pytest.mark.parametrize("size", SIZES)
def test_other_frames_show_the_faces_moved(faces: torch.Tensor, size: int) -> None:
    clip, places = lay_out(faces[:, 0], size, _seeded())
    pitch, reach = pitch_px(size), 24 // size
    for index in (0, 9, 63):
        moved = {
            (down, right): _moved_and_reduced(faces[index, 0].numpy(), down, right, size)
            for down in range(-reach, reach + 1)
            for right in range(-reach, reach + 1)
        }
        found = []
        for frame in range(FRAMES):
            tile = _tile(clip[frame], index, pitch).astype(int)
            found += [
                (row, column, part)
                for row in range(int(places[index, 0]) - 2, int(places[index, 0]) + 3)
                for column in range(int(places[index, 1]) - 2, int(places[index, 1]) + 3)
                for part, picture in moved.items()
                if np.abs(tile[row : row + size, column : column + size] - picture).max() <= 1
            ]
        assert len(found) == FRAMES
        assert len(set(found)) > 1


def _moved_and_reduced(
    picture: NDArray[np.float32], down: int, right: int, size: int
) -> NDArray[np.float64]:
    padded = np.pad(picture, 4, mode="symmetric")
    moved = padded[4 + down : 52 + down, 4 + right : 52 + right]
    return np.asarray(in_grey_levels(reduce(torch.from_numpy(moved.copy())[None, None], size))[0])


@pytest.mark.parametrize("size", [*SIZES, 48])
def test_almost_without_loss_the_faces_are_those_of_d1(faces: torch.Tensor, size: int) -> None:
    ours = in_grey_levels(compress_video(faces, size, _seeded(), crf=1))
    assert np.abs(ours - in_grey_levels(reduce(faces, size))).mean() < 1.2


@pytest.mark.parametrize("size", SIZES)
def test_error_grows_with_the_rate_factor(faces: torch.Tensor, size: int) -> None:
    small = reduce(faces, size)
    errors = [
        float((compress_video(faces, size, _seeded(), crf) - small).abs().mean())
        for crf in (1, *CRFS)
    ]
    assert errors == sorted(errors)
    assert errors[-1] > 2 * errors[1]


def _through_a_file(clip: NDArray[np.uint8], crf: int) -> list[av.VideoFrame]:
    file = BytesIO()
    with av.open(file, "w", format="h264") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = clip.shape[1:]
        stream.pix_fmt = "yuv420p"
        stream.thread_count = 1
        stream.options = {
            "crf": str(crf),
            "x264-params": "bframes=0:keyint=infinite:scenecut=0:lookahead-threads=1"
            ":threads=1:cpu-independent=1",
        }
        for picture in clip:
            luma = np.round(16 + picture.astype(float) * 219 / 255).astype(np.uint8)
            frame = av.VideoFrame(clip.shape[2], clip.shape[1], "yuv420p")
            for plane, value in zip(frame.planes, (luma, 128, 128), strict=True):
                filled = np.full((plane.height, plane.line_size), 128, np.uint8)
                filled[:, : plane.width] = value
                plane.update(filled.tobytes())
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    file.seek(0)
    with av.open(file, "r", format="h264") as source:
        return list(source.decode(video=0))


@pytest.mark.parametrize("crf", CRFS)
def test_frames_are_those_that_pyav_makes_in_a_file(faces: torch.Tensor, crf: int) -> None:
    clip, _ = lay_out(faces[:, 0], 16, _seeded())
    decoded = _through_a_file(clip, crf)
    assert [frame.pict_type for frame in decoded] == [PictureType.I] + [PictureType.P] * (
        FRAMES - 1
    )
    for ours, frame in zip(transcode(clip, crf), decoded, strict=True):
        luma = frame.to_ndarray()[: clip.shape[1]].astype(float)
        assert np.array_equal(ours, ((luma - 16) * 255 / 219).round().clip(0, 255))


@pytest.mark.parametrize("size", SIZES)
def test_a_face_of_noise_does_not_bleed_into_its_neighbours(faces: torch.Tensor, size: int) -> None:
    noise = torch.rand(1, 48, 48, generator=_seeded(8))
    spoilt = faces.clone()
    spoilt[27] = noise
    small = reduce(faces, size)
    others = torch.arange(64) != 27
    nearly = [compress_video(item, size, _seeded(), crf=1) for item in (faces, spoilt)]
    assert (nearly[0] - nearly[1])[others].abs().max() < 8 / 255
    plain, beside_noise = (
        compress_video(item, size, _seeded(), crf=30) for item in (faces, spoilt)
    )
    assert (plain - beside_noise)[27].abs().mean() > 20 / 255
    # What the encoder decides in one place alters what it decides in the next: the others lose
    # something else than before, but not more.
    error, error_beside = ((item - small)[others].abs().mean() for item in (plain, beside_noise))
    assert float(error_beside) == pytest.approx(float(error), rel=0.1)
    assert float((plain - beside_noise)[others].abs().mean()) < float(error)


def test_rate_factors_are_drawn_for_each_clip(
    faces: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = []

    def note(clip: NDArray[np.uint8], crf: int) -> NDArray[np.uint8]:
        drawn.append(crf)
        return clip

    monkeypatch.setattr(video_compression, "transcode", note)
    compress_video(faces.repeat(30, 1, 1, 1), 8, _seeded())
    assert len(drawn) == 30
    assert set(drawn) == set(CRFS)
    at_8 = drawn.copy()
    drawn.clear()
    compress_video(faces.repeat(30, 1, 1, 1), 24, _seeded())
    assert drawn == at_8
    drawn.clear()
    compress_video(faces, 8, _seeded(), crf=0)
    assert drawn == [0]


def test_faces_come_back_in_their_order_without_a_codec(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(video_compression, "transcode", lambda clip, crf: clip)
    many = smooth_faces(150)
    for size in SIZES:
        assert torch.equal(compress_video(many, size, _seeded()), reduce(many, size))


def test_a_stream_with_other_frames_is_refused(
    faces: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_compression, "_PARAMETERS", "keyint=1")
    with pytest.raises(TrainingError, match="I I I I I I I I"):
        compress_video(faces, 8, _seeded())


def test_without_libx264_the_error_says_what_to_do(
    faces: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video_compression, "_ENCODER", "libx264-that-is-missing")
    with pytest.raises(TrainingError, match=r"libx264-that-is-missing.*reinstall"):
        compress_video(faces, 8, _seeded())
