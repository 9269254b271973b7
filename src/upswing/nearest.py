"""The nearest match to what was mistyped.

This module needs the standard library alone, so that `make` can use it before anything is installed.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The end of a message: ``; did you mean X?`` where a known word is near, else nothing."""
    by_lower = {name.lower(): name for name in known}
    found = get_close_matches(word.lower(), by_lower, n=1)
    return f"; did you mean {by_lower[found[0]]}?" if found else ""


def near_path(path: Path) -> str:
    """The end of a message about a path that does not exist: the nearest path that does, else nothing."""
    there = Path(path.anchor)
    rest = list(path.relative_to(there).parts)
    while rest and (there / rest[0]).exists():
        there /= rest.pop(0)
    if not rest or not there.is_dir():
        return ""
    found = get_close_matches(rest[0], [beside.name for beside in there.iterdir()], n=1)
    if not found:
        return ""
    whole = there.joinpath(found[0], *rest[1:])
    return f"; did you mean {whole if whole.exists() else there / found[0]}?"
