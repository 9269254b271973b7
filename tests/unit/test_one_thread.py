"""One thread for as long as anyone wants it."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_info, threadpool_limits

from upswing.one_thread import one_thread


def most_threads() -> int:
    return max(int(library["num_threads"]) for library in threadpool_info())


def test_the_limit_stands_until_the_last_is_done() -> None:
    np.linalg.inv(np.eye(2))
    with threadpool_limits(2):
        first, second = one_thread(), one_thread()
        first.__enter__()
        second.__enter__()
        assert most_threads() == 1
        first.__exit__(None, None, None)
        assert most_threads() == 1
        second.__exit__(None, None, None)
        assert most_threads() == 2


def test_an_error_lifts_the_limit() -> None:
    np.linalg.inv(np.eye(2))
    with threadpool_limits(2):
        try:
            with one_thread():
                raise KeyError
        except KeyError:
            assert most_threads() == 2
