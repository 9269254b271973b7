"""Keys that are made of several ids differ wherever one of the ids differs."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb

STAGING = Path(__file__).parents[2] / "models" / "staging" / "raw" / "stg_raw__order_lines.sql"


def test_order_lines_of_other_orders_and_products_have_other_ids() -> None:
    (expression,) = re.findall(r'dbt\.hash\("(.*)"\) }}\s+as order_line_id', STAGING.read_text(encoding="utf-8"))
    rows = "(values ('A|B', 'C', null), ('A', 'B|C', null), ('A', 'B', 1), ('A|B', '1', null), ('A', 'B|1', null)) as t"
    (found,) = duckdb.sql(
        f"select count(distinct md5({expression})), count(*) from {rows}(order_id, product_id, line_number)"
    ).fetchall()
    assert found[0] == found[1]
