"""Processes without a network: what they ask of other machines is refused and written down."""

from __future__ import annotations

import os
from pathlib import Path

GUARD = Path(__file__).parent / "no_network"
CALLS = "network_calls.txt"
"""In the folder of the shared build: what it asked of other machines."""


def no_network(calls: Path) -> dict[str, str]:
    """Environment variables of a process, and of its children, whose Python reaches this machine alone.

    Args:
        calls: file for what is refused; empty where nothing was, absent where the guard was not there.
    """
    path = os.pathsep.join([str(GUARD), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {"PYTHONPATH": path, "NETWORK_CALLS": str(calls)}
