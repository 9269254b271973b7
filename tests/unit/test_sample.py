from pathlib import Path

import pyarrow.parquet as pq
import pytest

from unit.real_sample import write_real_tables
from upswing.sample.complete_journey import TABLES, SampleParameters

COLUMNS = {
    "order_lines": "order_id customer_id store_id product_id ordered_at quantity net_amount discount_amount "
    "coupon_amount channel",
    "products": "product_id product_name brand category subcategory supplier_id package_size",
    "customers": "customer_id age_band income_band household_size",
    "promotions": "product_id store_id week_starting display mailer",
    "campaigns": "campaign_id campaign_name campaign_type channel starts_on ends_on budget is_synthetic",
    "campaign_touches": "campaign_id customer_id variant touched_at clicked_at converted_at revenue is_synthetic",
}


@pytest.mark.parametrize("share", [0.0, -0.1, 1.01])
def test_a_share_out_of_range_is_named(share: float) -> None:
    with pytest.raises(ValueError, match=f"product_share is {share}; expected a share above 0 and up to 1"):
        SampleParameters(share)


def test_all_products_need_no_hash() -> None:
    assert SampleParameters(1.0).keep == "true"
    assert "md5" in SampleParameters(0.5).keep


def test_the_sample_is_the_same_twice_and_holds_a_share_of_the_products(sample_folder: Path, tmp_path: Path) -> None:
    write_real_tables(tmp_path, 0.02)
    for table in ("order_lines", "products"):
        assert (tmp_path / f"{table}.parquet").read_bytes() == (sample_folder / f"{table}.parquet").read_bytes()
    kept = set(pq.read_table(tmp_path / "products.parquet")["product_id"].to_pylist())
    bought = set(pq.read_table(tmp_path / "order_lines.parquet")["product_id"].to_pylist())
    assert len(kept) == pytest.approx(0.02 * 92_331, rel=0.1)
    assert len(bought - kept) <= 5


def test_the_sample_holds_what_the_source_holds(real_tables: Path) -> None:
    assert {path.name for path in real_tables.iterdir()} == {f"{table}.parquet" for table in TABLES}
    rows = {table: pq.read_metadata(real_tables / f"{table}.parquet").num_rows for table in TABLES}
    for table, columns in COLUMNS.items():
        assert pq.read_schema(real_tables / f"{table}.parquet").names == columns.split(), table
        assert rows[table] > 0, table
    assert rows["customers"] == 801
    assert rows["campaigns"] == 27
