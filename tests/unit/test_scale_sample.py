import hashlib
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from _scale_sample import (
    FIRST_DAY,
    LATEST_DELAY,
    PLANNED_WEEKS,
    Company,
    ScaleParameters,
    _parts,
    measure_sample,
    write_next_day,
    write_scale_sample,
)

SMALL = ScaleParameters(20_000, products=200, customers=500, days=120, seed=7)


@pytest.fixture(scope="module")
def delivery(real_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delivery")
    write_scale_sample(folder, SMALL, sample=real_tables)
    return folder


def digests(folder: Path) -> dict[str, str]:
    files = sorted(folder.rglob("*.parquet"))
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def delivered_lines(folder: Path) -> duckdb.DuckDBPyRelation:
    return duckdb.sql(f"""
        select *, cast(parse_filename(filename, true) as date) as delivered_on, cast(ordered_at as date) as ordered_on
        from read_parquet('{folder}/order_lines/*.parquet', filename = true)
    """)


def value_of(relation: duckdb.DuckDBPyRelation, expression: str) -> float:
    found = relation.aggregate(expression).fetchone()
    assert found is not None
    return float(found[0])


@pytest.mark.parametrize("name", ["order_lines", "products", "customers", "days"])
def test_a_size_below_one_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is 0; expected at least 1"):
        ScaleParameters(**({"order_lines": 1000} | {name: 0}))


def test_a_negative_seed_is_named() -> None:
    with pytest.raises(ValueError, match="seed is -1; expected at least 0"):
        ScaleParameters(1000, seed=-1)


def test_products_and_customers_grow_with_the_lines_unless_given() -> None:
    hundred_million = ScaleParameters(100_000_000)
    assert (hundred_million.product_count, hundred_million.customer_count) == (50_000, 1_000_000)
    assert (SMALL.product_count, SMALL.customer_count) == (200, 500)


def test_a_seed_gives_the_same_files_and_another_seed_others(real_tables: Path, delivery: Path, tmp_path: Path) -> None:
    write_scale_sample(tmp_path / "again", SMALL, sample=real_tables)
    write_scale_sample(tmp_path / "other", ScaleParameters(20_000, 200, 500, days=120, seed=8), sample=real_tables)
    first, again, other = (digests(folder) for folder in (delivery, tmp_path / "again", tmp_path / "other"))
    assert first == again
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first)


def test_files_are_the_contracts_with_the_types_of_the_sample(real_tables: Path, delivery: Path) -> None:
    rows = {table: pq.read_table(delivery / f"{table}.parquet") for table in ("products", "customers", "promotions")}
    parts = sorted((delivery / "order_lines").iterdir())
    assert [part.stem for part in parts] == [str(FIRST_DAY + timedelta(day)) for day in range(SMALL.days)]
    for table, schema in {table: found.schema for table, found in rows.items()}.items():
        assert schema.equals(pq.read_schema(real_tables / f"{table}.parquet")), table
    lines = pq.read_schema(parts[0])
    in_sample = pq.read_schema(real_tables / "order_lines.parquet")
    assert set(lines.names) == {"line_number", *in_sample.names}
    assert all(lines.field(name).type == in_sample.field(name).type for name in in_sample.names)
    assert (rows["products"].num_rows, rows["customers"].num_rows) == (200, 500)
    assert rows["promotions"].num_rows == pytest.approx(SMALL.order_lines / 10, rel=0.5)
    weeks = set(rows["promotions"]["week_starting"].to_pylist())
    assert weeks == {FIRST_DAY + timedelta(weeks=week) for week in range(SMALL.weeks + PLANNED_WEEKS)}


def test_the_lines_are_about_as_many_as_asked(delivery: Path) -> None:
    lines = delivered_lines(delivery)
    assert value_of(lines, "count(*)") == pytest.approx(SMALL.order_lines, rel=0.02)
    assert value_of(lines, "count(distinct product_id)") > 100
    assert 0 < value_of(lines, "avg(cast(customer_id is null as integer))") < 0.1


def test_no_part_holds_a_later_day_and_few_lines_are_late(delivery: Path) -> None:
    lines = delivered_lines(delivery)
    assert value_of(lines, "min(delivered_on - ordered_on)") == 0
    assert 2 < value_of(lines, "max(delivered_on - ordered_on)") <= LATEST_DELAY
    assert value_of(lines, "avg(cast(ordered_on < delivered_on as integer))") == pytest.approx(0.011, abs=0.004)


def test_a_correction_has_the_key_of_a_line_delivered_earlier_and_another_quantity(delivery: Path) -> None:
    repeated = delivered_lines(delivery).aggregate(
        "count(*) as times, count(distinct quantity) as quantities, count(distinct delivered_on) as days, "
        "max(delivered_on) - min(delivered_on) as delay",
        "order_id, product_id, line_number",
    )
    corrected = repeated.filter("times > 1")
    assert value_of(corrected, "count(*)") == pytest.approx(SMALL.order_lines / 1000, abs=15)
    assert value_of(corrected, "max(times)") == 2
    assert value_of(corrected, "min(quantities)") == value_of(corrected, "min(days)") == 2
    assert value_of(corrected, "max(delay)") <= LATEST_DELAY


def test_lines_are_promoted_and_discounted_as_in_the_sample(real_tables: Path, delivery: Path) -> None:
    def shares(lines: str, folder: Path) -> tuple[float, float]:
        found = duckdb.sql(f"""
            with promotions as (select distinct * exclude (display, mailer) from '{folder}/promotions.parquet')
            select
                avg(cast(promotions.product_id is not null as integer)),
                avg(cast(discount_amount > 0 as integer))
            from '{folder}/{lines}' as lines
            left join promotions
                on lines.product_id = promotions.product_id
                and lines.store_id = promotions.store_id
                and date_trunc('week', lines.ordered_at) = promotions.week_starting
        """).fetchone()
        assert found is not None
        return float(found[0]), float(found[1])

    assert shares("order_lines/*.parquet", delivery) == pytest.approx(
        shares("order_lines.parquet", real_tables), abs=0.08
    )


def test_days_are_the_same_wherever_a_process_begins(real_tables: Path) -> None:
    company = Company.of(measure_sample(real_tables), SMALL)
    whole: dict[date, pa.Table] = dict(_parts(company, 0, 60))
    span: dict[date, pa.Table] = dict(_parts(company, 40, 60))
    assert list(span) == list(whole)[40:]
    assert all(part.equals(whole[day]) for day, part in span.items())


def test_a_further_day_comes_after_the_last_and_changes_no_other(real_tables: Path, delivery: Path) -> None:
    before = digests(delivery)
    rows = write_next_day(delivery, SMALL, sample=real_tables)
    after = digests(delivery)
    new = f"order_lines/{FIRST_DAY + timedelta(SMALL.days)}.parquet"
    assert new == max(name for name in after if name.startswith("order_lines"))
    assert after.keys() - before.keys() == {new}
    assert all(after[name] == digest for name, digest in before.items())
    lines = delivered_lines(delivery).filter(f"delivered_on = date '{new[-18:-8]}'")
    assert value_of(lines, "count(*)") == rows > 0
    assert value_of(lines, "max(ordered_on - delivered_on)") == 0
    (delivery / new).unlink()


def test_a_folder_with_order_lines_is_not_overwritten(real_tables: Path, delivery: Path) -> None:
    with pytest.raises(FileExistsError, match="holds order lines already"):
        write_scale_sample(delivery, SMALL, sample=real_tables)
