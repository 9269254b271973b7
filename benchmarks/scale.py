"""All SQL models on deliveries of several sizes: time and memory against bare SQL, of one more day, and against size.

Every size has a fresh raw folder and a fresh warehouse. The peer is the same compiled SQL, run by a bare DuckDB process
on a copy of the warehouse from before the run, so that both read the same raw views and seeds. dbt's start counts as
ours.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any

import altair
import jinja2
import pandas
import yaml
from _report import Figure, judged, show
from _scale_sample import ScaleParameters, write_next_day, write_scale_sample

from upswing.sample.complete_journey import SAMPLE_FOLDER, write_sample

PROJECT = Path(__file__).parent.parent
SELECTION = (
    "--exclude",
    *(f"path:python_models/{domain}+" for domain in ("customers", "marketing", "opportunities", "products", "sales")),
    *(f"path:python_models/quality/{kind}_*+" for kind in ("read", "score", "seal")),
    *("check_mart_values+", "check_marts+", "check_raw", "check_staging"),
)
"""Every SQL model that does not stand behind a Python model; the gates, which make no rows, are left out."""

SPARK_MILLIONS = 10.0
GOAL_BARE_RATIO = 1.3
GOAL_PEAK_GIB = 6.0
GOAL_DAY_SHARE = 0.05

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73")
"""Colours that the colour-blind tell apart."""

MEASURED = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.call(sys.argv[2:])
seconds = time.perf_counter() - started
gib = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
with open(sys.argv[1], "w") as file:
    json.dump({"seconds": seconds, "peak_gib": gib}, file)
sys.exit(code)
"""
"""A small process around the measured one: a child's peak counts the memory of the process that it was forked from."""

BARE = """
import json, sys
import duckdb
with open(sys.argv[1]) as file:
    plan = json.load(file)
with duckdb.connect(plan["path"], config=plan["config_options"]) as connection:
    for name, value in plan["settings"].items():
        connection.execute(f"set {name} = {value!r}")
    for statement in plan["statements"]:
        connection.execute(statement)
"""


@dataclass(frozen=True)
class Run:
    """What one process took."""

    seconds: float
    peak_gib: float


@dataclass(frozen=True)
class SizeRuns:
    """The runs on one size.

    Attributes:
        millions: of order lines.
        full: all SQL models in a fresh warehouse.
        next_day: the same after one more daily part was delivered.
        bare: the compiled SQL without dbt, on the largest size.
        spark: all SQL models on Spark, where asked for.
    """

    millions: float
    full: Run
    next_day: Run
    bare: Run | None = None
    spark: Run | None = None


def log(message: str) -> None:
    """Tell what happens, and when."""
    print(f"{time.strftime('%H:%M:%S')} {message}", file=sys.stderr, flush=True)


def measure(command: Sequence[str], environment: Mapping[str, str], folder: Path, results: Path, what: str) -> Run:
    """Run a command, with its output in ``folder``, and note what it took; where it fails, show its end and exit."""
    log(f"{what} ...")
    folder.mkdir(parents=True, exist_ok=True)
    found, output = folder / "measured.json", folder / "output.txt"
    with output.open("w") as file:
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, str(found), *command],
            cwd=PROJECT,
            env=os.environ | environment,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        raise SystemExit(f"{what} failed:\n{output.read_text()[-4000:]}")
    run = Run(**json.loads(found.read_text()))
    with results.open("a") as file:
        print(json.dumps({"run": what, **asdict(run)}), file=file)
    log(f"{what}: {run.seconds:.1f} s, {run.peak_gib:.2f} GiB")
    return run


class Warehouse:
    """A warehouse of its own in ``folder``, with dbt's artifacts beside it."""

    def __init__(self, folder: Path, raw: Path, target: str, results: Path) -> None:
        self.folder = folder
        self.results = results
        self.target = target
        self.artifacts = folder / "target"
        self.environment = {"UPSWING_WAREHOUSE": str(folder), "UPSWING_RAW": str(raw)}

    def dbt(self, command: str, *options: str, what: str) -> Run:
        """One dbt command."""
        places = ("--target-path", str(self.artifacts), "--log-path", str(self.folder / "logs"))
        words = ("--quiet", command, "--target", self.target, *places, *options)
        return measure(
            (sys.executable, "-m", "dbt.cli.main", *words), self.environment, self.folder, self.results, what
        )

    def seed(self, size: str) -> None:
        """Load the seeds, which models read; the raw views come along."""
        self.dbt("seed", what=f"{size}, {self.target}: seeds")

    def run(self, what: str) -> Run:
        """Run all SQL models."""
        return self.dbt("run", *SELECTION, what=what)

    def output(self) -> dict[str, Any]:
        """The target in the profile, as dbt reads it."""

        def env_var(name: str, default: str = "") -> str:
            return self.environment.get(name) or os.environ.get(name) or default

        profile = yaml.safe_load(jinja2.Template((PROJECT / "profiles.yml").read_text()).render(env_var=env_var))
        found: dict[str, Any] = profile["upswing"]["outputs"][self.target]
        return found

    def statements(self) -> list[str]:
        """SQL that makes every model of the last run, each after those that it reads."""
        nodes = json.loads((self.artifacts / "manifest.json").read_text())["nodes"]
        results = json.loads((self.artifacts / "run_results.json").read_text())["results"]
        models = {result["unique_id"]: result for result in results if result["unique_id"].startswith("model.")}
        # What a model reads may be inlined, and then it is not among the results but reads in turn.
        graph = {name: node["depends_on"]["nodes"] for name, node in nodes.items() if name.startswith("model.")}
        statements = [
            f"create schema if not exists {schema}" for schema in sorted({nodes[m]["schema"] for m in models})
        ]
        for name in TopologicalSorter(graph).static_order():
            if name in models:
                kind = "view" if nodes[name]["config"]["materialized"] == "view" else "table"
                model = models[name]
                # A compiled model may end in a comment.
                statements.append(f"create {kind} {model['relation_name']} as (\n{model['compiled_code']}\n)")
        return statements


