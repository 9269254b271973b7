"""One thread, and no more from then on."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from upswing.one_thread import hold_one_thread


def most_threads() -> int:
    return max(int(library["num_threads"]) for library in threadpool_info())


def test_the_limit_stands() -> None:
    np.linalg.inv(np.eye(2))
    threadpool_limits(2)
    assert most_threads() == 2
    hold_one_thread()
    assert most_threads() == 1
    hold_one_thread()
    assert most_threads() == 1
