"""Named arrays and a little JSON as safetensors bytes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray


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
