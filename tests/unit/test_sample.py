import hashlib
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from upswing.sample.complete_journey import TABLES, SampleParameters, write_sample

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


def test_the_sample_is_the_same_twice_and_holds_what_the_source_holds(tmp_path: Path) -> None:
    rows = write_sample(tmp_path / "first", SampleParameters(0.01))
    write_sample(tmp_path / "second", SampleParameters(0.01))
    digests = [
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / name).iterdir()}
        for name in ("first", "second")
    ]
    assert digests[0] == digests[1]
    assert digests[0].keys() == {f"{table}.parquet" for table in TABLES}
    for table, columns in COLUMNS.items():
        file = pq.ParquetFile(tmp_path / "first" / f"{table}.parquet")
        assert file.schema_arrow.names == columns.split(), table
        assert file.metadata.num_rows == rows[table] > 0, table
    kept = set(pq.read_table(tmp_path / "first" / "products.parquet")["product_id"].to_pylist())
    bought = set(pq.read_table(tmp_path / "first" / "order_lines.parquet")["product_id"].to_pylist())
    assert len(kept) == pytest.approx(0.01 * 92_331, rel=0.1)
    assert len(bought - kept) <= 5
    assert rows["customers"] == 801
    assert rows["campaigns"] == 27