def run_bare(warehouse: Warehouse, before: Path, size: str) -> Run:
    """The compiled SQL of the warehouse's last run, on the copy ``before`` of its file from before that run."""
    output = warehouse.output()
    plan = before.with_name("plan.json")
    told = {
        "path": str(before),
        "config_options": output.get("config_options", {}),
        "settings": output.get("settings", {}),
        "statements": warehouse.statements(),
    }
    plan.write_text(json.dumps(told))
    return measure((sys.executable, "-c", BARE, str(plan)), {}, before.parent, warehouse.results, f"{size}: bare SQL")


def measure_size(folder: Path, results: Path, millions: float, bare: bool, spark: bool) -> SizeRuns:
    """All runs on one size."""
    size = f"{millions:g} M lines"
    raw = folder / "raw"
    parameters = ScaleParameters(round(millions * 1_000_000))
    started = time.perf_counter()

    def progress(done: int, days: int) -> None:
        log(f"{size}: {done} of {days} days written")

    rows = write_scale_sample(raw, parameters, progress, PROJECT / SAMPLE_FOLDER)
    log(f"{size}: delivery written in {time.perf_counter() - started:.0f} s, {rows}")

    on_duckdb = Warehouse(folder / "duckdb", raw, "duckdb", results)
    on_duckdb.seed(size)
    before = folder / "bare" / Path(on_duckdb.output()["path"]).name
    if bare:
        # The file keeps its name: relations are qualified by it.
        before.parent.mkdir()
        shutil.copyfile(on_duckdb.output()["path"], before)
    full = on_duckdb.run(f"{size}: full run")
    bare_run = run_bare(on_duckdb, before, size) if bare else None
    spark_run = None
    if spark:
        on_spark = Warehouse(folder / "spark", raw, "spark", results)
        on_spark.seed(size)
        spark_run = on_spark.run(f"{size}: full run on Spark")
    log(f"{size}: next day's part, {write_next_day(raw, parameters, PROJECT / SAMPLE_FOLDER):,} lines")
    return SizeRuns(millions, full, on_duckdb.run(f"{size}: run after one more day"), bare_run, spark_run)


def figures_of(sizes: Sequence[SizeRuns]) -> list[Figure]:
    """Rows of the report."""
    rows = []
    for size in sizes:
        name, full, day = f"{size.millions:g} M lines", size.full, size.next_day
        if bare := size.bare:
            ratio = full.seconds / bare.seconds
            rows += [
                Figure(
                    f"{name}: all SQL models",
                    f"{full.seconds:.0f} s",
                    f"bare SQL {bare.seconds:.0f} s",
                    f"{ratio:.2f}",
                    f"<= {GOAL_BARE_RATIO}",
                    judged(ratio <= GOAL_BARE_RATIO),
                ),
                Figure(
                    f"{name}: peak memory",
                    f"{full.peak_gib:.1f} GiB",
                    f"bare SQL {bare.peak_gib:.1f} GiB",
                    f"{full.peak_gib / bare.peak_gib:.2f}",
                    f"<= {GOAL_PEAK_GIB:g} GiB",
                    judged(full.peak_gib <= GOAL_PEAK_GIB),
                ),
            ]
        is_largest = size is sizes[-1]
        share = day.seconds / full.seconds
        rows.append(
            Figure(
                f"{name}: one more day",
                f"{day.seconds:.1f} s, {day.peak_gib:.1f} GiB",
                f"full run {full.seconds:.1f} s, {full.peak_gib:.1f} GiB",
                f"{share:.1%}",
                f"<= {GOAL_DAY_SHARE:.0%}" if is_largest else "",
                judged(share <= GOAL_DAY_SHARE) if is_largest else "",
            )
        )
        if spark := size.spark:
            rows.append(
                Figure(
                    f"{name}: DuckDB and Spark",
                    f"{full.seconds:.0f} s",
                    f"Spark {spark.seconds:.0f} s",
                    f"{full.seconds / spark.seconds:.2f}",
                    "",
                    "",
                )
            )
    for smaller, larger in pairwise(sizes):
        growth, lines = larger.full.seconds / smaller.full.seconds, larger.millions / smaller.millions
        rows.append(
            Figure(
                f"{larger.millions:g} M lines against {smaller.millions:g} M",
                f"{larger.full.seconds:.0f} s",
                f"{smaller.full.seconds:.0f} s",
                f"{growth:.1f}",
                f"<= {lines:g}, as the lines",
                judged(growth <= lines),
            )
        )
    return rows


