"""Splits by hash of id or by time, never by chance."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def hash_folds(ids: Iterable[str], folds: int, salt: str) -> NDArray[np.int64]:
    """Fold of each id, 0 to ``folds - 1``: the same on every machine and engine, and independent between salts."""
    digests = (hashlib.md5(f"{salt}:{identifier}".encode()).digest()[:8] for identifier in ids)
    return np.array([int.from_bytes(digest, "big") % folds for digest in digests], dtype=np.int64)


def lowest_hashes(ids: Sequence[str] | NDArray[Any], most: int, salt: str) -> NDArray[np.int64]:
    """Rows of a sample of at most ``most`` ids, in their order: the same ids on every machine and engine."""
    digests = [hashlib.md5(f"{salt}:{identifier}".encode()).digest() for identifier in ids]
    return np.sort(np.array(sorted(range(len(ids)), key=lambda row: digests[row])[:most], dtype=np.int64))


def decision_week(first_week: NDArray[np.int64], launch_weeks: int, cycle_weeks: int, test_share: float) -> int | None:
    """Latest week at which history splits into what was known by then and what was decided from then on.

    A product trains when its cycle ended before or in week ``t``; it tests when its launch window ends in ``t`` or
    later, so that every week its later label is made of lies after ``t``. Products between the two take no part.

    Args:
        first_week: launch week of each product with a full cycle, as a running week number.
        launch_weeks: weeks in the launch window.
        cycle_weeks: weeks in the cycle.
        test_share: least share of test products among those that take part.

    Returns:
        The latest such week, or None where no week leaves ``test_share`` of the products to test and any to train.
    """
    for week in sorted(set(first_week + launch_weeks - 1), reverse=True):
        train, test = time_split(first_week, launch_weeks, cycle_weeks, week)
        if train.sum() and test.sum() >= test_share * (train.sum() + test.sum()):
            return int(week)
    return None


def time_split(
    first_week: NDArray[np.int64], launch_weeks: int, cycle_weeks: int, decided_in: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of the products that train and that test when the decision falls in week ``decided_in``."""
    train = first_week + cycle_weeks - 1 <= decided_in
    test = first_week + launch_weeks - 1 >= decided_in
    return train, test


def launch_order_split(first_week: NDArray[np.int64], test_share: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Masks of the earlier launches, that train, and the latest ``test_share`` of them, that test; no week is cut in
    two.

    The cycles of the two overlap in calendar time, so that its figures are kinder than those of :func:`time_split`.
    """
    boundary = np.quantile(first_week, 1 - test_share, method="higher") if len(first_week) else 0
    test = first_week >= boundary
    return ~test, test
