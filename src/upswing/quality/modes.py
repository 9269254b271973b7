"""What the warehouse holds is for its owner's eyes: files 0600, folders 0700."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""Whatever the group or anybody else may do."""


OUTPUTS = {"DBT_LOG_PATH": "logs", "DBT_TARGET_PATH": "target"}
"""Folders that dbt writes to, by the environment variable that names them."""


def private_umask() -> None:
    """From here on what this process makes is for its owner alone: files 0600, folders 0700."""
    os.umask(OTHERS)


def close_outputs() -> None:
    """Close dbt's folders of logs and artifacts, which dbt makes before anything of ours runs."""
    for variable, folder in OUTPUTS.items():
        path = Path(os.environ.get(variable) or folder)
        if path.is_dir():
            with suppress(PermissionError):  # It belongs to another user, whose rights these are.
                path.chmod(stat.S_IMODE(path.stat().st_mode) & ~OTHERS)


def close_folder(folder: Path) -> int:
    """Take a folder, and all in it, away from the group and from others; how many paths had been open to them.

    Files that another process removes meanwhile are passed over, and so is what a link points to.

    Raises:
        PermissionError: something belongs to another user.
    """
    opened = open_paths(folder)
    for path in opened:
        try:
            path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS)
        except FileNotFoundError:
            continue
    return len(opened)


def open_paths(folder: Path) -> list[Path]:
    """What in a folder, itself included, the group or others can read, write or enter; none where it is not there."""
    return sorted(path for path in _paths(folder) if is_open(path))


def mode_of(path: Path) -> str:
    """The rights on a path as they are written, such as 0644."""
    return f"{stat.S_IMODE(path.lstat().st_mode):04o}"


def _paths(folder: Path) -> Iterator[Path]:
    if folder.is_dir() and not folder.is_symlink():
        yield folder
        for parent, folders, files in os.walk(folder):
            yield from (Path(parent) / name for name in (*folders, *files))
    elif folder.exists():
        yield folder


def is_open(path: Path) -> bool:
    """Whether the group or others can read, write or enter a path; what a link points to does not count."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return False
    return not stat.S_ISLNK(mode) and bool(mode & OTHERS)