def plot(sizes: Sequence[SizeRuns], path: Path) -> None:
    """Seconds and peak memory against lines, on logarithmic axes, beside what is in proportion to the smallest size."""
    kinds = {"full run": "full", "bare SQL": "bare", "one more day": "next_day"}
    measured = [
        {"lines": size.millions * 1e6, "run": kind, **asdict(run)}
        for size in sizes
        for kind, field in kinds.items()
        if (run := getattr(size, field)) is not None
    ]
    panels = []
    for field, title in (("seconds", "seconds"), ("peak_gib", "peak memory, GiB")):
        smallest = getattr(sizes[0].full, field) / sizes[0].millions
        proportional = [{"lines": size.millions * 1e6, field: smallest * size.millions} for size in sizes]
        ticks = altair.Axis(format="~s", values=[size.millions * 1e6 for size in sizes])
        x = altair.X("lines:Q", title="order lines", scale=altair.Scale(type="log"), axis=ticks)
        y = altair.Y(f"{field}:Q", title=title, scale=altair.Scale(type="log"), axis=altair.Axis(format="~g"))
        colour = altair.Color(
            "run:N", title=None, scale=altair.Scale(domain=list(kinds), range=list(OKABE_ITO)), sort=list(kinds)
        )
        # The same domain as the colour's, so that the two share one legend.
        shape = altair.Shape("run:N", title=None, scale=altair.Scale(domain=list(kinds)), sort=list(kinds))
        reference = altair.Chart(pandas.DataFrame(proportional)).mark_line(color="#767676", strokeDash=[6, 4])
        lines = altair.Chart(pandas.DataFrame(measured)).mark_line(strokeWidth=2)
        points = altair.Chart(pandas.DataFrame(measured)).mark_point(filled=True, size=110, opacity=1)
        panels.append(
            altair.layer(
                reference.encode(x=x, y=y),
                lines.encode(x=x, y=y, color=colour),
                points.encode(x=x, y=y, color=colour, shape=shape),
            ).properties(width=360, height=300)
        )
    chart = (
        altair.hconcat(*panels)
        .properties(title="All SQL models against order lines (dashed: in proportion to the smallest full run)")
        .configure(background="white", font="Arial, Helvetica, sans-serif")
        .configure_axis(labelFontSize=14, titleFontSize=15, titleFontWeight="normal", gridColor="#e5e5e5")
        .configure_legend(labelFontSize=14, symbolSize=110, orient="bottom")
        .configure_title(fontSize=16, fontWeight="normal", anchor="start")
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    chart.save(str(path))
    log(f"plot written to {path}")


def measure_sizes(folder: Path, millions: Sequence[float], spark: bool, keep: bool) -> list[SizeRuns]:
    """Measure the sizes in rising order; what each run took is noted, one JSON record a line, beside ``folder``."""
    results = folder.with_name(f"{folder.name}.jsonl")
    log(f"results go to {results}")
    sizes = []
    for size in millions:
        place = folder / f"{size:g}m"
        place.mkdir(parents=True)
        is_largest = size == millions[-1]
        sizes.append(measure_size(place, results, size, is_largest, spark and size == SPARK_MILLIONS))
        if not keep:
            shutil.rmtree(place)
    return sizes


def main() -> list[Figure]:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description="All SQL models on deliveries of several sizes.")
    parser.add_argument("--sizes", default="1,10,100", help="millions of order lines, separated by commas")
    parser.add_argument("--folder", type=Path, help="where the data go; a temporary folder by default")
    parser.add_argument("--keep", action="store_true", help="leave the data in --folder")
    parser.add_argument("--spark", action="store_true", help=f"also run {SPARK_MILLIONS:g} M lines on Spark")
    parser.add_argument("--plot", type=Path, default=PROJECT / "docs" / "images" / "scale.svg")
    told = parser.parse_args()
    if told.keep and not told.folder:
        parser.error("--keep needs --folder")
    millions = {float(size) for size in told.sizes.split(",")} | ({SPARK_MILLIONS} if told.spark else set())
    if not (PROJECT / SAMPLE_FOLDER / "promotions.parquet").exists():
        write_sample(PROJECT / SAMPLE_FOLDER)
    with tempfile.TemporaryDirectory(prefix="upswing-scale-") as temporary:
        folder = told.folder.resolve() if told.folder else Path(temporary)
        sizes = measure_sizes(folder, sorted(millions), told.spark, told.keep)
    plot(sizes, told.plot)
    return figures_of(sizes)


if __name__ == "__main__":
    show(main())
