"""The vars that the tests build with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from small_sample import place

PROJECT = Path(__file__).parents[2]

PARSED = PROJECT / "target" / "test_parse"
"""Where the project is parsed in advance, as if a warehouse were there."""

FEW_SERIES = {
    "max_forecast_products": 60,
    "max_forecast_store_categories": 20,
    "arima_series": 2,
    "forecast_windows": 1,
}
"""Forecasting a few series in one window runs through all the code that forecasting thousands does."""

FEW_ORDERS = {"min_rule_orders": 15, "min_rule_confidence": 0.03, "customer_snapshots": 6}
"""The small sample holds few orders, and rules between products are found in few of them."""

ALWAYS: dict[str, Any] = FEW_SERIES | FEW_ORDERS | {"bert_model": str(place() / "bert")}
"""Vars of every build; another value of one of them has dbt parse the project again."""
