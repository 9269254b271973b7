"""Which Java is found, and what is said where there is none."""

from pathlib import Path

import pytest
from dbt_common.exceptions import DbtRuntimeError

from dbt.adapters.spark_session.java import find_java, java_version, require_java


def fake_java(folder: Path, told: str) -> str:
    """A `java` that tells a version as the real one does: on stderr."""
    command = folder / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!/bin/sh\necho '{told}' >&2\n")
    command.chmod(0o755)
    return str(command)


def test_no_java(tmp_path: Path) -> None:
    with pytest.raises(DbtRuntimeError) as raised:
        require_java({"PATH": str(tmp_path)})
    assert raised.value.msg == (
        "Spark needs Java 17 or newer; found none (JAVA_HOME is not set and there is no `java` on the PATH). "
        "Install it, for example `apt install openjdk-17-jre-headless`, or set JAVA_HOME."
    )


def test_java_home_without_java(tmp_path: Path) -> None:
    with pytest.raises(DbtRuntimeError, match="has no bin/java"):
        require_java({"JAVA_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})


def test_old_java(tmp_path: Path) -> None:
    command = fake_java(tmp_path, 'openjdk version "11.0.22" 2024-01-16')
    with pytest.raises(DbtRuntimeError) as raised:
        require_java({"PATH": str(tmp_path / "bin")})
    assert f"found Java 11 at {command}." in raised.value.msg


def test_java_that_tells_nothing(tmp_path: Path) -> None:
    fake_java(tmp_path, "out of order")
    with pytest.raises(DbtRuntimeError, match="does not tell its version"):
        require_java({"PATH": str(tmp_path / "bin")})


def test_java_home_comes_before_the_path(tmp_path: Path) -> None:
    home = fake_java(tmp_path / "home", 'openjdk version "21" 2023-09-19')
    fake_java(tmp_path / "path", 'openjdk version "11.0.22" 2024-01-16')
    environ = {"JAVA_HOME": str(tmp_path / "home"), "PATH": str(tmp_path / "path" / "bin")}
    assert find_java(environ) == home
    require_java(environ)


@pytest.mark.parametrize(
    ("told", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "26-ea" 2026-03-17', 26),
    ],
)
def test_versions(tmp_path: Path, told: str, version: int) -> None:
    assert java_version(fake_java(tmp_path, told)) == version
