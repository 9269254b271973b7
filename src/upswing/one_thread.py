"""Numerical libraries held to one thread: the same bytes out on any number of cores, and no thread waits for another.

dbt runs models side by side, and the number of threads is of the whole process: a limit that one model lifts is lifted
for the model beside it, whose last digits then change. So it is not lifted.
"""

from __future__ import annotations


def hold_one_thread() -> None:
    """Hold the libraries that are loaded by now to one thread from here on; import what computes before."""
    import scipy.linalg  # noqa: F401 (its BLAS is not NumPy's, and most of what is imported later computes with it)
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
