"""The shipped rules of what is no merchandise: what they take, what they leave, and what is said of bad ones."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import jinja2
import pytest

PROJECT = Path(__file__).parents[2]

COLUMNS = ("product_id", "product_name", "category", "subcategory")

Product = tuple[str | None, str | None, str | None, str | None]

NO_MERCHANDISE: list[tuple[Product, str]] = [
    (("POST", None, None, None), "postage"),
    (("POST", "POSTAGE", None, None), "postage"),
    (("DOT", "DOTCOM POSTAGE", None, None), "postage"),
    (("C2", "CARRIAGE", None, None), "postage"),
    (("1", "Express delivery charge", None, None), "postage"),
    (("1", "Postage & packing", None, None), "postage"),
    (("1", "运费", None, None), "postage"),
    (("1", "补邮费差价", None, None), "postage"),
    (("M", None, None, None), "adjustment"),
    (("m", "Manual", None, None), "adjustment"),
    (("B", "Adjust bad debt", None, None), "adjustment"),
    (("ADJUST", "Adjustment by john on 26/01/2010 16", None, None), "adjustment"),
    (("D", "Discount", None, None), "discount"),
    (("BANK CHARGES", "Bank Charges", None, None), "fee"),
    (("AMAZONFEE", "AMAZON FEE", None, None), "fee"),
    (("1", "Booking fee", None, None), "fee"),
    (("1", "安装服务费", None, None), "fee"),
    (("1", "手续费", None, None), "fee"),
    (("CRUK", None, None, None), "donation"),
    (("1", "Bottle deposit", None, None), "deposit"),
    (("1", "瓶子押金", None, None), "deposit"),
    (("S", "SAMPLES", None, None), "sample"),
    (("PADS", "PADS TO MATCH ALL CUSHIONS", None, None), "sample"),
    (("1", "样品", None, None), "sample"),
    (("gift_0001_20", "Dotcomgiftshop Gift Voucher £20.00", None, None), "voucher"),
    (("1", "Amazon Gift Card £25.00", None, None), "voucher"),
    (("1", "100元代金券", None, None), "voucher"),
    (("1", None, "COUPON/MISC ITEMS", "AMERICAN EXPRESS GIFT CARD"), "voucher"),
    (("TEST001", "This is a test product.", None, None), "test"),
    (("TEST002", None, None, None), "test"),
    (("1", "测试商品", None, None), "test"),
    (("1", "Regular", "FUEL", None), "fuel"),
    (("1", "GASOLINE-REG UNLEADED", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED"), "fuel"),
    (("1", "92号汽油", None, None), "fuel"),
]

MERCHANDISE: list[Product] = [
    ("1", "Postage stamp album", "books", None),
    ("1", "VINTAGE POST OFFICE CABINET", None, None),
    ("1", "YELLOW EASTER EGG HUNT START POST", None, None),
    ("1", "CHRISTMAS METAL POSTCARD WITH BELLS", None, None),
    ("1", "GOTHIC CARRIAGE LANTERN", None, None),
    ("1", "ZINC HEART LATTICE CHARGER LARGE", None, None),
    ("1", "OCCASIONS GIFT CARD ASSORTMENT", None, None),
    ("1", "Gift card holder", None, "GIFT-WRAP EVERYDAY"),
    ("1", "Coffee", "COFFEE", "GROUND COFFEE"),
    ("1", "Irish Coffee", None, None),
    ("1", "Gasoline can 5 l", "garden", None),
    ("1", "Pregnancy test", "FAMILY PLANNING", "PREGNANCY TEST KITS"),
    ("1", "Adjustable wrench", None, None),
    ("1", "Sample jar", None, None),
    ("1", "Discount bin candy", None, None),
    ("1", "Safe deposit box", None, None),
    ("1", "血糖测试仪", None, None),
    ("1", "样品瓶", None, None),
    ("1", "免运费 男士衬衫", None, None),
    ("1", "优惠装洗衣液", None, None),
    ("1", "送代金券的蓝牙耳机", None, None),
    ("M", "Mug", None, None),
    ("D", "Dark chocolate", None, None),
    ("S", "Salt", None, None),
    ("PADS", "Knee pads", None, None),
    ("POSTER1", None, None, None),
    ("TESTER", None, None, None),
    ("DOTS", None, None, None),
    ("1", None, "MISCELLANEOUS", None),
]


def rendered(environment: jinja2.Environment, path: str) -> Any:
    """The macros of a file."""
    return environment.from_string((PROJECT / path).read_text(encoding="utf-8")).module


def environment() -> jinja2.Environment:
    """Jinja as dbt has it for DuckDB, as far as these rules need it."""
    jinja = jinja2.Environment()
    dbt = SimpleNamespace(concat=" || ".join, position=lambda part, whole: f"position({part} in {whole})")
    jinja.globals |= {"ref": lambda name: name, "dbt": dbt}
    pattern = rendered(jinja, "macros/matches_pattern.sql")
    jinja.globals |= {
        "words_of": rendered(jinja, "macros/words_of.sql").words_of,
        "matches_pattern": pattern.duckdb__matches_pattern,
    }
    return jinja


@pytest.fixture
def warehouse() -> duckdb.DuckDBPyConnection:
    """The shipped rules, and no product."""
    connection = duckdb.connect()
    connection.execute(
        "create table non_merchandise as "
        "select * from read_csv(?, header = true, all_varchar = true, delim = ',', quote = '\"')",
        [str(PROJECT / "seeds/non_merchandise.csv")],
    )
    listed = ", ".join(f"{name} varchar" for name in (*COLUMNS, "brand", "supplier_id", "package_size"))
    connection.execute(f"create table stg_raw__products ({listed}, unit_cost double, launched_on date)")
    connection.execute("create table int_product_weeks (product_id varchar)")
    return connection


def kinds(warehouse: duckdb.DuckDBPyConnection, products: list[Product]) -> list[str | None]:
    """What the rules make of each product, in the order given, each by itself."""
    rows = [(f"{place}", *product) for place, product in enumerate(products)]
    source = (PROJECT / "models/intermediate/products/int_products.sql").read_text(encoding="utf-8")
    sql = re.sub(r"\bstring\b", "varchar", environment().from_string(source).render())
    found = []
    for _, *product in rows:
        warehouse.execute("delete from stg_raw__products")
        warehouse.execute(f"insert into stg_raw__products ({', '.join(COLUMNS)}) values (?, ?, ?, ?)", product)
        row = warehouse.execute(f"select non_merchandise_kind, is_merchandise from ({sql})").fetchone()
        assert row is not None
        assert row[1] == (row[0] is None)
        found.append(row[0])
    return found


def test_the_rules_take_what_is_no_merchandise(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = kinds(warehouse, [product for product, _ in NO_MERCHANDISE])
    assert list(zip([product for product, _ in NO_MERCHANDISE], found, strict=True)) == NO_MERCHANDISE


def test_the_rules_leave_goods_whose_names_resemble_a_fee(warehouse: duckdb.DuckDBPyConnection) -> None:
    found = kinds(warehouse, MERCHANDISE)
    assert [(product, kind) for product, kind in zip(MERCHANDISE, found, strict=True) if kind] == []


def test_an_exception_wins(warehouse: duckdb.DuckDBPyConnection) -> None:
    fuel: Product = ("1", "Unleaded", "Fuel", None)
    warehouse.execute("insert into non_merchandise values ('category', 'equals', 'fuel', 'merchandise')")
    assert kinds(warehouse, [fuel]) == [None]


def complaints(warehouse: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """The rules that are bad, and why."""
    macro = rendered(environment(), "macros/bad_non_merchandise.sql").bad_non_merchandise
    return warehouse.execute(f"select * from ({macro()}) as bad_rows order by all").fetchall()


def test_the_shipped_rules_are_good(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert complaints(warehouse) == []


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (("name", "equals", "fee", "fee"), "field is not known"),
        (("product_name", "is", "fee", "fee"), "match is not known"),
        (("product_name", "equals", None, "fee"), "value is empty"),
        (("product_name", "matches", r"fee\b", "fee"), "backslash"),
        (("product_name", "matches", "(?=fee)", "fee"), "backslash"),
        (("product_name", "equals", "fee", "charge"), "kind is not known"),
        (("category", "equals", "fuel", "fuel"), "more than one row"),
    ],
)
def test_a_bad_rule_is_named(warehouse: duckdb.DuckDBPyConnection, rule: tuple[str, ...], fault: str) -> None:
    warehouse.execute("insert into non_merchandise values (?, ?, ?, ?)", rule)
    found = complaints(warehouse)
    assert len(found) == 1
    assert fault in found[0][1]
