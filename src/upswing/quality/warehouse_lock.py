"""One lock for all that changes a warehouse: a build, backup, restore, rotation of keys and forgetting a customer.

The lock is advisory and on the open file (``flock``): it ends with the process that holds it, however that ends. The
file says who holds it, for messages alone.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from upswing.privacy.keys import private_folder
from upswing.user_errors import UserError

LOCK_FILE = ".lock"
IN_USE = "is in use: "
"""What every refusal says, for those who wait and try again."""


class WarehouseLock:
    """The lock of a folder, held from the moment it is made until :meth:`release`, or until it is forgotten."""

    def __init__(self, folder: Path, command: str) -> None:
        """Take the lock.

        Args:
            folder: of the warehouse, or of backups; made where it does not exist.
            command: that takes it, for the message to another that wants it.

        Raises:
            UserError: another process, or another command of this one, holds it.
        """
        private_folder(folder)
        self.file = folder / LOCK_FILE
        self._descriptor: int | None = os.open(self.file, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(self._descriptor, 200, 0).decode(errors="replace").strip() or "another command"
            self.release()
            raise UserError(
                f"{folder} {IN_USE}{holder}. Nothing was changed; run this again when that has ended."
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{command} (PID {os.getpid()}, since {datetime.now():%H:%M:%S})".encode(), 0)

    def release(self) -> None:
        """Let go of the lock."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __del__(self) -> None:
        """Let go of the lock with the object."""
        if hasattr(self, "_descriptor"):
            self.release()


@contextmanager
def locked(folder: Path, command: str) -> Iterator[None]:
    """Hold the lock of a folder.

    Raises:
        UserError: it is held already; see :class:`WarehouseLock`.
    """
    lock = WarehouseLock(folder, command)
    try:
        yield
    finally:
        lock.release()
