"""What an install, `make test` and the rest of `make test-all` cost on this machine, group by group.

Seconds of the processor are those of the whole machine while a group runs, for tests leave processes that nobody waits
for; run it with nothing beside it, on Linux. The project is cloned into a folder of its own, so that nothing is warm
but the caches of pip and uv.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
MEGABYTE = 1 << 20
SLOWEST_FILES = 12

GROUPS = {
    "install for make build": ("make", ".venv/.installed-build"),
    "install for make test": ("make", ".venv/.installed-dev"),
    "lint: Python": ("make", "lint-python"),
    "lint: SQL": ("make", "lint-sql"),
    "make test: pytest": ("make", "test-fast"),
    "make test-all: the rest of pytest": ("make", "test-slow"),
    "make test-all: the Spark adapter": ("make", "test-adapter"),
}
"""What is run, one after the other; each is a part of the targets a developer calls."""


@dataclass(frozen=True)
class Cost:
    """What a group cost.

    Attributes:
        wall: seconds.
        processor: seconds of all cores.
        succeeded: whether its command did.
    """

    wall: float
    processor: float
    succeeded: bool


def processor_name() -> str:
    """The processor with its cores and the instructions that training and encoding profit from."""
    lines: dict[str, str] = {}
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        lines[name.strip()] = value.strip()
    flags = lines.get("flags", "").split()
    fast = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_tile") if flag in flags]
    return f"{lines.get('model name', 'unknown')}, {os.cpu_count()} cores, {', '.join(fast) or 'no AVX2'}"


def busy_seconds() -> float:
    """Seconds that all cores together were not idle since the machine started."""
    user, nice, system = (int(field) for field in Path("/proc/stat").read_text().split()[1:4])
    return (user + nice + system) / os.sysconf("SC_CLK_TCK")


def cost_of(command: tuple[str, ...], folder: Path, environment: dict[str, str], log: Path) -> Cost:
    """Run a command and say what it cost."""
    started, busy = time.perf_counter(), busy_seconds()
    with log.open("ab") as output:
        done = subprocess.run(command, cwd=folder, env=environment, stdout=output, stderr=output, check=False)
    return Cost(time.perf_counter() - started, busy_seconds() - busy, done.returncode == 0)


def seconds_by_file(junit: Path) -> dict[str, tuple[int, float]]:
    """Tests and their wall seconds of each file in a report of pytest."""
    files: dict[str, tuple[int, float]] = defaultdict(lambda: (0, 0.0))
    for case in ElementTree.parse(junit).getroot().iter("testcase"):
        name = case.get("classname", "")
        tests, seconds = files[name]
        files[name] = tests + 1, seconds + float(case.get("time", 0))
    return dict(files)


def megabytes(folder: Path) -> float:
    """Size of the files of a folder."""
    found = (file for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return sum(file.stat().st_size for file in found) / MEGABYTE


def main() -> None:
    """Measure, and print a line a group."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", help="words of the groups to run; the installs are always run")
    asked = parser.parse_args()
    print(f"processor: {processor_name()}")
    with tempfile.TemporaryDirectory() as temporary:
        clone = Path(temporary) / "upswing"
        subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(clone)], check=True)
        log = Path(temporary) / "printed.txt"
        for group, command in GROUPS.items():
            if asked.only and not group.startswith("install") and not any(word in group for word in asked.only):
                continue
            junit = Path(temporary) / "junit.xml"
            junit.unlink(missing_ok=True)
            reported = os.environ | {"PYTEST_ADDOPTS": f"--junitxml={junit}"}
            cost = cost_of(command, clone, reported, log)
            size = f"  {megabytes(clone / '.venv'):6,.0f} MB" if group.startswith("install") else ""
            failed = "" if cost.succeeded else "  FAILED"
            print(f"{group:<36}{cost.wall:7.0f} s  {cost.processor:7.0f} s of the processor{size}{failed}", flush=True)
            if junit.exists():
                files = sorted(seconds_by_file(junit).items(), key=lambda file: -file[1][1])
                for name, (tests, seconds) in files[:SLOWEST_FILES]:
                    print(f"    {name:<44}{tests:5} tests {seconds:7.1f} s")
            if not cost.succeeded:
                sys.stderr.write(log.read_text(errors="replace")[-3000:])


if __name__ == "__main__":
    main()
