"""What a stage remembers, and what it gave, as bytes and back: exactly, and nothing is unpickled.

Dataclasses and named tuples are written field by field as MessagePack; arrays keep their type and
shape. Reading checks every field against its declared type.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypeVar, get_origin

import msgspec
import numpy as np

Kind = TypeVar("Kind")


def to_bytes(value: object) -> bytes:
    """Write a dataclass of numbers, texts, arrays and other dataclasses."""
    return _ENCODER.encode(value)


def from_bytes(data: bytes, kind: type[Kind]) -> Kind:
    """Read what `to_bytes` has written; arrays are read-only.

    Raises:
        ValueError: if it is something else.
    """
    try:
        return msgspec.msgpack.decode(data, type=kind, dec_hook=_decode)
    except msgspec.MsgspecError as error:
        raise ValueError(f"holds no {kind}: {error}") from None


def _encode(value: object) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Fraction):
        return str(value)  # its whole numbers may be of any size
    raise NotImplementedError(f"{type(value)} cannot be written")


def _decode(kind: Any, value: Any) -> Any:
    if kind is Fraction:
        return Fraction(value)
    if get_origin(kind) is np.ndarray:
        type_, shape, data = value
        array = np.frombuffer(data, np.dtype(type_)).reshape(shape).copy()
        array.flags.writeable = False
        return array
    raise NotImplementedError(f"{kind} cannot be read")


_ENCODER = msgspec.msgpack.Encoder(enc_hook=_encode)
