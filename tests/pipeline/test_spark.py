"""The whole project on Spark: the marts of DuckDB, from one machine and then a cluster that loses a worker."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from parity import differences
from warehouse import Warehouse, flat, mart_keys, mart_names

LEARNED = {
    "base_probability",
    "breakout_probability",
    "category_purchase_probability",
    "centroid_distance",
    "churn_probability",
    "cross_elasticity",
    "expected_gain",
    "expected_spend",
    "feature_vector",
    "outlier_score",
    "purchase_probability",
    "response_probability",
    "revenue_at_risk",
    "score",
    "factor",
    "mean_sentiment",
    "signal",
    "segment_margin",
    "similarity",
    "later_breakout_probability",
    "surge_probability",
    "peak_surge_probability",
    "mean_surge_probability",
    "conversion_probability",
    "probability_change",
    "distance",
    "expected_value",
    "open_expected_value",
    "expected_wins",
    "wins_above_expected",
    "uplift",
    "uplift_revenue",
    "value",
}
FOR_FEW_ROWS = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"}
"""Of each process of Java: compiled quickly, for none of them lives long."""
SETTINGS = FOR_FEW_ROWS | {"UPSWING_SPARK_PARTITIONS": "2", "UPSWING_SPARK_MEMORY": "2g", "SPARK_MASTER": "local[2]"}
NEWEST_FROM = "2017-12-18"
LATE_FROM = "2017-12-04"
KEPT_UP = ("+int_product_weeks", "+int_order_weeks")
IS_WHOLE = os.environ.get("UPSWING_TEST_SPARK") == "whole"
"""Whether the whole project is built and published; else what SQL makes, and the learned models of two domains."""

LEFT_OUT = (
    *(f"path:python_models/{domain}+" for domain in ("customers", "marketing", "sales")),
    *(f"path:python_models/quality/{kind}_*+" for kind in ("read", "score")),
    *("check_mart_values+", "check_marts+"),
)
"""Their Python models go through the same seams as those of products and opportunities."""

OF_THE_PART = {
    "breakout_products",
    "conversion_history",
    "customers",
    "opportunity_priorities",
    "product_weeks",
    "raw_deliveries",
    "surge_calendar",
}
"""Some of the marts that are compared where the project is not built as a whole."""

ONE_THREAD = ("--threads", "1")
"""Two lock each other out of a Derby catalog for 20 s now and then, and one worker's core is all there is."""
TESTS_LEFT_OUT = tuple(
    f"path:{folder},resource_type:test"
    for folder in (
        *("models/staging", "models/intermediate", "models/scores", "models/semantic", "python_models", "seeds"),
        *(f"models/marts/{domain}" for domain in ("customers", "marketing", "opportunities", "quality", "sales")),
    )
)
SOME_TESTS = (
    *(() if IS_WHOLE else ("--exclude", *LEFT_OUT, *TESTS_LEFT_OUT)),
    *("--exclude-resource-type", "unit_test"),
)
"""Tests of one domain's marts and of several tables: their SQL runs on Spark; all rows are compared with DuckDB's.

The whole project is published, which needs every test.
"""
DAYS_A_PART = 5
"""So that there are more parts than the text of a Derby catalog's view could name."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("pyspark") is None or shutil.which("java") is None,
        reason="needs Java 17 on the PATH and `pip install .[spark]`",
    ),
]


@pytest.fixture(scope="module")
def raw_in_parts(tmp_path_factory: pytest.TempPathFactory, small_raw: Path) -> Path:
    """The small sample, its order lines in parts of which the last brings late lines."""
    folder = tmp_path_factory.mktemp("raw_in_parts")
    shutil.copytree(small_raw, folder, dirs_exist_ok=True)
    rows = duckdb.read_parquet(str(small_raw / "order_lines.parquet"))
    parts = folder / "order_lines"
    parts.mkdir()
    is_late = f"ordered_at >= date '{NEWEST_FROM}' or order_id % 97 = 0 and ordered_at >= date '{LATE_FROM}'"
    rows.filter(is_late).write_parquet(str(parts / "2017-12-31.parquet"))
    part = f"date_diff('day', date '2016-01-01', ordered_at::date) // {DAYS_A_PART} as part"
    in_time = rows.filter(f"not ({is_late})").project(f"*, {part}")
    for (number,) in in_time.project("part").distinct().fetchall():
        of_part = in_time.filter(f"part = {number}").project("* exclude (part)")
        of_part.write_parquet(str(parts / f"{number:06d}.parquet"))
    (folder / "order_lines.parquet").unlink()
    return folder


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """A standalone master and two workers on loopback: its address, and the processes of the workers."""
    import pyspark

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"spark://127.0.0.1:{port}"
    launcher = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
    deploy = "org.apache.spark.deploy"
    log = (folder / "cluster.log").open("wb")

    def started(*arguments: str) -> subprocess.Popen[bytes]:
        command, environment = [launcher, *arguments], os.environ | FOR_FEW_ROWS
        return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=environment)

    web_off = ["--webui-port", "0"]
    processes = [started(f"{deploy}.master.Master", "--host", "127.0.0.1", "--port", str(port), *web_off)]
    try:
        for number in range(2):
            of_worker = ["-c", "1", "-m", "2g", "-d", str(folder / f"worker_{number}"), *web_off, "--host", "127.0.0.1"]
            processes.append(started(f"{deploy}.worker.Worker", *of_worker, address))
        patience = time.monotonic() + 240
        while (folder / "cluster.log").read_bytes().count(b"Successfully registered with master") < 2:
            assert time.monotonic() < patience, (folder / "cluster.log").read_text()[-3000:]
            time.sleep(0.5)
        yield address, processes[1:]
    finally:
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()
        log.close()


def test_a_cluster_that_loses_a_worker_makes_the_marts_of_duckdb(
    tmp_path: Path, built: Warehouse, raw_in_parts: Path
) -> None:
    """What is kept up is built on this machine without the newest part; the cluster brings that, and all the rest."""
    raw = raw_in_parts
    newest = raw / "order_lines" / "2017-12-31.parquet"
    kept_back = newest.rename(tmp_path / newest.name)
    before = Warehouse(tmp_path / "on_spark", raw, target="spark", settings=SETTINGS)
    done = before.dbt("run", *ONE_THREAD, "--select", *KEPT_UP)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    kept_back.rename(newest)

    with cluster(tmp_path) as (address, workers):
        of_cluster = {"SPARK_MASTER": address, "UPSWING_SPARK_MEMORY": "1g"}
        on_cluster = Warehouse(before.folder, raw, target="spark", settings=SETTINGS | of_cluster)
        building = on_cluster.start("build", *ONE_THREAD, *SOME_TESTS)
        assert building.stdout is not None
        printed = ""
        for line in building.stdout:
            printed += line
            if "OK created sql incremental model intermediate.int_order_lines" in line:
                workers[0].send_signal(signal.SIGKILL)
                break
        printed += building.communicate()[0]
        assert building.returncode == 0, printed[-4000:]
        assert "PASS" in printed
        assert workers[0].poll() is not None, "no worker was lost"
        assert workers[1].poll() is None
    manifest = built.manifest()
    keys = mart_keys(manifest)
    assert sorted(keys) == mart_names(manifest)
    tables = on_cluster.folder / "spark" / "marts.db"
    made = {folder.name for folder in tables.iterdir()}
    assert made == set(keys) if IS_WHOLE else made >= OF_THE_PART
    other = on_cluster.folder / "marts.duckdb" if IS_WHOLE else tables
    found = differences(built.folder / "marts.duckdb", other, {name: keys[name] for name in made}, LEARNED)
    assert found == [], "\n".join(found)
    if IS_WHOLE:
        comments = "select table_name, column_name, comment from duckdb_columns() where not internal order by all"
        assert on_cluster.query_published(comments) == built.query_published(comments)


def test_without_java_spark_says_what_to_install(tmp_path: Path, small_raw: Path) -> None:
    settings = SETTINGS | {"PATH": str(tmp_path), "JAVA_HOME": ""}
    done = Warehouse(tmp_path / "warehouse", small_raw, target="spark", settings=settings).dbt("build")
    assert done.returncode != 0
    assert "Spark needs Java 17 or newer; found none" in flat(done.stdout)
    assert "Traceback" not in done.stdout
