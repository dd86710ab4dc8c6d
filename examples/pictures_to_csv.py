"""Read the expressions in still pictures into a table.

python examples/pictures_to_csv.py group.jpg portrait.png > faces.csv
"""

from __future__ import annotations

import csv
import sys

import srfer


def main() -> None:
    """Write one row per face: picture, box, label, confidence."""
    model = srfer.load()
    table = csv.writer(sys.stdout)
    table.writerow(["picture", "left", "top", "right", "bottom", "label", "confidence"])
    for path in sys.argv[1:]:
        for face in srfer.read(path, model=model).faces:
            if face.expression is not None:
                box = [round(edge) for edge in face.track.face.box]
                reading = face.expression
                table.writerow([path, *box, reading.label, f"{reading.confidence:.3f}"])


if __name__ == "__main__":
    main()
