"""Deliveries that lack all that is optional, and the smallest of shops, are built and published.

All absences, pairwise, take half an hour: ``benchmarks/absences.py`` builds them.
"""

from __future__ import annotations

import pytest
from cut_deliveries import Delivery, deliveries
from small_sample import small_sample
from warehouse import Warehouse

CHOSEN = ("all optional columns absent", "one product", "one customer", "one day")


@pytest.mark.slow
@pytest.mark.parametrize("name", CHOSEN)
def test_a_small_delivery_builds_and_publishes(own: Warehouse, name: str) -> None:
    _absent, cut = deliveries()[name]
    delivery = Delivery(small_sample() / "raw")
    cut(delivery)
    delivery.write(own.raw)
    own.build()
    ((rows,),) = own.query_published("select rows_staged from raw_deliveries where table_name = 'order_lines'")
    assert rows > 0
