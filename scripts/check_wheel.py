"""Build sdist and wheel, and check what is in them.

The wheel is built from the sdist, as package indexes do, into a temporary folder.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST_MB = 8.0
NEEDED = (
    "srfer/cli.py",
    "srfer/engines/weights/srfer-base.onnx",
    "srfer/realtime/pipeline.py",
    "srfer/training/recipes/base.toml",
    "srfer/gui/translations/srfer_zh.qm",
    "srfer/py.typed",
)


def main() -> None:
    """Exit with a message if the wheel is not as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "build", "--outdir", folder, str(ROOT)]
        built = subprocess.run(command, check=False, capture_output=True, text=True)
        if built.returncode:
            sys.exit(f"the build failed:\n{built.stdout}{built.stderr}")
        (wheel,) = Path(folder).glob("*.whl")
        names = zipfile.ZipFile(wheel).namelist()
        size_mb = wheel.stat().st_size / 1e6
    tops = {name.split("/")[0] for name in names}
    wrong = {top for top in tops if top != "srfer" and not top.endswith(".dist-info")}
    if wrong:
        sys.exit(f"the wheel would also install {', '.join(sorted(wrong))}")
    missing = [name for name in NEEDED if name not in names]
    if missing:
        sys.exit(f"the wheel lacks {', '.join(missing)}")
    if size_mb > LARGEST_MB:
        sys.exit(f"the wheel is {size_mb:.1f} MB, more than {LARGEST_MB} MB")
    sys.stdout.write(f"wheel: {len(names)} files, {size_mb:.1f} MB, top level srfer only\n")


if __name__ == "__main__":
    main()
