"""What a fresh process loads, and its threads; who may import what is checked by ruff and import-linter."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import upswing

TESTS = Path(__file__).parents[1]
HEAVY = {"torch", "transformers", "faiss", "lightgbm", "implicit", "statsforecast", "statsmodels", "pyspark"}
CODE = """
import importlib, json, sys
for module in {modules}:
    importlib.import_module(module)
heavy = sorted({heavy} & set(sys.modules))

from threadpoolctl import threadpool_info
from unit.segments import QUICK, drawn, table
from upswing.customers import segment_fit

def looked_at(*_):
    threads = sorted({{(found["user_api"], found["num_threads"]) for found in threadpool_info()}})
    print(json.dumps({{"heavy": heavy, "threads": threads}}))
    raise SystemExit

segment_fit.KMeansClusters.fit = looked_at
segment_fit.fit_customer_segments(table(drawn(40)), QUICK, None)
"""


@pytest.fixture(scope="module")
def fresh_process() -> dict[str, Any]:
    """What a process found that imported the products and then began a fit."""
    products = Path(upswing.__file__).parent / "products"
    modules = sorted(f"upswing.products.{path.stem}" for path in products.glob("*.py") if path.stem != "__init__")
    code = CODE.format(modules=modules, heavy=HEAVY)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=TESTS, env=environment)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_importing_the_products_loads_no_torch(fresh_process: dict[str, Any]) -> None:
    assert fresh_process["heavy"] == []


def test_one_thread_is_imposed_before_anything_is_computed(fresh_process: dict[str, Any]) -> None:
    """Libraries that are loaded later would take all cores: the first fit of a process is what tells."""
    assert fresh_process["threads"] == [["blas", 1], ["openmp", 1]]
