"""Builds of deliveries that lack optional columns or tables, and of unusual shops: all of them must succeed.

What is optional is read from the raw contract. Any two columns, and any two tables, are absent together and one without
the other in some delivery. Each is built in a fresh warehouse, from a small cut of the sample that the tests build.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from _report import Figure, judged, show

PROJECT = Path(__file__).parent.parent
sys.path += [str(PROJECT / "tests"), str(PROJECT / "tests" / "pipeline")]

from cut_deliveries import Delivery, deliveries  # noqa: E402
from small_sample import small_sample  # noqa: E402
from warehouse_variables import FEW_ORDERS, FEW_SERIES  # noqa: E402

FAILURE = re.compile(r"(?:Failure|Error) in (\w+ [\w.]+)|(?:Runtime|Compilation|Database|Parsing|Contract) Error.*")


def build(raw: Path, warehouse: Path, bert: Path) -> tuple[int, float, str]:
    """Exit status, seconds, and first failing node of a build; of an earlier one only the parsed project stays."""
    for path in warehouse.iterdir() if warehouse.exists() else ():
        if path.name != "target":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    variables = FEW_SERIES | FEW_ORDERS | {"bert_model": str(bert)}
    dbt = str(Path(sys.executable).parent / "dbt")
    command = [dbt, "--no-use-colors", "build", "--exclude-resource-type", "unit_test"]
    command += ["--target-path", str(warehouse / "target"), "--log-path", str(warehouse / "logs")]
    command += ["--vars", json.dumps(variables)]
    environment = os.environ | {"UPSWING_WAREHOUSE": str(warehouse), "UPSWING_RAW": str(raw)}
    started = time.perf_counter()
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    (warehouse / "printed.txt").write_text(done.stdout + done.stderr)
    found = FAILURE.search(done.stdout) if done.returncode else None
    return done.returncode, seconds, (found[1] or found[0]) if found else ""


def main() -> list[Figure]:
    """Build the deliveries that the arguments name; by default all of them."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("deliveries", nargs="*", help="names, as they are printed; by default all")
    arguments.add_argument("--sample", type=Path, help="folder with raw tables in raw and a BERT in bert")
    arguments.add_argument("--keep", type=Path, help="folder for what failing builds printed")
    asked = arguments.parse_args()
    sample = asked.sample or small_sample()
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for name, (absent, change) in deliveries().items():
            if asked.deliveries and name not in asked.deliveries:
                continue
            lacks = ", ".join(sorted(f"{table}.{column}" if column else table for table, column in absent))
            raw = folder / "raw"
            shutil.rmtree(raw, ignore_errors=True)
            delivery = Delivery(sample / "raw")
            change(delivery)
            delivery.write(raw)
            status, seconds, failing = build(raw, folder / "warehouse", sample / "bert")
            if status and asked.keep:
                asked.keep.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / "warehouse" / "printed.txt", asked.keep / f"{name.replace(' ', '_')}.txt")
            print(f"{name}: rc {status}, {seconds:.0f} s, {failing}", file=sys.stderr, flush=True)
            if lacks and not name.startswith("all "):
                print(f"  lacks {lacks}", file=sys.stderr, flush=True)
            rows.append(Figure(name, f"rc {status}, {seconds:.0f} s", failing, "", "builds", judged(status == 0)))
    return rows


if __name__ == "__main__":
    show(main())
