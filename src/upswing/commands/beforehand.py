"""What a command checks before it begins."""

from __future__ import annotations

import socket
from pathlib import Path

from upswing.nearest import near_path
from upswing.privacy.keys import warehouse_folder
from upswing.user_errors import UserError

TRIED_PORTS = 100


def existing_warehouse() -> Path:
    """The folder of the warehouse.

    Raises:
        UserError: it is not there; a command that only looks would make a new one, with keys of its own.
    """
    folder = warehouse_folder()
    if not folder.is_dir():
        raise UserError(
            f"there is no warehouse in {folder}; run `make build`, or name its folder in UPSWING_WAREHOUSE"
            f"{near_path(folder)}"
        )
    return folder


def check_port(port: int, command: str) -> None:
    """Check that a server can have a port of this machine.

    Args:
        port: on 127.0.0.1.
        command: that takes ``--port``.

    Raises:
        UserError: another program has it; the message names one that is free.
    """
    if _is_free(port):
        return
    free = next((other for other in range(port + 1, min(port + TRIED_PORTS, 65_536)) if _is_free(other)), None)
    another = f"take a free one: {command} --port {free}" if free else "give another with --port"
    raise UserError(f"port {port} cannot be used: another program has it, or it is not allowed; {another}")


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
