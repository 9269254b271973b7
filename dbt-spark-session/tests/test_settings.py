"""What a profile says and what Spark is told; what is shipped; what is refused before the JVM starts."""

import socket
import sys
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from dbt_common.exceptions import DbtRuntimeError

from dbt.adapters.spark_session.arrow import to_dataframe
from dbt.adapters.spark_session.credentials import SparkSessionCredentials
from dbt.adapters.spark_session.session import require_master
from dbt.adapters.spark_session.shipping import zip_packages


def spark_settings(**profile: Any) -> dict[str, str]:
    """The configuration that a profile's session starts with."""
    credentials = SparkSessionCredentials.from_dict({"schema": "toy", **profile})
    settings: dict[str, str] = credentials.server_side_parameters
    return settings


def test_defaults() -> None:
    settings = spark_settings()
    assert settings["spark.sql.ansi.enabled"] == "true"
    assert settings["spark.sql.session.timeZone"] == "UTC"
    assert settings["spark.sql.sources.partitionOverwriteMode"] == "dynamic"


def test_settings_override_defaults_in_sparks_spelling() -> None:
    settings = spark_settings(settings={"spark.sql.ansi.enabled": False, "spark.sql.shuffle.partitions": 2})
    assert settings["spark.sql.ansi.enabled"] == "false"
    assert settings["spark.sql.shuffle.partitions"] == "2"


def test_other_methods_are_refused() -> None:
    with pytest.raises(DbtRuntimeError, match="knows no method thrift"):
        spark_settings(method="thrift", host="somewhere")


def test_zip_holds_the_packages_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "shipped" / "inner"
    package.mkdir(parents=True)
    (tmp_path / "shipped" / "__init__.py").write_text("")
    (package / "__init__.py").write_text("VALUE = 1")
    (package / "words.toml").write_text("")
    (package / "__pycache__").mkdir()
    (package / "__pycache__" / "inner.pyc").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    archive = zip_packages(["shipped"])
    assert zipfile.ZipFile(archive).namelist() == [
        "shipped/__init__.py",
        "shipped/inner/__init__.py",
        "shipped/inner/words.toml",
    ]
    monkeypatch.setattr(sys, "path", [archive, *(entry for entry in sys.path if entry != str(tmp_path))])
    import shipped.inner  # type: ignore[import-not-found]

    assert shipped.inner.__file__.startswith(archive)


def test_package_that_cannot_be_shipped_is_named() -> None:
    with pytest.raises(DbtRuntimeError, match=r"ship_packages names no\.such"):
        zip_packages(["no.such"])


def test_master_that_takes_no_connection_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        require_master(f"spark://127.0.0.1:1,127.0.0.1:{port}")
    with pytest.raises(DbtRuntimeError, match=f"Could not reach the Spark master spark://127.0.0.1:{port}"):
        require_master(f"spark://127.0.0.1:{port}")


def test_column_without_a_type_is_named() -> None:
    with pytest.raises(DbtRuntimeError, match="The column empty that model\\(\\) returned has no type"):
        to_dataframe(None, pa.table({"empty": pa.nulls(2)}))
