"""Torch held alone: the same bytes out for the same data, parameters and machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

THREADS = 2

_ONE_JOB_AT_A_TIME = threading.Lock()
"""dbt runs models in threads, torch's settings are process-wide, and two torch jobs at once slow each other down."""


@contextmanager
def torch_session() -> Iterator[None]:
    """Hold torch alone, on a fixed number of threads and deterministic algorithms, and put its settings back after."""
    import torch

    with _ONE_JOB_AT_A_TIME:
        threads_before = torch.get_num_threads()
        deterministic_before = torch.are_deterministic_algorithms_enabled()
        torch.set_num_threads(THREADS)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.set_num_threads(threads_before)
            torch.use_deterministic_algorithms(deterministic_before)
