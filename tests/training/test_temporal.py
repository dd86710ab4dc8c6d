"""The temporal head: it starts as the per-frame network, and learns what only time tells."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn.functional import one_hot

from srfer.engines import LABELS, load, read_model
from srfer.errors import ConfigError, TrainingError
from srfer.training.data.tracks import TrackSet, load_tracks, vary_tracks
from srfer.training.networks import Cascade, build_cascade
from srfer.training.networks.temporal import TemporalFER, TemporalHead, read_frames
from srfer.training.temporal import (
    LOG_NAME,
    TemporalProgress,
    TemporalRecipe,
    TemporalTrainer,
    load_cascade,
    load_temporal,
    train_on_tracks,
    train_temporal,
)

LENGTH = 8
GROWING, SHRINKING = LABELS.index("surprise"), LABELS.index("neutral")


@pytest.fixture(scope="module")
def cascade() -> Cascade:
    """A per-frame network that tells the two expressions from all others, not from each other."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = build_cascade("none", "residual-small")
        tracks = ring_tracks(8, seed=9)
        for _ in range(20):  # gives batch norms their statistics
            read_frames(network, tracks.faces.float() / 255, tracks.native_px)
    with torch.no_grad():
        network.fer.classifier.weight.mul_(0.01)
        network.fer.classifier.bias[[GROWING, SHRINKING]] = 5.0
    return network.eval()


