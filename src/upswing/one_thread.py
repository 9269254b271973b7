"""Numerical libraries held to one thread: the same bytes out on any number of cores, and no thread waits for another.

dbt runs models side by side, and the limit is of the whole process: it is lifted when the last that wants it is done.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from threadpoolctl import threadpool_limits

_LOCK = threading.Lock()
_LIMITS: list[Any] = []
_HOLDERS: set[object] = set()


@contextmanager
def one_thread() -> Iterator[None]:
    """Hold the libraries that are loaded by now to one thread; import what computes before entering."""
    import scipy.linalg  # noqa: F401 (its BLAS is not NumPy's, and most of what is imported later computes with it)

    holder = object()
    with _LOCK:
        _HOLDERS.add(holder)
        _LIMITS.append(threadpool_limits(1))
    try:
        yield
    finally:
        with _LOCK:
            _HOLDERS.remove(holder)
            while _LIMITS and not _HOLDERS:
                _LIMITS.pop().restore_original_limits()
