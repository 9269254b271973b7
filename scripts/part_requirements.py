"""Prints the lines of requirements.txt, with hashes, for a part or for single packages; no library is needed.

    scripts/part_requirements.py part pages       what the part needs, and what that needs in turn
    scripts/part_requirements.py package uv ...   these packages alone

The comments `# via` of requirements.txt say what needs what, so installers get a whole list and look for nothing more.
"""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

PROJECT = Path(__file__).parents[1]
NAME = re.compile(r"[A-Za-z0-9][\w.\-]*")
ENTRY = re.compile(r"^\w.*(?:\n[ \t].*)*", re.MULTILINE)
HASHES = re.compile(r"--hash=\S+")


@dataclass(frozen=True)
class Entry:
    """A package of requirements.txt.

    Attributes:
        pin: name, version and marker.
        hashes: of its files, each as an option.
        needed_by: normalized names of the packages that need it.
    """

    pin: str
    hashes: tuple[str, ...]
    needed_by: frozenset[str]

    def __str__(self) -> str:
        return " \\\n    ".join((self.pin, *self.hashes))


def normalized(name: str) -> str:
    """A package's name as indexes compare it; the extras and versions of a requirement are left out."""
    found = NAME.match(name)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def read_entries(file: Path) -> dict[str, Entry]:
    """The packages of a file that `uv pip compile` wrote, by normalized name."""
    entries = {}
    for entry in ENTRY.findall(file.read_text(encoding="utf-8")):
        comments = re.findall(r"^ *#(?: +via)?(.*)", entry, re.MULTILINE)
        needed_by = frozenset(normalized(comment.strip()) for comment in comments if comment.strip())
        pin = entry.splitlines()[0].removesuffix("\\").strip()
        entries[normalized(pin)] = Entry(pin, tuple(HASHES.findall(entry)), needed_by)
    return entries


def part_roots(part: str) -> set[str]:
    """Normalized names of what pyproject.toml lists for a part: the build's packages, and those of the part.

    Raises:
        SystemExit: there is no such part.
    """
    pyproject = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    project, extras = pyproject["project"], pyproject["project"]["optional-dependencies"]
    if part != "build" and part not in extras:
        sys.exit(f"pyproject.toml has no part {part}; expected one of build, {', '.join(extras)}.")
    listed = [*project["dependencies"], *pyproject["build-system"]["requires"], *extras.get(part, [])]
    names = set(map(normalized, listed))
    for wanted in listed:
        if normalized(wanted) == project["name"]:
            names.discard(project["name"])
            names.update(*(part_roots(extra.strip()) for extra in wanted.partition("[")[2].rstrip("]").split(",")))
    return names


def torch_needs() -> set[str] | None:
    """Normalized names of what the installed torch needs, so that torch for CPUs brings no CUDA; None without torch."""
    try:
        return set(map(normalized, metadata.requires("torch") or ()))
    except metadata.PackageNotFoundError:
        return None


def part_entries(part: str, entries: dict[str, Entry], of_torch: set[str] | None) -> list[Entry]:
    """The packages that a part needs.

    Args:
        part: of pyproject.toml.
        entries: of requirements.txt.
        of_torch: what the installed torch needs; None for all that any torch needs.

    Raises:
        SystemExit: pyproject.toml lists a package that requirements.txt lacks.
    """
    waiting, found = part_roots(part), set()
    if missing := waiting - set(entries):
        sys.exit(f"requirements.txt lacks {', '.join(sorted(missing))}, which pyproject.toml lists; run `make lock`.")
    while waiting:
        name = waiting.pop()
        found.add(name)
        needs = {needed for needed, entry in entries.items() if name in entry.needed_by}
        waiting |= (needs & of_torch if name == "torch" and of_torch is not None else needs) - found
    return [entries[name] for name in sorted(found)]


def main(kind: str, names: list[str]) -> None:
    """Print the lines."""
    entries = read_entries(PROJECT / "requirements.txt")
    wanted = part_entries(names[0], entries, torch_needs()) if kind == "part" else [entries[name] for name in names]
    print("\n".join(map(str, wanted)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
