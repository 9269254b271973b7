"""Sources of importable packages as a zip that executors can import from."""

import tempfile
import zipfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from dbt_common.exceptions import DbtRuntimeError


def zip_packages(names: Sequence[str]) -> str:
    """Zip the files of importable packages into a temporary folder; return the zip's path."""
    archive = Path(tempfile.mkdtemp(prefix="dbt-spark-session-")) / "packages.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in names:
            folder = _package_folder(name)
            for file in sorted(folder.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    zipped.write(file, Path(name.replace(".", "/")) / file.relative_to(folder))
    return str(archive)


def _package_folder(name: str) -> Path:
    try:
        spec = find_spec(name)
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise DbtRuntimeError(
            f"ship_packages names {name}, which is no importable package. Install it, or take it out."
        )
    return Path(next(iter(spec.submodule_search_locations)))
