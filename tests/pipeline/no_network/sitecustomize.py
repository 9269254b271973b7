"""Python imports this at its start where this folder is on PYTHONPATH: the network then ends at this machine.

What is refused is written to the file that the variable NETWORK_CALLS names, because many a library swallows the error.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Any

OWN = ("", "localhost", "0.0.0.0", "::", "::1")
PLACE_OF_ADDRESS = {
    "socket.connect": 1,
    "socket.sendto": 1,
    "socket.sendmsg": 1,
    "socket.getaddrinfo": 0,
    "socket.gethostbyname": 0,
    "socket.gethostbyaddr": 0,
}
CALLS = Path(os.environ["NETWORK_CALLS"])


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    place = PLACE_OF_ADDRESS.get(event)
    if place is None:
        return
    address = arguments[place]
    host = address[0] if isinstance(address, tuple) else address if place == 0 else None
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or name in OWN or name.startswith("127."):
        return
    with CALLS.open("a", encoding="utf-8") as calls:
        calls.write(f"{event} {address} of {sys.argv}\n{''.join(traceback.format_stack(limit=12)[:-1])}\n")
    raise OSError(f"this process has no network: {event} {address}")


CALLS.touch()
sys.addaudithook(_refuse)
