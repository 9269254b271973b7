"""A dbt that stays warm: the project is read once, and each build after it costs only what it builds."""

from __future__ import annotations

import gc
import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from upswing.quality import watch_graph
from upswing.quality.warehouse_lock import IN_USE
from upswing.user_errors import UserError

LEFT_OUT_VARIABLE = "UPSWING_UNFINISHED_FILES"
"""Environment variable: paths of raw files that a build passes over, a line each."""

GREEN = ("success", "pass", "warn", "no-op")
"""What dbt says of a node that is as it should be; a test that warns is."""
_LOCKED = "Could not set lock on file"


@dataclass(frozen=True)
class Failure:
    """A model or test that failed, and the first words of why."""

    name: str
    message: str


@dataclass(frozen=True)
class Built:
    """What a dbt build did.

    Attributes:
        is_green: everything was built and every test passed, or warned.
        is_published: the published marts were swapped for new ones.
        is_locked: nothing was done, for another process builds.
        models: models that were built.
        tests: tests that were run.
        seconds: of wall time.
        failures: what went wrong.
        warnings: tests that warned.
        slowest: the models that took longest, with their seconds.
    """

    is_green: bool
    is_published: bool
    is_locked: bool
    models: int
    tests: int
    seconds: float
    failures: list[Failure] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    slowest: list[tuple[str, float]] = field(default_factory=list)


class WarmDbt:
    """dbt in this process, with its manifest kept between builds."""

    def __init__(self, project: Path, warehouse: Path, variables: Mapping[str, Any], arguments: Sequence[str] = ()):
        """Nothing is read before :meth:`read_project`.

        Args:
            project: folder of the dbt project.
            warehouse: folder of its files (``UPSWING_WAREHOUSE``).
            variables: dbt's vars.
            arguments: more arguments of every dbt command.
        """
        self.project = project
        self.warehouse = warehouse
        self.variables = dict(variables)
        self._arguments = [*arguments, "--project-dir", str(project)]
        if self.variables:
            self._arguments += ["--vars", json.dumps(self.variables)]
        self.manifest: Any = None
        self.target_folder = project / os.environ.get("DBT_TARGET_PATH", "target")
        """Where dbt writes what it did."""

    def read_project(self) -> None:
        """Parse the project.

        Raises:
            UserError: the project cannot be parsed.
        """
        from dbt.cli.main import dbtRunner

        parsed = dbtRunner().invoke(["--quiet", "parse", *self._arguments])
        if not parsed.success:
            raise UserError(f"{self.project} cannot be parsed: {parsed.exception}")
        self.manifest = parsed.result

    def build(self, models: Iterable[str] | None, left_out: Iterable[str] = ()) -> Built:
        """``dbt build`` of these models with their tests, or of everything; the warehouse is let go of afterwards.

        Args:
            models: unique ids; None is the whole project.
            left_out: raw files that are passed over.
        """
        from dbt.cli.main import dbtRunner

        started = time.perf_counter()
        published = self._published()
        asked = ["--quiet", "build", "--exclude-resource-type", "unit_test", *self._arguments]
        if models is not None:
            asked += ["--select", *watch_graph.selectors(self.manifest, models)]
        os.environ[LEFT_OUT_VARIABLE] = "\n".join(left_out)
        try:
            done = dbtRunner(manifest=self.manifest).invoke(asked)
        finally:
            del os.environ[LEFT_OUT_VARIABLE]
            self.let_go()
        return self._told(done, time.perf_counter() - started, published)

    def read_one(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query on the warehouse as the last build left it; none where it, or a table, is not there."""
        file = self.warehouse / "upswing.duckdb"
        if not file.exists():
            return []
        try:
            with duckdb.connect(str(file), read_only=True) as connection:
                return connection.execute(sql).fetchall()
        except duckdb.CatalogException:
            return []

    def is_busy(self) -> bool:
        """Whether another process has the warehouse open."""
        file = self.warehouse / "upswing.duckdb"
        if not file.exists():
            return False
        try:
            duckdb.connect(str(file)).close()
        except duckdb.IOException as wrong:
            if _LOCKED in str(wrong):
                return True
            raise
        return False

    @staticmethod
    def let_go() -> None:
        """Close the warehouse, so that other processes can open it until the next build."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        environment = DuckDBConnectionManager._ENV
        if environment is not None:
            environment.close()
        DuckDBConnectionManager._ENV = None
        gc.collect()

    def _published(self) -> tuple[int, int] | None:
        try:
            found = (self.warehouse / "marts.duckdb").stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_mtime_ns

    def _told(self, done: Any, seconds: float, published_before: tuple[int, int] | None) -> Built:
        results = list(getattr(done.result, "results", None) or [])
        failures = [
            Failure(result.node.name, _first_words(result.message))
            for result in results
            if str(result.status) not in GREEN and str(result.status) != "skipped"
        ]
        if done.exception is not None:
            failures.append(Failure("dbt", _first_words(str(done.exception))))
        models = [result for result in results if result.node.resource_type == "model"]
        slowest = sorted(((result.node.name, result.execution_time) for result in models), key=lambda one: -one[1])
        return Built(
            is_green=bool(done.success),
            is_published=bool(done.success) and self._published() != published_before,
            is_locked=any(words in failure.message for failure in failures for words in (_LOCKED, IN_USE)),
            models=sum(1 for result in models if str(result.status) == "success"),
            tests=sum(1 for result in results if result.node.resource_type == "test"),
            seconds=seconds,
            failures=failures,
            warnings=[result.node.name for result in results if str(result.status) == "warn"],
            slowest=slowest[:10],
        )


def _first_words(message: str | None) -> str:
    return " ".join((message or "it failed without a word").split())[:400]
