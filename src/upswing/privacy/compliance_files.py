"""What lies on the disk: who may read it, and whether a key stands where it must not."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from upswing.privacy.compliance import NOT_CHECKED, Finding, judged
from upswing.privacy.keys import PADS_FILE, PSEUDONYM_SECRET, SECRETS, Secret, keys_folder
from upswing.privacy.pseudonyms import pads
from upswing.quality.modes import is_open, mode_of, open_paths

AT_ONCE = 1 << 22


def files_are_private(folders: Iterable[Path], outputs: Iterable[Path] = ()) -> Finding:
    """Neither the group nor others can read, write or enter what the warehouse and its exports hold.

    Args:
        folders: in which no file may be open to others.
        outputs: folders of dbt that others must not enter; dbt writes some of their files before anything of ours runs.
    """
    there = [folder for folder in folders if folder.exists()]
    entered = [folder for folder in outputs if folder.exists()]
    breaches = [f"{path} ({mode_of(path)})" for folder in there for path in open_paths(folder)]
    breaches += [f"{folder} ({mode_of(folder)})" for folder in entered if is_open(folder)]
    told = ", ".join(f"{folder}/" for folder in (*there, *entered)) or "there is no warehouse yet"
    mend = "run `upswing compliance --close`; what a build makes is private from the start"
    return judged("The owner alone can read the warehouse's files", breaches, told, mend)


def keys_are_secret(project: Path, folders: Iterable[Path], warehouse: Path) -> Finding:
    """No key lies in a file that git tracks or would track, nor in the logs, dbt's target or the warehouse.

    Args:
        project: folder of the repository.
        folders: logs, target and warehouse.
        warehouse: folder that no key may lie in: who copies it would have both what is sealed and what opens it.
    """
    claim = "The keys lie in a folder of their own outside the warehouse, and nowhere else"
    needles = [needle for secret in SECRETS for needle in needles_of(secret)]
    if not needles:
        return Finding(claim, NOT_CHECKED, "there is no key yet", "run `dbt build`, which makes them")
    own = keys_folder().resolve()
    tracked = list(repository_files(project))
    places = {path.resolve(): None for path in [*tracked, *_files_of(folders)]}
    searched = [path for path in places if own not in path.parents]
    breaches = [str(path) for path in searched if holds_any(path, needles)]
    breaches += [f"git tracks {path}" for path in tracked if own in path.resolve().parents]
    if PSEUDONYM_SECRET.given() and (own / PADS_FILE).exists():
        breaches.append(f"{own / PADS_FILE}, which a Spark session left that was killed: remove it")
    if own.is_relative_to(warehouse.resolve()) and any(own.glob("*.key")):
        breaches.insert(0, f"the keys lie inside the warehouse, in {keys_folder()}")
        return judged(claim, breaches, f"{len(searched):,} files", "run `upswing keys move`, then rotate both keys")
    mend = "take it out there; the key is known now: `upswing keys rotate`"
    return judged(
        claim, breaches, f"{len(searched):,} files: {len(tracked):,} of the repository, logs, target, warehouse", mend
    )


def needles_of(secret: Secret) -> Iterator[bytes]:
    """A key as a file might hold it: its digits, its bytes, and the pads that stand for it; none where there is no key.

    No key is made here.
    """
    text, _ = secret.found() or ("", "")
    for digits in text.lower().splitlines():
        if not digits.strip() or digits.startswith("#"):  # age-keygen writes the public key, which is no secret, there
            continue
        yield digits.encode()
        yield digits.upper().encode()
        try:
            key = bytes.fromhex(digits)
        except ValueError:
            continue
        yield key
        yield pads(key).inner
        yield pads(key).outer
        yield pads(key).inner.hex().encode()


def repository_files(project: Path) -> Iterator[Path]:
    """Files that git tracks, or would if asked to; none where this is no repository."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=project,
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return
    for name in listed.stdout.split(b"\0"):
        path = project / os.fsdecode(name)
        if name and path.is_file():
            yield path


def holds_any(path: Path, needles: Iterable[bytes]) -> bool:
    """Whether a file holds one of some byte strings; read piece by piece, and a file that is gone holds none."""
    wanted = list(needles)
    overlap = max(map(len, wanted)) - 1
    try:
        with path.open("rb") as file:
            before = b""
            while piece := file.read(AT_ONCE):
                window = before + piece
                if any(needle in window for needle in wanted):
                    return True
                before = window[-overlap:]
    except OSError:
        return False
    return False


def _files_of(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        if folder.exists():
            yield from (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
