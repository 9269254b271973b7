"""Torch held alone on one thread: the same bytes out for the same data and parameters, on any number of cores.

The models here are small: a second thread gains nothing, and where another program wants the core, threads that wait
for each other in spin locks made a fit of ten seconds last six minutes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from upswing.one_thread import hold_one_thread

THREADS = 1

_ONE_JOB_AT_A_TIME = threading.Lock()
"""dbt runs models in threads, and torch's settings are process-wide."""


@contextmanager
def torch_session() -> Iterator[None]:
    """Hold torch alone, on one thread and deterministic algorithms, and put its settings back after.

    The libraries that scikit-learn computes with are held to one thread as well, and stay so.
    """
    import torch

    with _ONE_JOB_AT_A_TIME:
        hold_one_thread()
        threads_before = torch.get_num_threads()
        deterministic_before = torch.are_deterministic_algorithms_enabled()
        torch.set_num_threads(THREADS)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.set_num_threads(threads_before)
            torch.use_deterministic_algorithms(deterministic_before)
