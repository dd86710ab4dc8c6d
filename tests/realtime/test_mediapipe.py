"""MediaPipe in its own process: what it measures, how it fails, and what it must not do."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import skimage.data

from srfer.errors import ConfigError, EngineError, ModelError
from srfer.realtime.details import BLENDSHAPES, FaceDetails
from srfer.realtime.detection import open_detector
from srfer.realtime.known_models import FOLDER_VARIABLE
from srfer.realtime.tracking import mediapipe_worker, open_mediapipe
from srfer.realtime.tracking.landmarker import PARTS, FaceLandmarker
from srfer.realtime.tracking.mediapipe import to_face

ASTRONAUT = skimage.data.astronaut()


@pytest.fixture
def model(shared_dir: Path) -> Path:
    pytest.importorskip("mediapipe")
    return shared_dir / "models" / "face_landmarker.task"


@pytest.fixture
def landmarker(model: Path) -> Iterator[FaceLandmarker]:
    with FaceLandmarker(model, faces=4) as opened:
        yield opened


def children() -> set[str]:
    """Ids of the processes that this one has started and not waited for."""
    tasks = Path("/proc/self/task").glob("*/children")
    return {child for task in tasks for child in task.read_text().split()}


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def script(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines))
    return path


@pytest.mark.shared_data
def test_mesh_and_blendshapes_of_a_smile(landmarker: FaceLandmarker) -> None:
    (found,) = landmarker.find(ASTRONAUT, 0)
    assert found.mesh.dtype == found.blendshapes.dtype == np.float32
    assert not found.mesh.flags.writeable
    # The iris is where RetinaFace sees the eye; the nose is nearer to the camera than the cheeks.
    np.testing.assert_allclose(found.mesh[468, :2], (204, 101), atol=4)
    assert found.mesh[4, 2] < -10 < 10 < found.mesh[454, 2]
    shapes = dict(zip(BLENDSHAPES, found.blendshapes, strict=True))
    assert shapes["mouthSmileLeft"] > 0.5 < shapes["mouthSmileRight"]
    assert max(shapes["eyeBlinkLeft"], shapes["jawOpen"], shapes["cheekPuff"]) < 0.3
    face = to_face(found)
    assert face.details is found
    assert face.landmarks is not None
    expected = [[204, 101], [247, 104], [223, 128], [202, 140], [243, 141]]
    np.testing.assert_allclose(face.landmarks, expected, atol=5)


def test_the_names_are_mediapipe_s() -> None:
    pytest.importorskip("mediapipe")
    from mediapipe.tasks.python.vision.face_landmarker import Blendshapes

    def plain(name: str) -> str:
        return name.replace("_", "").lower()

    assert [plain(shape.name) for shape in Blendshapes] == [plain(name) for name in BLENDSHAPES]


@pytest.mark.shared_data
def test_nothing_is_left_behind(model: Path) -> None:
    before, files = children(), open_files()
    with FaceLandmarker(model, faces=1) as landmarker:
        assert len(landmarker.find(ASTRONAUT, 0)) == 1
        assert len(children() - before) == 1
    assert children() == before
    assert open_files() == files
    with pytest.raises(EngineError, match="not open"):
        landmarker.find(ASTRONAUT, 1)


@pytest.mark.shared_data
def test_a_process_that_dies_is_an_error_and_no_hang(model: Path) -> None:
    before = children()
    with FaceLandmarker(model, faces=1) as landmarker:
        (process,) = children() - before
        os.kill(int(process), 9)
        with pytest.raises(EngineError, match="ended unexpectedly"):
            landmarker.find(ASTRONAUT, 0)
    assert children() == before


@pytest.mark.shared_data
def test_it_says_why_it_failed(landmarker: FaceLandmarker) -> None:
    landmarker.find(ASTRONAUT, 100)
    with pytest.raises(EngineError, match=r"MediaPipe failed: .*timestamp"):
        landmarker.find(ASTRONAUT, 50)


@pytest.mark.shared_data
def test_its_talk_does_not_reach_the_user(model: Path, tmp_path: Path) -> None:
    code = script(
        tmp_path / "use.py",
        "import sys, skimage.data",
        "from pathlib import Path",
        "from srfer.realtime.tracking.landmarker import FaceLandmarker",
        "with FaceLandmarker(Path(sys.argv[1]), faces=1) as landmarker:",
        "    print(len(landmarker.find(skimage.data.astronaut(), 0)))",
    )
    done = subprocess.run([sys.executable, code, model], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.skipif(sys.platform != "linux", reason="a filter of the Linux kernel")
def test_its_process_cannot_reach_the_network(tmp_path: Path) -> None:
    code = script(
        tmp_path / "try.py",
        "import runpy, socket, sys, threading",
        "runpy.run_path(sys.argv[1])['forbid_network']()",
        "def attempt():",
        "    for family in (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6):",
        "        try: socket.socket(family).close(); print(family.name, 'opens')",
        "        except OSError: print(family.name, 'refused')",
        "    try: print(socket.getaddrinfo('localhost', 80)[0][0].name)",
        "    except OSError: pass",
        "thread = threading.Thread(target=attempt); thread.start(); thread.join()",
    )
    done = subprocess.run(
        [sys.executable, code, mediapipe_worker.__file__],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert lines[:3] == ["AF_UNIX opens", "AF_INET refused", "AF_INET6 refused"]


def test_without_mediapipe_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mediapipe", None)
    with pytest.raises(ConfigError, match=r"srfer\[mediapipe\].*--no-deps mediapipe"):
        open_mediapipe(tmp_path / "x.task")


def test_without_a_model_it_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match=r"srfer model fetch yunet.*--tracker-model"):
        open_detector("yunet")
    pytest.importorskip("mediapipe")
    with pytest.raises(ModelError, match=r"srfer model fetch mediapipe.*--tracker-model"):
        open_mediapipe()


def test_a_model_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    pytest.importorskip("mediapipe")
    path = tmp_path / "x.task"
    with pytest.raises(ModelError, match="cannot be read: No such file"):
        open_mediapipe(path)
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match="damaged, or is no MediaPipe model"):
        open_mediapipe(path)
    with zipfile.ZipFile(path, "w") as parts:
        parts.writestr(PARTS[0], b"")
    with pytest.raises(ModelError, match="no Face Landmarker: it lacks face_blendshapes"):
        open_mediapipe(path)
    with zipfile.ZipFile(path, "w") as parts:
        for part in PARTS:
            parts.writestr(part, b"not a network")
    with pytest.raises(EngineError, match="MediaPipe"), open_mediapipe(path):
        pass


def test_details_of_another_shape_are_refused() -> None:
    mesh, shapes = np.zeros((478, 3), np.float32), np.zeros(52, np.float32)
    with pytest.raises(ValueError, match="mesh must have shape"):
        FaceDetails(mesh[:468], shapes)
    with pytest.raises(ValueError, match="blendshapes must have shape"):
        FaceDetails(mesh, shapes[:51])
