"""Rules from 10 million order lines against mlxtend on the same orders, and how many rules the later half confirms.

The lines are those of the sample, again and again under other order ids. Ours runs the SQL of the models from order
lines to pairs of both levels and both halves, and then the rules. The peer takes its baskets from the same SQL, makes a
one-hot table of the earlier half's categories, and finds pairs (FP-growth) and rules; it counts no products and
confirms nothing. Each runs in a process of its own, whose peak memory the operating system reports. The rules of the
categories must be the same.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from _report import Figure, judged, show

from upswing.customers.basket_rules import RuleParameters, holding, pair_rules
from upswing.sample.complete_journey import SAMPLE_FOLDER

MODELS = Path(__file__).parent.parent / "models" / "intermediate" / "customers"
PIPELINE = ("int_basket_lines", "int_basket_items", "int_basket_pairs")
LINES = 10_000_000
MEMORY_LIMIT = "4GB"
GOAL = 1.0
ROUNDING = 1e-9
"""mlxtend divides shares, not counts: what lies on a threshold it may find just below."""

MEASURES = ("support", "confidence", "lift")

ORDER_LINES = """
    create table int_order_lines as
    select
        cast(order_id as varchar) || '-' || cast(copy as varchar) as order_id,
        cast(product_id as varchar) as product_id,
        cast(ordered_at as date) as ordered_on,
        cast(quantity as double) as quantity
    from '{folder}/order_lines.parquet'
    cross join range({copies}) as copies (copy)
"""

PRODUCTS = """
    create table int_products as
    select
        cast(product_id as varchar) as product_id,
        coalesce(category, 'unknown') as category
    from '{folder}/products.parquet'
"""


def open_warehouse(file: Path) -> duckdb.DuckDBPyConnection:
    """The file, on two threads and the memory that both ways may use."""
    return duckdb.connect(str(file), config={"memory_limit": MEMORY_LIMIT, "threads": 2})


def count_pairs(connection: duckdb.DuckDBPyConnection, parameters: RuleParameters) -> pa.Table:
    """Rows of ``int_basket_pairs``, by the SQL of the models."""
    run_models(connection, PIPELINE, parameters)
    return connection.sql("from int_basket_pairs").to_arrow_table()


def run_models(connection: duckdb.DuckDBPyConnection, models: tuple[str, ...], parameters: RuleParameters) -> None:
    """Make the tables of some models."""
    for model in models:
        source = (MODELS / f"{model}.sql").read_text(encoding="utf-8")
        sql = jinja2.Environment().from_string(source).render(ref=str, var=lambda name: getattr(parameters, name))
        connection.execute(f"create or replace table {model} as {sql}")


def find_rules(file: Path, parameters: RuleParameters) -> tuple[float, pa.Table]:
    """Seconds from order lines to rules, and the rules."""
    with open_warehouse(file) as connection:
        started = time.perf_counter()
        rules = pair_rules(count_pairs(connection, parameters), parameters)
        return time.perf_counter() - started, rules


def find_rules_of_peer(file: Path, parameters: RuleParameters) -> tuple[float, pa.Table]:
    """Seconds from order lines to the rules of mlxtend, and the rules."""
    from mlxtend.frequent_patterns import association_rules, fpgrowth

    started = time.perf_counter()
    with open_warehouse(file) as connection:
        run_models(connection, PIPELINE[:1], parameters)
        columns = connection.sql("""
            select dense_rank() over (order by order_id) - 1 as basket, category
            from (select distinct order_id, category from int_basket_lines where not is_later)
        """).fetchnumpy()
    categories, item = np.unique(columns["category"].astype(str), return_inverse=True)
    marks = np.zeros((int(columns["basket"].max()) + 1, len(categories)), dtype=np.bool_)
    marks[columns["basket"], item] = True
    frame = pd.DataFrame(marks, columns=categories).drop(columns="unknown", errors="ignore")
    share = (parameters.min_rule_orders - 0.5) / len(frame)
    itemsets = fpgrowth(frame, min_support=share, use_colnames=True, max_len=2)
    found = association_rules(itemsets, metric="confidence", min_threshold=parameters.min_rule_confidence - ROUNDING)
    found = found[found["lift"] >= parameters.min_rule_lift - ROUNDING]
    seconds = time.perf_counter() - started
    sides = {side: [next(iter(items)) for items in found[f"{side}s"]] for side in ("antecedent", "consequent")}
    return seconds, pa.table({**sides, **{measure: found[measure].to_numpy() for measure in MEASURES}})


def run(way: str, file: Path, parameters: RuleParameters) -> tuple[float, int, pa.Table]:
    """Seconds, peak bytes and category rules of one way, in a process of its own."""
    command = [sys.executable, __file__, way, str(file), str(parameters.min_rule_orders)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout)
    rules = pa.ipc.open_file(str(file.with_suffix(f".{way}"))).read_all()
    return (
        told["seconds"],
        told["peak_bytes"],
        rules.sort_by([("antecedent", "ascending"), ("consequent", "ascending")]),
    )


def run_here(way: str, file: Path, parameters: RuleParameters) -> None:
    """What :func:`run` starts."""
    seconds, rules = (find_rules if way == "ours" else find_rules_of_peer)(file, parameters)
    if way == "ours":
        rules = rules.filter(pc.equal(rules["rule_level"], "category"))
    with pa.ipc.new_file(str(file.with_suffix(f".{way}")), rules.schema) as writer:
        writer.write_table(rules)
    peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "peak_bytes": peak_bytes}))


def write_lines(file: Path, copies: int) -> int:
    """The warehouse file with the sample's lines so many times over; how many there are."""
    with open_warehouse(file) as connection:
        connection.execute(ORDER_LINES.format(folder=SAMPLE_FOLDER, copies=copies))
        connection.execute(PRODUCTS.format(folder=SAMPLE_FOLDER))
        return int(connection.sql("select count(*) from int_order_lines").fetchall()[0][0])


