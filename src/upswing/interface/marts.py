"""The published marts as a page, a report or a model card reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from upswing.database_files import explained_error
from upswing.nearest import near_path
from upswing.user_errors import UserError


@dataclass(frozen=True)
class Marts:
    """The file of the published marts, which may be replaced by a newer one at any moment.

    Attributes:
        file: ``marts.duckdb`` in the folder of the warehouse.
    """

    file: Path

    @classmethod
    def of_warehouse(cls) -> Marts:
        """The marts of the warehouse that ``UPSWING_WAREHOUSE`` names, else of ``warehouse``."""
        return cls(Path(os.environ.get("UPSWING_WAREHOUSE", "warehouse")) / "marts.duckdb")

    @property
    def version(self) -> tuple[str, int, int]:
        """Another one as soon as other marts are published.

        Raises:
            UserError: nothing is published.
        """
        try:
            found = self.file.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(
                f"Nothing is published at {self.file}: run `make build`, or name the folder of the warehouse in "
                f"UPSWING_WAREHOUSE{near_path(self.file.parent)}"
            ) from None
        return str(self.file), found.st_ino, found.st_mtime_ns

    @contextmanager
    def opened(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection that can read the marts and nothing else: no other file, no network, no setting.

        It is meant for one query: the file is opened read-only and not under its own name, so that a publication is
        never kept waiting and the next query sees it.

        Raises:
            UserError: nothing is published, or the file cannot be read.
        """
        path, *_ = self.version
        with duckdb.connect(config={"python_enable_replacements": "false"}) as connection:
            quoted = path.replace("'", "''")
            try:
                connection.execute(f"attach '{quoted}' as published (read_only)")
            except duckdb.Error as error:
                raise UserError(explained_error(error, self.file) or str(error)) from None
            connection.execute("use published")
            # A query that needs more than the memory uses files beside the marts.
            connection.execute(f"set temp_directory = '{quoted}.{os.getpid()}'")
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
            yield connection

    def table(self, sql: str, **parameters: Any) -> pa.Table:
        """The rows of one query, in which ``$name`` stands for a parameter.

        Raises:
            UserError: nothing is published, the file cannot be read, or it is of another version and lacks what is
                asked for.
        """
        with self.opened() as connection:
            try:
                return connection.execute(sql, parameters).to_arrow_table()
            except (duckdb.CatalogException, duckdb.BinderException) as wrong:
                reason = str(wrong).splitlines()[0]
                raise UserError(
                    f"{self.file} was published by another version of Upswing ({reason}): run `make build`."
                ) from wrong
