"""What scripts/install installs: a whole list for each part, every file with a hash, and nothing with another one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).parents[2]
LISTS = ("requirements.txt", "requirements-torch-cpu.txt", "superset/requirements.txt")
PARTS = ("build", "pages", "metrics", "databases", "spark", "dev")
OF_INSTALL = ("scripts", *LISTS, "pyproject.toml")
OTHER_DIGITS = str.maketrans("0123456789abcdef", "123456789abcdef0")


def lines_for(*arguments: str) -> str:
    command = [sys.executable, str(PROJECT / "scripts" / "part_requirements.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def needed(name: str, extras: frozenset[str], seen: set[tuple[str, frozenset[str]]]) -> set[str]:
    """What a package that is installed here needs on this machine, by normalized name."""
    if (name, extras) in seen:
        return set()
    seen.add((name, extras))
    names: set[str] = {canonicalize_name(name)}
    for text in metadata.requires(name) or []:
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in extras or {""}):
            names |= needed(wanted.name, frozenset(wanted.extras), seen)
    return names


@pytest.mark.parametrize("part", PARTS)
def test_a_part_lists_all_that_its_packages_need(part: str) -> None:
    listed = {canonicalize_name(name) for name in re.findall(r"^([\w.\-]+)==", lines_for("part", part), re.MULTILINE)}
    wanted = needed("upswing", frozenset({part}), set()) - {"upswing"}
    assert len(wanted) > 50
    assert wanted <= listed, wanted - listed


def test_torch_for_cpus_brings_no_cuda() -> None:
    if "+cpu" not in metadata.version("torch"):
        pytest.skip("the torch of this environment is not the one for CPUs")
    assert "nvidia" in (PROJECT / "requirements.txt").read_text()
    assert "nvidia" not in lines_for("part", "dev")


@pytest.mark.parametrize("name", LISTS)
def test_every_version_is_fixed_and_every_file_has_a_hash(name: str) -> None:
    text = re.sub(r"^ *#.*\n", "", (PROJECT / name).read_text(), flags=re.MULTILINE)
    entries = re.findall(r"^\S.*(?:\n .*)*", text, re.MULTILINE)
    assert entries
    for entry in entries:
        assert re.match(r"[\w.\-]+==[\w.+]+", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry


def test_what_requirements_lack_is_named(tmp_path: Path) -> None:
    for name in OF_INSTALL:
        copy(name, tmp_path)
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('    "click",', '    "click",\n    "no-such-package",'))
    command = [sys.executable, str(tmp_path / "scripts" / "part_requirements.py"), "part", "build"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "requirements.txt lacks no-such-package, which pyproject.toml lists; run `make lock`.\n"


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_package_with_another_hash_is_not_installed(installer: str, tmp_path: Path) -> None:
    for name in OF_INSTALL:
        copy(name, tmp_path)
    listed = tmp_path / "requirements.txt"
    entry = re.search(r"^setuptools==(\S+).*(?:\n .*)*", listed.read_text(), re.MULTILINE)
    assert entry is not None
    changed = re.sub(r"(?<=sha256:)\w", lambda first: first[0].translate(OTHER_DIGITS), entry[0])
    (tmp_path / "right.txt").write_text(lines_for("package", "setuptools"))
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--dest", str(tmp_path)]
    if subprocess.run([*pip, "--requirement", str(tmp_path / "right.txt")], capture_output=True).returncode:
        pytest.skip("no package index is reached")
    listed.write_text(listed.read_text().replace(entry[0], changed))
    environment = os.environ | {"PYTHON": sys.executable, "VENV": str(tmp_path / "venv"), "INSTALLER": installer}
    done = subprocess.run([tmp_path / "scripts" / "install"], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert re.search("hash mismatch|do not match the hashes", done.stderr, re.IGNORECASE), done.stderr
    assert not list((tmp_path / "venv").rglob(f"setuptools-{entry[1]}*"))
    assert not list((tmp_path / "venv").glob(".installed-*"))


def copy(name: str, folder: Path) -> None:
    """Copy a file or a folder of the project to the same place in another folder."""
    (folder / name).parent.mkdir(exist_ok=True)
    if (PROJECT / name).is_dir():
        shutil.copytree(PROJECT / name, folder / name)
    else:
        shutil.copy(PROJECT / name, folder / name)
