"""Reasons as data: a code, its parameters, and how far it moved the number.

The effect is the number with the fact less the number with the usual value in its place. A reason points in the
direction in which its number lies from its base: of a number above it those reasons are listed that raise it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

REASONS = 3
"""Reasons of a number at most."""

DECIMALS = 6


@dataclass(frozen=True)
class Reason:
    """One reason of a number.

    Attributes:
        code: what it is about; ``en.toml`` and ``zh.toml`` word it.
        parameters: what the words name. ``value`` is the fact and ``usual`` what is usual instead.
        effect: by how much the fact moved the number; None where nothing was compared.
    """

    code: str
    parameters: dict[str, Any]
    effect: float | None = None


def to_json(reasons: Sequence[Reason]) -> str:
    """A list of objects with ``code``, ``parameters`` and ``effect``; what is not known is null."""
    return json.dumps(
        [
            {
                "code": reason.code,
                "parameters": {name: _plain(value) for name, value in reason.parameters.items()},
                "effect": _plain(reason.effect),
            }
            for reason in reasons
        ],
        ensure_ascii=False,
    )


def from_json(text: str) -> list[Reason]:
    """What :func:`to_json` wrote."""
    return [Reason(found["code"], found["parameters"], found["effect"]) for found in json.loads(text)]


def pointing(
    effects: FloatArray, is_raised: Mask, apart: FloatArray, natural: Sequence[int], least_effect: float
) -> FloatArray:
    """The effects that may be listed as reasons; the others are 0.

    Args:
        effects: how far each fact moves the number of each row, shape (rows, facts).
        is_raised: whether the number lies above its base, so that what raises it is listed, else what lowers it;
            shape (rows,).
        apart: the fact less what is usual, shape (rows, facts): 0 where a reader would see no difference.
        natural: of each fact, 1 where everybody expects the number to rise with it, -1 to fall, 0 where neither is
            beyond doubt. A model that moves the other way holds something else than the fact against it.
        least_effect: smaller ones are no reason.
    """
    way = np.where(is_raised, 1.0, -1.0)[:, None]
    expected = np.sign(apart) * np.asarray(natural, dtype=np.float64)
    listed = (effects * way >= least_effect) & (apart != 0) & (expected * way >= 0)
    return np.where(listed, effects, 0.0)


def strongest(effects: FloatArray) -> list[list[int]]:
    """Places of the up to :data:`REASONS` strongest effects of each row that are not 0, the strongest first."""
    order = np.argsort(-np.abs(effects), axis=1, kind="stable")[:, :REASONS]
    return [[int(place) for place in places if effects[row, place] != 0] for row, places in enumerate(order)]


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return round(float(value), DECIMALS) + 0.0 if math.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value
