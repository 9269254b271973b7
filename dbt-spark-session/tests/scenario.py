"""Builds the toy project several times in one process, which starts one JVM, and prints what came of it as JSON."""

import json
import sys
from pathlib import Path
from typing import Any

from dbt.artifacts.schemas.run import RunExecutionResult
from dbt.cli.main import dbtRunner

from dbt.adapters.spark_session import session as spark

STATE = """'quoted' "twice" \\ and """ + "long " * 100


def main(folder: Path) -> None:
    """Run the scenario in the project's folder and write observed.json into it."""
    sys.path.insert(0, str(folder))
    observed: dict[str, Any] = {}

    leave_files(folder / "spark" / "toy.db" / "leftover")
    observed["first"] = dbt("build", "--exclude", "tag:fails", "test_type:unit", variables={"state": STATE})
    observed["properties"] = table("toy.listed")

    session = spark._session
    session.sql("alter table toy.own_rows rename to toy.own_rows__dbt_backup")
    session.sql("create table toy.leftover__dbt_tmp as select 0 as stale")
    session.sql("drop table toy.contracted")
    session.sql("create view toy.contracted as select 0 as stale")
    leave_files(folder / "spark" / "toy.db" / "own_rows")
    leave_files(folder / "spark" / "toy.db" / "leftover__dbt_backup")
    observed["second"] = dbt("build", "--exclude", "tag:fails", variables={"state": STATE, "round": 2})

    observed["broken"] = dbt("run", "--select", "tag:fails", "standing", "changing", variables={"broken": True})
    observed["docs"] = dbt("docs", "generate")

    names = [f"{row.namespace}.{row.tableName}" for row in session.sql("show tables in toy").collect()]
    observed["names"] = names
    observed["tables"] = {name: table(name) for name in [*names, "toy_other.from_pandas"] if not name.startswith(".")}
    observed["locations"] = sorted(path.name for path in (folder / "spark" / "toy.db").iterdir())
    observed["partitions"] = [row.partition for row in session.sql("show partitions toy.mapped").collect()]
    observed["description"] = session.catalog.getTable("toy.documented").description
    (folder / "observed.json").write_text(json.dumps(observed))


def dbt(*arguments: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Run dbt; return the status and message of each node."""
    done = dbtRunner().invoke([*arguments, "--vars", json.dumps(variables or {}), "--no-use-colors"])
    if not isinstance(done.result, RunExecutionResult):
        return {"dbt": ["success" if done.success else "error", str(done.exception or "")]}
    return {ran.node.name: [str(ran.status), ran.message] for ran in done.result.results}


def table(name: str) -> dict[str, Any]:
    """A table's schema, comments and rows."""
    frame = spark._session.table(name)
    return {
        "schema": frame.schema.simpleString(),
        "comments": {field.name: field.metadata.get("comment") for field in frame.schema},
        "rows": sorted(([str(value) for value in row] for row in frame.collect()), key=str),
    }


def leave_files(location: Path) -> None:
    """Leave what a killed build leaves: files where a managed table goes."""
    location.mkdir(parents=True, exist_ok=True)
    (location / "part-0.parquet").write_text("half a file")


if __name__ == "__main__":
    main(Path.cwd())
