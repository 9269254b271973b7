"""The published marts as a page, a report or a model card reads them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

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
                f"Nothing is published at {self.file}: run `make build`, or name the folder of the "
                "warehouse in UPSWING_WAREHOUSE."
            ) from None
        return str(self.file), found.st_ino, found.st_mtime_ns

    def table(self, sql: str, **parameters: Any) -> pa.Table:
        """The rows of one query, in which ``$name`` stands for a parameter.

        The file is opened for this query alone, read-only and not under its own name, so that a publication is never
        kept waiting and the next query sees it.

        Raises:
            UserError: nothing is published, or it is of another version and lacks what is asked for.
        """
        path, *_ = self.version
        with duckdb.connect() as connection:
            connection.execute(f"attach '{path.replace(chr(39), chr(39) * 2)}' as published (read_only)")
            connection.execute("use published")
            try:
                return connection.execute(sql, parameters).to_arrow_table()
            except (duckdb.CatalogException, duckdb.BinderException) as wrong:
                reason = str(wrong).splitlines()[0]
                raise UserError(
                    f"{self.file} was published by another version of Upswing ({reason}): run `make build`."
                ) from wrong
