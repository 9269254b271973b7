"""Great Expectations on a live DuckDB connection: suites are computed by the engine, in the process that has it open.

Importing this module loads Great Expectations (4 s), so that it is imported where there is something to judge.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from upswing.quality.expectations import Expected, measure_name
from upswing.quality.gate_dialect import URL, LiveDialect
from upswing.quality.gate_tables import Table

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
# Great Expectations loads Spark where it is installed, which takes as long as all the rest; the gates do not need it.
_spark = sys.modules.get("pyspark")
sys.modules["pyspark"] = None  # type: ignore[assignment]
try:
    import great_expectations as gx
    from great_expectations.execution_engine import sqlalchemy_execution_engine
    from great_expectations.expectations.expectation import BatchExpectation
finally:
    del sys.modules["pyspark"]
    if _spark is not None:
        sys.modules["pyspark"] = _spark


gxe: Any = gx.expectations


class _Persisted(str):
    """A dialect whose connection Great Expectations keeps open until the rows are fetched; it forgets DuckDB's."""

    value = "duckdb"


class ExpectMeasureToBeBetween(BatchExpectation):
    """One figure that a query gives of the table lies within bounds, either of which may be missing."""

    query: str
    measure: str
    min_value: float | None = None
    max_value: float | None = None
    metric_dependencies: ClassVar[tuple[str, ...]] = ("query.table",)
    success_keys: ClassVar[tuple[str, ...]] = ("query", "measure", "min_value", "max_value")
    domain_keys: ClassVar[tuple[str, ...]] = ("batch_id",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: Any = None,  # noqa: ARG002
        execution_engine: Any = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        (row,) = metrics["query.table"]
        value = row[self.measure]
        value = None if value is None else float(value)
        within = value is None or (
            (self.min_value is None or value >= self.min_value) and (self.max_value is None or value <= self.max_value)
        )
        return {"success": within, "result": {"observed_value": value}}


sqlalchemy_execution_engine._PERSISTED_CONNECTION_DIALECTS = (  # type: ignore[assignment]
    *sqlalchemy_execution_engine._PERSISTED_CONNECTION_DIALECTS,
    _Persisted("duckdb"),
)


def built(expected: Expected, measures: str) -> Any:
    """The expectation of Great Expectations that ``expected`` describes; ``measures`` is the query of all measures."""
    named: dict[str, Any] = {"meta": {"expectation_id": expected.expectation_id}, "description": expected.words}
    bounds: dict[str, Any] = {"min_value": expected.minimum, "max_value": expected.maximum}
    named["severity"] = "warning" if expected.severity == "warn" else "critical"
    if expected.kind == "not_null":
        return gxe.ExpectColumnValuesToNotBeNull(column=expected.column, mostly=expected.mostly, **named)
    if expected.kind == "between":
        return gxe.ExpectColumnValuesToBeBetween(column=expected.column, mostly=expected.mostly, **bounds, **named)
    if expected.kind == "in_set":
        values = list(expected.values)
        return gxe.ExpectColumnValuesToBeInSet(
            column=expected.column, value_set=values, mostly=expected.mostly, **named
        )
    if expected.kind in ("mean", "median", "distinct", "stdev"):
        classes: dict[str, Any] = {
            "mean": gxe.ExpectColumnMeanToBeBetween,
            "median": gxe.ExpectColumnMedianToBeBetween,
            "distinct": gxe.ExpectColumnUniqueValueCountToBeBetween,
            "stdev": gxe.ExpectColumnStdevToBeBetween,
        }
        return classes[expected.kind](column=expected.column, **bounds, **named)
    if expected.kind == "rows":
        return gxe.ExpectTableRowCountToBeBetween(**bounds, **named)
    query = expected.query or measures
    return ExpectMeasureToBeBetween(query=query, measure=measure_name(expected), **bounds, **named)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Great Expectations without its warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _hush() -> None:
    """Silence what Great Expectations logs of its own making; once, for each change of a level costs all loggers."""
    named = [name for name in logging.root.manager.loggerDict if name.startswith("great_expectations")]
    for name in ["great_expectations", *named]:
        logging.getLogger(name).setLevel(logging.ERROR)


_hush()


class Judge:
    """A context of Great Expectations over the live connection; one at a time in a process."""

    def __init__(self, session: Any, folder: Path | None = None) -> None:
        """Bind to ``session``, a DuckDB connection; with a folder, Data Docs can be written there."""
        LiveDialect.session = session
        with quiet():
            self.context = gx.get_context(mode="ephemeral")
            self.context.variables.progress_bars = {"globally": False}  # type: ignore[assignment]
            self.source = self.context.data_sources.add_or_update_sql(
                name="warehouse", connection_string=URL, create_temp_table=False
            )
        self.folder = folder

    def judge(
        self, table: Table, schema: str, expectations: Sequence[Expected], measures: str
    ) -> dict[str, dict[str, Any]]:
        """What each expectation found, by ``expectation_id``: success, and the result of Great Expectations.

        Args:
            table: what is judged.
            schema: where it, or the copy of it that is judged, stands.
            expectations: of it.
            measures: the query of all expectations of the kind ``measure``.

        Raises:
            RuntimeError: where an expectation could not be computed; a mistake of the suite, not of the data.
        """
        with quiet():
            name = f"{table.layer}.{table.name}"
            asset = self.source.add_table_asset(name=name, table_name=table.relation, schema_name=schema)
            whole = asset.add_batch_definition_whole_table("all")
            expected_of_it = [built(expected, measures) for expected in expectations]
            suite = gx.ExpectationSuite(name=name, expectations=expected_of_it)
            if self.folder is None:
                validated = whole.get_batch().validate(suite, result_format="SUMMARY")
            else:
                definition = gx.ValidationDefinition(name=name, data=whole, suite=self.context.suites.add(suite))
                validated = self.context.validation_definitions.add(definition).run()
        found = {}
        for result in validated.results:
            config: Any = result.expectation_config
            expectation_id = config.meta["expectation_id"]
            failed = [info for info in _exceptions(result.exception_info) if info]
            if failed:
                raise RuntimeError(f"{name}: {expectation_id} could not be computed: {failed[0]}")
            found[expectation_id] = {"success": bool(result.success), **result.result}
        return found

    def close(self) -> None:
        """Let go of the cursor."""
        with quiet():
            self.source.get_execution_engine().close()
            self.source.get_engine().dispose()

    def write_docs(self) -> Path:
        """Write Data Docs of all that was judged to the folder; the path of its first page."""
        assert self.folder is not None
        self.folder.mkdir(parents=True, exist_ok=True)
        backend = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(self.folder.resolve())}
        site: Any = {
            "class_name": "SiteBuilder",
            "store_backend": backend,
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        }
        with quiet():
            self.context.add_data_docs_site(site_name="quality", site_config=site)
            self.context.build_data_docs(site_names=["quality"])
        return self.folder / "index.html"


def _exceptions(information: Any) -> list[str | None]:
    if not information:
        return []
    if "raised_exception" in information:
        return [information["exception_message"]] if information["raised_exception"] else []
    return [details["exception_message"] for details in information.values()]
