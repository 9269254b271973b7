"""Opportunities of the built warehouse, as the benchmarks of the text model take them."""

from __future__ import annotations

import os
from pathlib import Path

import duckdb
import pyarrow as pa

from upswing.opportunities.opportunity_texts import OpportunityTexts

WAREHOUSE = Path(os.environ.get("UPSWING_WAREHOUSE", "warehouse")) / "upswing.duckdb"


def table(sql: str) -> pa.Table:
    """Rows from the warehouse."""
    if not WAREHOUSE.exists():
        raise SystemExit(f"{WAREHOUSE} does not exist; run `make build`")
    with duckdb.connect(str(WAREHOUSE), read_only=True) as connection:
        return connection.sql(sql).to_arrow_table()


def opportunities() -> OpportunityTexts:
    """All opportunities, by id."""
    return OpportunityTexts.from_arrow(table("from intermediate.int_opportunity_texts order by opportunity_id"))