def speed(folder: Path) -> list[Figure]:
    """Time, memory and equality. All rules that meet the thresholds, for mlxtend tests none."""
    with duckdb.connect() as connection:
        (sample_lines,) = connection.sql(f"select count(*) from '{SAMPLE_FOLDER}/order_lines.parquet'").fetchall()[0]
    copies = -(-LINES // sample_lines)
    file = folder / "warehouse.duckdb"
    lines = write_lines(file, copies)
    parameters = untested(copies * RuleParameters().min_rule_orders)
    our_seconds, our_bytes, ours = run("ours", file, parameters)
    their_seconds, their_bytes, theirs = run("mlxtend", file, parameters)
    sides = ["antecedent", "consequent"]
    same = ours.select(sides).equals(theirs.select(sides))
    apart = max(np.abs(ours[name].to_numpy() - theirs[name].to_numpy()).max() for name in MEASURES) if same else np.inf
    return [
        Figure(
            f"pair rules from {lines / 1e6:.1f} M order lines",
            f"{our_seconds:.1f} s, both levels and halves",
            f"mlxtend {their_seconds:.1f} s, categories of the earlier half alone",
            f"{their_seconds / our_seconds:.1f}x",
            f">= {GOAL:.0f}x",
            judged(their_seconds >= GOAL * our_seconds),
        ),
        Figure(
            "pair rules: peak memory",
            f"{our_bytes / 2**30:.2f} GiB",
            f"mlxtend {their_bytes / 2**30:.2f} GiB",
            f"{their_bytes / our_bytes:.1f}x",
            "-",
            "-",
        ),
        Figure(
            "pair rules: the same",
            f"{ours.num_rows:,} rules",
            f"mlxtend {theirs.num_rows:,} rules",
            f"at most {apart:.0e} apart",
            "equal to six places",
            judged(bool(apart <= 1e-6)),
        ),
    ]


def untested(min_rule_orders: int) -> RuleParameters:
    """The default thresholds without the test."""
    return RuleParameters(min_rule_orders=min_rule_orders, rule_false_discovery_rate=1.0)


def confirmed(folder: Path) -> list[Figure]:
    """The share of the sample's rules that hold later, with the test and without, at usual and at few orders a rule.

    All are judged by one measure: lift and significance in the later half.
    """
    file = folder / "sample.duckdb"
    write_lines(file, 1)
    rows = []
    for least in (RuleParameters().min_rule_orders, 5):
        strict = RuleParameters(min_rule_orders=least)
        with open_warehouse(file) as connection:
            pairs = count_pairs(connection, strict)
        for level in ("category", "product"):
            of_level = pairs.filter(pc.equal(pairs["rule_level"], level))
            tested, every = pair_rules(of_level, strict), pair_rules(of_level, untested(least))
            shares = [holds_share(rules, strict) for rules in (tested, every)]
            rows.append(
                Figure(
                    f"{level} rules of >= {least} orders that hold later",
                    f"{shares[0]:.1%} of {tested.num_rows:,}",
                    f"without the test {shares[1]:.1%} of {every.num_rows:,}",
                    f"{100 * (shares[0] - shares[1]):+.1f} points",
                    ">= 0 points",
                    judged(shares[0] >= shares[1]),
                )
            )
    return rows


def holds_share(rules: pa.Table, parameters: RuleParameters) -> float:
    """Share of the rules that the later half confirms."""
    later_lift = rules["later_lift"].to_numpy()
    return float(np.mean(holding(later_lift, rules["later_p_value"].to_numpy(), parameters))) if len(rules) else np.nan


def main() -> list[Figure]:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder:
        return [*speed(Path(folder)), *confirmed(Path(folder))]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_here(sys.argv[1], Path(sys.argv[2]), untested(int(sys.argv[3])))
    else:
        show(main())
