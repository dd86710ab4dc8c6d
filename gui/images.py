"""Arrays as Qt's images, without copying."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray
from PyQt6.QtGui import QImage


def as_image(rows: NDArray[np.uint8], form: QImage.Format) -> QImage:
    """An image that looks into an array, which has to outlive it.

    Args:
        rows: (H, W) or (H, W, C) uint8, contiguous.
        form: what a pixel of it is.
    """
    height, width = rows.shape[:2]
    data = cast(bytes, rows.data)  # any buffer will do, which PyQt's stubs do not know
    return QImage(data, width, height, rows.strides[0], form)
