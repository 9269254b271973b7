"""Named arrays and a little JSON as safetensors bytes; texts as arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

SEPARATOR = "\x1e"


def pack(arrays: dict[str, NDArray[Any]], facts: dict[str, Any]) -> bytes:
    """Arrays and facts as one blob, the same bytes for the same content."""
    from safetensors.numpy import save

    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return bytes(save(contiguous, metadata={"facts": json.dumps(facts, sort_keys=True)}))


def unpack(blob: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """What :func:`pack` packed."""
    from safetensors.numpy import load

    header = json.loads(blob[8 : 8 + int.from_bytes(blob[:8], "little")])
    return load(blob), json.loads(header["__metadata__"]["facts"])


def pack_texts(texts: Iterable[str]) -> NDArray[np.uint8]:
    """Texts as one array of bytes; none of them may hold the character that separates records (U+001E)."""
    return np.frombuffer(SEPARATOR.join(texts).encode(), dtype=np.uint8)


def unpack_texts(array: NDArray[np.uint8]) -> list[str]:
    """What :func:`pack_texts` packed; an empty array is one empty text."""
    return array.tobytes().decode().split(SEPARATOR)
