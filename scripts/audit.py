"""Looks the versions of requirements.txt up in OSV, the database of known vulnerabilities, once a day.

Without a network it says so and ends well. One that is accepted stands in pyproject.toml, with the reason.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
import urllib.error
import urllib.request
from datetime import date
from pathlib import Path
from typing import Any

OSV = "https://api.osv.dev/v1/query"
SECONDS_TO_REACH = 3
SECONDS_FOR_ALL = 180


def unreachable(url: str) -> str | None:
    """Why the database cannot be asked, or None; any answer will do."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS_TO_REACH):
            return None
    except urllib.error.HTTPError:
        return None
    except OSError as error:
        return str(error)


def look_up(requirements: Path, url: str) -> list[dict[str, Any]]:
    """What pip-audit finds: packages with their vulnerabilities.

    Raises:
        RuntimeError: it found nothing out.
    """
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--disable-pip", "--no-deps"]
    command += ["--vulnerability-service", "osv", "--osv-url", url, "--format", "json", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_FOR_ALL)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"it took more than {SECONDS_FOR_ALL} s") from None
    except (json.JSONDecodeError, KeyError):
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no answer") from None
    return found


def judge(found: list[dict[str, Any]], accepted: dict[str, str]) -> tuple[list[str], list[str]]:
    """A line for each vulnerability that has a fix and is not accepted, and for each that only is to be known."""
    wrong, known = [], []
    for package in found:
        for vulnerability in package.get("vulns", []):
            names = [vulnerability["id"], *vulnerability.get("aliases", [])]
            fixes = vulnerability["fix_versions"]
            line = f"{package['name']} {package['version']}: {', '.join(names)}"
            if reason := next((accepted[name] for name in names if name in accepted), None):
                known.append(f"{line}; accepted: {reason}")
            elif fixes:
                wrong.append(f"{line}; mended in {', '.join(fixes)}")
            else:
                known.append(f"{line}; no version mends it yet")
    return wrong, known


def main() -> int:
    """Look them up unless that was done today; 1 where one is not accepted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--osv-url", default=OSV)
    given = parser.parse_args()
    requirements, pyproject = given.project / "requirements.txt", given.project / "pyproject.toml"
    content = requirements.read_bytes() + pyproject.read_bytes()
    done_today = f"{date.today()} {hashlib.sha256(content).hexdigest()}"
    stamp = given.project / "target" / "audited"
    if stamp.exists() and stamp.read_text() == done_today:
        print("Known vulnerabilities: looked up today.")
        return 0
    why = unreachable(given.osv_url)
    if why is None:
        try:
            found = look_up(requirements, given.osv_url)
        except RuntimeError as error:
            why = str(error)
    if why is not None:
        print(f"Known vulnerabilities: not looked up, {given.osv_url} cannot be asked ({why}).")
        return 0
    tool = tomllib.loads(pyproject.read_text(encoding="utf-8"))["tool"]["upswing"]
    wrong, known = judge(found, tool["accepted-vulnerabilities"])
    print("\n".join([f"Known vulnerabilities: {len(found)} packages looked up.", *known, *wrong]))
    if wrong:
        print(
            "Take a mended version with `make lock UPGRADE=package`, or write the id and the reason to "
            "[tool.upswing.accepted-vulnerabilities] in pyproject.toml.",
        )
        return 1
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(done_today)
    return 0


if __name__ == "__main__":
    sys.exit(main())
