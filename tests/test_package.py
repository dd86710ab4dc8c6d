"""The house: who may import what, and what an import brings along."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import srfer

ROOT = Path(__file__).parents[1]
ROOMS = ("realtime", "engines", "training", "gui")
SOURCES = [path for room in (*ROOMS, "srfer") for path in sorted((ROOT / room).rglob("*.py"))]


def imported(path: Path) -> set[str]:
    """Top-level names that a file imports absolutely."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_rooms_are_never_imported_by_their_bare_names() -> None:
    for path in SOURCES:
        assert not imported(path) & set(ROOMS), path.name


HOMES = {
    "torch": {"torch.py", "torch_graph.py"},
    "onnx": {"precision.py", "torch_graph.py"},
}
"""Files of `engines` that are about a heavy library, and import it when they are used."""


@pytest.mark.parametrize(
    ("room", "banned"),
    [
        ("realtime", {"torch", "PyQt6", "onnx"}),
        ("engines", {"torch", "PyQt6", "onnx", "av"}),
        ("training", {"PyQt6"}),
        ("srfer", {"torch", "PyQt6", "onnx"}),
    ],
)
def test_heavy_libraries_stay_where_they_belong(room: str, banned: set[str]) -> None:
    for path in sorted((ROOT / room).rglob("*.py")):
        at_home = {name for name, homes in HOMES.items() if path.name in homes}
        assert not imported(path) & banned - (at_home if room == "engines" else set()), path.name


def test_openvino_is_imported_where_its_telemetry_is_off() -> None:
    assert [path.name for path in SOURCES if "openvino" in imported(path)] == ["ov.py"]


@pytest.mark.skipif(find_spec("openvino") is None, reason="needs OpenVINO")
def test_openvino_reports_nothing() -> None:
    script = (
        "import threading\n"
        "from srfer.engines.ov import import_openvino\n"
        "import_openvino().Core()\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True, cwd=ROOT)


def test_onnx_runtime_is_imported_where_its_telemetry_is_off() -> None:
    found = [path.name for path in SOURCES if "onnxruntime" in imported(path)]
    assert found == ["ort.py"]


def test_ray_is_imported_where_its_telemetry_is_off() -> None:
    homes = {path for path in SOURCES if "ray" in imported(path)}
    assert {path.name for path in homes if path.parts[-2] == "cluster"} == {
        "connecting.py",
        "nodes.py",
    }
    assert {path.parent.name for path in homes} == {"cluster"}


def run(code: str, **environment: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    return subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd="/",
        env=os.environ | environment,
    ).stdout


def test_a_run_leaves_nothing_in_the_user_s_home(tmp_path: Path) -> None:
    code = (
        "import numpy as np, srfer; srfer.read(np.full((64, 64, 3), 90, np.uint8)); "
        "import onnxruntime; print(onnxruntime.__version__)"
    )
    assert run(code, HOME=str(tmp_path), XDG_CACHE_HOME=str(tmp_path / "cache"))
    assert list(tmp_path.rglob("*")) == []


def test_importing_srfer_is_light() -> None:
    heavy = "{'numpy', 'cv2', 'av', 'onnxruntime', 'torch', 'typer', 'rich'}"
    assert run(f"import sys, srfer; print({heavy} & set(sys.modules))").strip() == "set()"


def test_analysing_needs_neither_torch_nor_qt_nor_plots() -> None:
    heavy = "{'torch', 'PyQt6', 'matplotlib', 'skimage', 'onnx', 'openvino', 'ncnn', 'pnnx'}"
    code = (
        "import sys, srfer.realtime.export, srfer.realtime.demo; srfer.load(); "
        f"print({heavy} & set(sys.modules))"
    )
    assert run(code).strip() == "set()"


def test_every_public_name_is_there() -> None:
    for name in srfer.__all__:
        assert getattr(srfer, name) is not None
    assert set(srfer.__all__) <= set(dir(srfer))
    with pytest.raises(AttributeError, match="nope"):
        srfer.nope  # noqa: B018


def test_a_checkout_without_symbolic_links_works(tmp_path: Path) -> None:
    package = tmp_path / "srfer"
    package.mkdir()
    for path in (ROOT / "srfer").glob("*.py"):
        (package / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "engines").symlink_to(ROOT / "engines")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import srfer, srfer.engines; "
        "print(srfer.__file__, srfer.engines.__file__)"
    )
    assert run(code).split() == [
        str(package / "__init__.py"),
        str(tmp_path / "engines" / "__init__.py"),
    ]
