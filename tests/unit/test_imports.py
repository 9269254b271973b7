"""What importing the package costs; who may import what is checked by ruff and import-linter (see pyproject.toml)."""

import subprocess
import sys
from pathlib import Path

import upswing

HEAVY = {"torch", "transformers", "faiss", "lightgbm", "implicit", "statsforecast", "statsmodels", "pyspark"}


def test_importing_the_products_loads_no_torch() -> None:
    products = Path(upswing.__file__).parent / "products"
    modules = [f"upswing.products.{path.stem}" for path in products.glob("*.py") if path.stem != "__init__"]
    code = f"import sys, {', '.join(sorted(modules))}; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