def ring_track(random: np.random.Generator, label: int, frames: int) -> NDArray[np.uint8]:
    """(frames, 48, 48): a bright ring that grows or shrinks, and starts anew at the other end.

    Each frame alone, and all of them in any order, are as likely in one class as in the other.
    """
    y, x = np.mgrid[0:48, 0:48]
    step = 2.0 if label == GROWING else -2.0
    radius = 4 + (random.uniform(0, 16) + step * np.arange(frames)[:, None, None]) % 16
    ring = np.exp(-(((np.hypot(x - 24, y - 24) - radius) / 3) ** 2))
    image = 90 + 120 * ring + random.normal(0, 4, ring.shape)
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def ring_tracks(count: int, seed: int, shortest: int = 4) -> TrackSet:
    """As many growing as shrinking rings, `shortest` to 8 frames each."""
    random = np.random.default_rng(seed)
    labels = torch.tensor([GROWING, SHRINKING]).repeat(count // 2)
    faces = torch.zeros(count, LENGTH, 1, 48, 48, dtype=torch.uint8)
    mask = torch.zeros(count, LENGTH, dtype=torch.bool)
    for index, label in enumerate(labels.tolist()):
        frames = int(random.integers(shortest, LENGTH + 1))
        faces[index, -frames:, 0] = torch.from_numpy(ring_track(random, label, frames))
        mask[index, -frames:] = True
    votes = one_hot(labels, len(LABELS)).float()
    return TrackSet(faces, torch.full((count, LENGTH), 48.0), mask, votes)


def toy_recipe(**changes: Any) -> TemporalRecipe:
    """A recipe for a few seconds; keyword arguments replace its values."""
    small: dict[str, Any] = {"width": 16, "blocks": 1, "sizes_px": (48,), "variants": 2}
    return TemporalRecipe(**(small | {"epochs": 3, "batch": 16} | changes))


def random_head(channels: int, **options: Any) -> TemporalHead:
    """A head whose correction is not zero, as after training."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(5)
        head = TemporalHead(channels, **options).eval()
        torch.nn.init.normal_(head.correct.weight)
    return head


# The networks


@pytest.mark.parametrize("fer", ["residual-small", "residual", "vgg13", "resnet18"])
def test_it_starts_as_the_per_frame_network(fer: str) -> None:
    cascade = build_cascade("unshuffle", fer).eval()
    faces = torch.rand(2, 3, 1, 48, 48)
    native_px = torch.tensor([[48.0, 24, 16], [8, 9, 10]])
    mask = torch.tensor([[True, True, True], [False, False, True]])
    channels = read_frames(cascade, faces, native_px).features.shape[2]
    network = TemporalFER(cascade, TemporalHead(channels)).eval()
    with torch.no_grad():
        logits = network(faces, native_px, mask)
        every = cascade(faces.flatten(0, 1), native_px.flatten(), torch.ones(6)).logits
    assert logits.shape == (2, len(LABELS))
    assert torch.equal(logits, every.reshape(2, 3, -1)[:, -1])


def test_only_the_head_learns(cascade: Cascade) -> None:
    network = TemporalFER(cascade, TemporalHead(128)).train()
    assert network.head.training
    assert not any(module.training for module in cascade.modules())
    tracks = ring_tracks(2, seed=1)
    logits = network(tracks.faces.float() / 255, tracks.native_px, tracks.mask)
    torch.autograd.backward(logits.sum())
    learning = {name for name, value in network.named_parameters() if value.grad is not None}
    assert learning == {name for name, _ in network.named_parameters() if name.startswith("head.")}


@pytest.mark.parametrize("rubbish", [0.0, 7.0, 1e30, float("nan")])
def test_padding_and_other_tracks_do_not_change_the_answer(rubbish: float) -> None:
    head = random_head(6, width=8, blocks=3, dropout=0.0).train()  # as training sees it
    features, newest = torch.randn(4, 5, 6, 3, 3), torch.randn(4, 8)
    padded = torch.cat([torch.full((4, 3, 6, 3, 3), rubbish), features], dim=1)
    mask = torch.cat([torch.zeros(4, 3, dtype=torch.bool), torch.ones(4, 5, dtype=torch.bool)], 1)
    with torch.no_grad():
        alone = head(features[:1], mask[:1, 3:], newest[:1])
        assert torch.allclose(head(padded, mask, newest)[:1], alone, atol=1e-6)
    assert not torch.allclose(alone, newest[:1], atol=1e-2)


# Variations


def test_all_frames_of_a_track_vary_alike() -> None:
    tracks = ring_tracks(6, seed=1)
    still = dataclasses.replace(tracks, faces=tracks.faces[:, -1:].repeat(1, LENGTH, 1, 1, 1))
    sizes = (48, 24, 12)
    faces, native_px = vary_tracks(still, torch.arange(6), sizes, torch.Generator().manual_seed(1))
    assert faces.shape == (6, LENGTH, 1, 48, 48)
    assert torch.equal(faces, faces[:, :1].expand_as(faces))
    assert torch.equal(native_px, native_px[:, :1].expand_as(native_px))
    assert len(set(native_px[:, 0].tolist())) > 1
    originals = still.faces.float() / 255
    assert all((faces[i] - originals[i]).abs().mean() > 0.01 for i in range(6))


def test_without_a_generator_faces_are_only_reduced() -> None:
    tracks = ring_tracks(2, seed=1)
    faces, native_px = vary_tracks(tracks, torch.tensor([1]), (48,), None)
    assert torch.equal(faces, tracks.faces[1:].float() / 255)
    assert native_px.tolist() == [[48.0] * LENGTH]
    small = dataclasses.replace(tracks, native_px=torch.full((2, LENGTH), 10.0))
    _, native_px = vary_tracks(small, torch.tensor([0]), (24,), None)
    assert native_px.tolist() == [[10.0] * LENGTH]


# Training


@torch.no_grad()
def accuracy(network: TemporalFER, tracks: TrackSet) -> float:
    """Share of tracks that a network labels correctly."""
    logits = network(tracks.faces.float() / 255, tracks.native_px, tracks.mask)
    return float((logits.argmax(dim=1) == tracks.votes.argmax(dim=1)).float().mean())


def test_it_learns_what_no_single_frame_shows(cascade: Cascade, tmp_path: Path) -> None:
    training, validation = ring_tracks(256, seed=1), ring_tracks(64, seed=2)
    recipe = toy_recipe(epochs=8, width=32, batch=32, variants=1, learning_rate=1e-2, dropout=0.0)
    seen: list[TemporalProgress] = []
    path = train_temporal(recipe, cascade, training, validation, tmp_path, on_progress=seen.append)
    (scores,) = seen[-1].scores
    assert scores.accuracy > 0.9
    assert 0.4 <= scores.newest_accuracy <= 0.6
    network = load_temporal(path, cascade)
    assert accuracy(network, validation) == pytest.approx(scores.accuracy, abs=1e-4)
    # Without the frames before it the newest one shows nothing; it is their order that tells.
    is_newest = torch.arange(LENGTH).expand_as(validation.mask) == LENGTH - 1
    assert 0.3 <= accuracy(network, dataclasses.replace(validation, mask=is_newest)) <= 0.7
    whole = ring_tracks(32, seed=3, shortest=LENGTH)
    backwards = dataclasses.replace(whole, faces=whole.faces.flip(1))
    assert accuracy(network, whole) > 0.9
    assert accuracy(network, backwards) < 0.1


def test_a_resumed_run_equals_an_uninterrupted_one(cascade: Cascade, tmp_path: Path) -> None:
    splits = ring_tracks(24, seed=1), ring_tracks(8, seed=2)
    recipe = toy_recipe(sizes_px=(48, 16))
    before = torch.get_rng_state()
    straight = train_temporal(recipe, cascade, *splits, tmp_path / "a")
    assert torch.equal(torch.get_rng_state(), before)  # the caller's randomness is left alone

    def interrupt(progress: TemporalProgress) -> None:
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_temporal(recipe, cascade, *splits, tmp_path / "b", on_progress=interrupt)
    newest = sorted((tmp_path / "b").glob("checkpoint-*.pt"))[-1]
    newest.write_bytes(newest.read_bytes()[:1000])  # killed while the disk was busy
    torch.manual_seed(999)  # whatever happened in between must not matter
    resumed = train_temporal(recipe, cascade, *splits, tmp_path / "b")
    one, other = (load_temporal(path, cascade).head.state_dict() for path in (straight, resumed))
    assert all(torch.equal(value, other[name]) for name, value in one.items())
    logs = [(tmp_path / name / LOG_NAME).read_text() for name in "ab"]
    assert logs[0] == logs[1]
    lines = [json.loads(line) for line in logs[0].splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert [scores["native_px"] for scores in lines[0]["scores"]] == [48, 16]
    assert train_temporal(recipe, cascade, *splits, tmp_path / "b") == resumed  # nothing left to do


def test_another_recipe_or_model_is_refused(cascade: Cascade, tmp_path: Path) -> None:
    splits = ring_tracks(4, seed=1), ring_tracks(2, seed=2)
    path = train_temporal(toy_recipe(epochs=1), cascade, *splits, tmp_path)
    with pytest.raises(TrainingError, match="belong to another recipe"):
        train_temporal(toy_recipe(epochs=1, seed=2), cascade, *splits, tmp_path)
    other = build_cascade("none", "residual-small").eval()
    with pytest.raises(TrainingError, match="belong to another recipe or model"):
        train_temporal(toy_recipe(epochs=1), other, *splits, tmp_path)
    with pytest.raises(TrainingError, match=r"checkpoint-00000001\.pt was trained with another"):
        load_temporal(path, other)


def test_a_diverging_run_stops_and_keeps_its_weights(cascade: Cascade) -> None:
    trainer = TemporalTrainer(toy_recipe(), cascade, ring_tracks(4, seed=1))
    trainer.readings.newest[:] = float("nan")
    before = [value.clone() for value in trainer.head.parameters()]
    with pytest.raises(TrainingError, match=r"loss became nan .* at step 0: lower learning_rate"):
        trainer.run_epoch()
    for value, old in zip(trainer.head.parameters(), before, strict=True):
        assert torch.equal(value, old)


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint", {"shape": {"channels": 4}}, [1]])
def test_what_is_no_checkpoint_is_named(cascade: Cascade, tmp_path: Path, content: Any) -> None:
    path = tmp_path / "head.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        torch.save(content, path)
    with pytest.raises(TrainingError, match=r"head\.pt"):
        load_temporal(path, cascade)


def test_checkpoints_are_read_without_running_code(cascade: Cascade, tmp_path: Path) -> None:
    canary = tmp_path / "canary"

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (str(canary),))

    torch.save({"shape": Evil()}, tmp_path / "head.pt")
    with pytest.raises(TrainingError, match="is no checkpoint"):
        load_temporal(tmp_path / "head.pt", cascade)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"length": 0}, "length must be at least 1, not 0"),
        ({"variants": 0}, "variants must be"),
        ({"width": 7}, "width must be even"),
        ({"sizes_px": ()}, "sizes_px must be sizes of 4 to 48"),
        ({"sizes_px": (48, 3)}, "sizes_px must be"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive"),
        ({"weight_decay": -1.0}, "weight_decay must not be negative"),
        ({"dropout": 1.0}, "dropout must be less than 1"),
    ],
)
def test_impossible_recipes(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        toy_recipe(**changes)


# From a folder and a model file


def write_track(folder: Path, frames: NDArray[np.uint8]) -> Path:
    """Write the frames as 0001.png and so on."""
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames, 1):
        assert cv2.imwrite(str(folder / f"{number:04d}.png"), frame)
    return folder


def write_tracks(path: Path, count: int = 4) -> Path:
    """As many growing rings, called happy, as shrinking ones for training and validation each."""
    random = np.random.default_rng(1)
    for split in ("train", "val"):
        for number in range(count):
            for name, label in (("happy", GROWING), ("sadness", SHRINKING)):
                frames = ring_track(random, label, 3 + 3 * number)
                write_track(path / split / name / f"S{number:03d}_001", frames)
    return path


def test_tracks_are_the_last_frames(tmp_path: Path) -> None:
    path = write_tracks(tmp_path)
    (path / "train/happy/S000_001/landmarks.txt").write_text("not looked at")
    (path / "train/happy/readme.txt").write_text("not looked at")
    tracks = load_tracks(path, "training", 5)
    assert (len(tracks), tracks.faces.shape) == (8, (8, 5, 1, 48, 48))
    assert tracks.mask.sum(dim=1).tolist() == [3, 5, 5, 5] * 2
    assert tracks.mask[0].tolist() == [False, False, True, True, True]
    assert not tracks.faces[0, :2].any()
    names = [LABELS[label] for label in tracks.votes.argmax(dim=1).tolist()]
    assert names == ["happiness"] * 4 + ["sadness"] * 4
    for track, frame, number in ((0, 2, 1), (1, 0, 2), (3, 0, 8), (3, 4, 12)):
        file = path / f"train/happy/S{track:03d}_001/{number:04d}.png"
        expected = np.asarray(cv2.imread(str(file), cv2.IMREAD_GRAYSCALE))
        assert np.array_equal(tracks.faces[track, frame, 0].numpy(), expected)


def test_a_tenth_of_the_tracks_is_validation(tmp_path: Path) -> None:
    frame = np.zeros((1, 48, 48), np.uint8)
    for number in range(60):
        write_track(tmp_path / LABELS[number % 8] / f"S{number:03d}", frame + number)
    seen = [
        set(load_tracks(tmp_path, split, 2).faces[:, -1, 0, 0, 0].tolist())
        for split in ("training", "validation")
    ]
    assert seen[0] | seen[1] == set(range(60))
    assert not seen[0] & seen[1]
    assert 1 <= len(seen[1]) <= 15


def test_frames_that_cannot_be_read_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write_track(tmp_path / "train/fear/a", np.zeros((4, 48, 48), np.uint8))
    (folder / "0003.png").write_bytes(b"no picture")
    tracks = load_tracks(tmp_path, "training", 3)
    assert tracks.mask.tolist() == [[False, True, True]]
    assert "1 of 3 training pictures cannot be read" in caplog.text


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("", "no tracks at .*data: give a folder"),
        ("train/fear/notes.txt", "has no training tracks: .*docs/tracks.md"),
        ("fear/0001.png", "has no training tracks: .*docs/tracks.md"),
        ("val/fear/track/0001.png", "no training tracks: .*train is missing"),
        ("train/bored/track/0001.png", "bored is not named after an expression .neutral, "),
        ("train/fear/track/notes.txt", "track has no training pictures"),
        ("train/fear/track/0001.png", "none of the 1 training pictures in .*track can be read"),
    ],
)
def test_loader_errors(tmp_path: Path, file: str, message: str) -> None:
    path = tmp_path / "data" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no picture")
    with pytest.raises(TrainingError, match=message):
        load_tracks(tmp_path / "data", "training", 4)


def test_from_a_folder_and_a_model_file_to_a_head(tmp_path: Path) -> None:
    path = write_tracks(tmp_path / "data", count=2)
    model = read_model("srfer-base")
    recipe = TemporalRecipe(length=4, width=8, blocks=1, variants=1, epochs=1, sizes_px=(48, 12))
    seen: list[TemporalProgress] = []
    checkpoint = train_on_tracks(path, model.data, recipe, tmp_path / "run", seen.append)
    assert [(item.epoch, item.epochs) for item in seen] == [(1, 1)]
    assert checkpoint.parent == tmp_path / "run"
    network = load_temporal(checkpoint, load_cascade(model.data, "unshuffle", "residual"))
    tracks = load_tracks(path, "validation", 4)
    with torch.no_grad():
        logits = network(tracks.faces.float() / 255, tracks.native_px, tracks.mask)
    assert logits.shape == (4, 8)


def test_the_cascade_computes_what_the_model_file_does() -> None:
    faces = ring_tracks(4, seed=1).faces[:, -1, 0]
    model = load("srfer-base", "cpu")
    readings = model.classify(list(faces.numpy()))
    found = torch.from_numpy(np.stack([reading.probabilities for reading in readings])).log()
    cascade = load_cascade(read_model("srfer-base").data, "unshuffle", "residual")
    with torch.no_grad():
        logits = cascade(faces[:, None].float() / 255, torch.full((4,), 48.0), torch.ones(4)).logits
    found = found * model.spec.temperature.values[-1]
    # Softmax takes something off each face, a model's adjustment adds something to each expression.
    ours, theirs = ((x - x.mean(dim=1, keepdim=True)).diff(dim=0) for x in (logits, found))
    assert torch.allclose(ours, theirs, atol=1e-3)


@pytest.mark.parametrize(("sr", "fer"), [("fsrcnn", "residual"), ("unshuffle", "residual-small")])
def test_networks_that_are_not_the_models_are_named(sr: str, fer: str) -> None:
    with pytest.raises(TrainingError, match=f"not name all weights of '{sr}' and '{fer}'"):
        load_cascade(read_model("srfer-base").data, sr, fer)
    with pytest.raises(ConfigError, match="no FER network 'x'"):
        load_cascade(b"", "unshuffle", "x")
    with pytest.raises(TrainingError, match="no ONNX model"):
        load_cascade(b"\xff\xff", "unshuffle", "residual")
