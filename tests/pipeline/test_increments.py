"""A day more: what is kept up from new parts of a delivery equals, row for row, what is made of all of it at once."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from warehouse import Warehouse

FIRST_DAY = date(2024, 1, 3)
DAYS = 60
STANDING_DAYS = 40
LINES_A_DAY = 60
KEPT_UP = (
    "staging.parsed_raw__order_lines",
    "intermediate.int_order_lines",
    "intermediate.int_product_weeks",
    "intermediate.int_order_weeks",
    "intermediate.int_customer_purchases",
)
"""What order lines are kept up in."""
COMPARED = (
    "staging.base_raw__clock",
    "staging.base_raw__order_lines",
    "staging.stg_raw__order_lines",
    "staging.stg_raw__promotions",
    "quarantine.order_lines",
    "quarantine.promotions",
    "intermediate.int_order_lines",
    "intermediate.int_product_weeks",
    "intermediate.int_promotion_weeks",
    "intermediate.int_forecast_weeks",
    "intermediate.int_order_weeks",
    "intermediate.int_orders",
    "intermediate.int_customer_purchases",
    "intermediate.int_customer_snapshots",
    "intermediate.int_launch_weeks",
    "marts.product_weeks",
    "marts.products",
    "marts.customers",
    "marts.raw_deliveries",
    "marts.quarantine_reasons",
)
WANTED = (
    "--select",
    *(f"+file:{table.replace('quarantine.', 'quarantine_').split('.')[-1]}.sql" for table in COMPARED),
    *("--exclude", "path:python_models"),
    *("--resource-type", "model", "--resource-type", "seed"),
)


def order_lines(seed: int) -> dict[int, list[dict[str, object]]]:
    """Order lines by the day of their delivery: late ones, corrected ones, broken ones and days to come among them."""
    draw = np.random.default_rng(seed)
    delivered: dict[int, list[dict[str, object]]] = {day: [] for day in range(DAYS)}
    for number in range(DAYS * LINES_A_DAY):
        day = number // LINES_A_DAY
        ordered_at = datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(days=day, minutes=number % 1440)
        if number % 911 == 0:
            ordered_at += timedelta(days=int(draw.integers(1, 20)))
        line: dict[str, object] = {
            "order_id": f"o{number // 3}",
            "product_id": f"p{draw.integers(0, 25)}",
            "line_number": number,
            "customer_id": f"c{number // 3 % 12}" if number % 5 else None,
            "store_id": f"s{draw.integers(0, 3)}",
            "ordered_at": ordered_at.isoformat(sep=" "),
            "quantity": "many" if number % 401 == 0 else str(draw.integers(-1, 5)),
            "net_amount": str(round(float(draw.gamma(2, 3)), 2)),
        }
        arrival = day + (int(draw.integers(1, 30)) if draw.random() < 0.05 else 0)
        while arrival < DAYS:
            delivered[arrival].append(line)
            if draw.random() > 0.05:
                break
            moved = ordered_at + timedelta(days=int(draw.integers(-9, 2)))
            line = line | {"quantity": str(draw.integers(0, 9)), "ordered_at": moved.isoformat(sep=" ")}
            arrival += int(draw.integers(0, 20))
    # A week of its own that its correction empties.
    lonely = {"order_id": "lonely", "product_id": "p1", "line_number": 0, "quantity": "1", "net_amount": "1"}
    delivered[0].append(lonely | {"ordered_at": "2023-10-02 10:00:00", "store_id": None})
    delivered[STANDING_DAYS + 2].append(lonely | {"ordered_at": "2024-01-10 10:00:00", "store_id": None})
    return delivered


def promotions(seed: int) -> dict[int, list[dict[str, object]]]:
    """Promotions by the day of their delivery, some of weeks gone by and some delivered again without a display."""
    draw = np.random.default_rng(seed)
    delivered: dict[int, list[dict[str, object]]] = {}
    for day in (0, 20, STANDING_DAYS + 3, STANDING_DAYS + 9):
        monday = FIRST_DAY + timedelta(days=day - 2)
        delivered[day] = [
            {
                "product_id": f"p{draw.integers(0, 25)}",
                "store_id": f"s{draw.integers(0, 3)}",
                "week_starting": (monday - timedelta(weeks=int(draw.integers(-1, 4)))).isoformat(),
                "display": str(draw.integers(0, 3)),
            }
            for _row in range(30)
        ]
    return delivered


def deliver(raw: Path, table: str, day: int, rows: list[dict[str, object]]) -> None:
    """One part, named so that it sorts after those before it."""
    folder = raw / table
    folder.mkdir(parents=True, exist_ok=True)
    names = list(rows[0])
    columns = {
        name: pa.array([row.get(name) for row in rows], pa.string() if name != "line_number" else pa.int64())
        for name in names
    }
    pq.write_table(pa.table(columns), folder / f"{(FIRST_DAY + timedelta(days=day)).isoformat()}.parquet")


def contents(warehouse: Warehouse) -> dict[str, list[tuple[object, ...]]]:
    return {table: warehouse.query(f"select * from {table} order by all") for table in COMPARED}


def generations(warehouse: Warehouse) -> dict[str, str]:
    """In which run each table was last made anew."""
    rows = warehouse.query(
        "select schema_name || '.' || table_name, comment from duckdb_tables() where comment like '{%'"
    )
    states = {str(table): json.loads(str(comment)) for table, comment in rows}
    return {table: states[table]["generation"] for table in KEPT_UP}


def clock_on(delivered_days: int) -> dict[str, object]:
    """The vars that set the clock to the last delivered day."""
    return {"as_of_date": (FIRST_DAY + timedelta(days=delivered_days - 1)).isoformat()}


def run(warehouse: Warehouse, delivered_days: int = DAYS) -> None:
    """Everything that is compared, the clock on the last delivered day."""
    done = warehouse.dbt("build", *WANTED, variables=clock_on(delivered_days))
    assert done.returncode == 0, done.stdout[-4000:]


@pytest.mark.parametrize("seed", [7])
def test_increments_equal_a_full_refresh_row_for_row(tmp_path: Path, seed: int) -> None:
    raw = tmp_path / "raw"
    kept_up = Warehouse(tmp_path / "kept_up", raw)
    lines, shown = order_lines(seed), promotions(seed)
    slices = [STANDING_DAYS, STANDING_DAYS + 1, DAYS]
    first: dict[str, str] = {}
    for begin, end in zip([0, *slices], slices, strict=False):
        for day in range(begin, end):
            deliver(raw, "order_lines", day, lines[day])
            if day in shown:
                deliver(raw, "promotions", day, shown[day])
        run(kept_up, end)
        first = first or generations(kept_up)
        assert generations(kept_up) == first, "a table was made anew, though parts were only added"

    at_once = Warehouse(tmp_path / "at_once", raw)
    run(at_once)
    expected = contents(at_once)
    for table, rows in contents(kept_up).items():
        assert rows == expected[table], table
    assert expected["marts.product_weeks"]
    assert {"a later row has the same key", "quantity is not a number", "ordered_at lies after as_of_date"} <= {
        str(row[1]) for row in expected["marts.quarantine_reasons"]
    }

    late = kept_up.dbt("test", "--select", "order_lines_are_delivered_within_late_days", variables=clock_on(DAYS))
    assert "WARN=1" in late.stdout, late.stdout
    patient = kept_up.dbt(
        "test", "--select", "order_lines_are_delivered_within_late_days", variables=clock_on(DAYS) | {"late_days": 60}
    )
    assert "WARN=0" in patient.stdout, patient.stdout

    before = contents(kept_up)
    run(kept_up)
    assert generations(kept_up) == first
    assert contents(kept_up) == before

    part = raw / "order_lines" / f"{(FIRST_DAY + timedelta(days=3)).isoformat()}.parquet"
    pq.write_table(pq.read_table(part).slice(5), part)
    run(kept_up)
    remade = generations(kept_up)
    assert all(remade[table] != first[table] for table in KEPT_UP), "a part that stood was changed"
    again = Warehouse(tmp_path / "again", raw)
    run(again)
    assert contents(kept_up) == contents(again)
