"""Which Java would Spark start, and is it new enough?"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from dbt_common.exceptions import DbtRuntimeError

OLDEST_JAVA = 17
HINT = "Install it, for example `apt install openjdk-17-jre-headless`, or set JAVA_HOME."


def require_java(environ: Mapping[str, str]) -> None:
    """Raise a dbt error unless Spark's launcher would find a Java that Spark runs on."""
    command = find_java(environ)
    if command is None:
        raise DbtRuntimeError(f"Spark needs Java {OLDEST_JAVA} or newer; found none ({_where_looked(environ)}). {HINT}")
    version = java_version(command)
    if version is None:
        raise DbtRuntimeError(f"Spark needs Java {OLDEST_JAVA} or newer; {command} does not tell its version. {HINT}")
    if version < OLDEST_JAVA:
        raise DbtRuntimeError(f"Spark needs Java {OLDEST_JAVA} or newer; found Java {version} at {command}. {HINT}")


def find_java(environ: Mapping[str, str]) -> str | None:
    """The `java` that Spark's launcher picks: that of JAVA_HOME where it is set, otherwise the first on the PATH."""
    home = environ.get("JAVA_HOME")
    if home:
        command = Path(home) / "bin" / "java"
        return str(command) if os.access(command, os.X_OK) else None
    return shutil.which("java", path=environ.get("PATH", ""))


def java_version(command: str) -> int | None:
    """The feature version of a `java` command: 8 for 1.8.0_392, 17 for 17.0.15; None where it does not tell."""
    try:
        told = subprocess.run([command, "-version"], capture_output=True, text=True, timeout=60, check=False).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found.group(1)) if found else None


def _where_looked(environ: Mapping[str, str]) -> str:
    home = environ.get("JAVA_HOME")
    if home:
        return f"JAVA_HOME is {home}, which has no bin/java"
    return "JAVA_HOME is not set and there is no `java` on the PATH"
