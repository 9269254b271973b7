"""What of dbt's graph a change of raw tables touches."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import upswing

CLOCK = "base_raw__clock"
BORDERS = ("check_raw", "check_staging")
"""Gates that everything stands behind: they judge what is touched, and touch nothing themselves."""
ALWAYS = ("check_marts", "publish", "read_pipeline_runs", "pipeline_runs", "read_publish_log", "publish_log")
"""Run in every round: the gate that looks at all marts, publishing, and what tells of the rounds before."""


def model_names(manifest: Any) -> dict[str, str]:
    """Names of the models by their unique ids."""
    return {key: node.name for key, node in manifest.nodes.items() if node.resource_type == "model"}


def raw_tables(manifest: Any) -> list[str]:
    """Names of the raw tables of the contract."""
    return sorted(source.name for source in manifest.sources.values() if source.source_name == "raw")


def arriving_models(manifest: Any) -> list[str]:
    """Unique ids of what shows whether anything arrived: the parsed tables and the clock."""
    return sorted(
        key for key, name in model_names(manifest).items() if name == CLOCK or name.startswith("parsed_raw__")
    )


def touched_models(manifest: Any, tables: Iterable[str]) -> list[str]:
    """Unique ids of the models that new rows of raw tables change while the clock stands.

    Those below the tables, and below what each run makes anew (source ``raw_control``); not what only the clock leads
    to, and no fit: what is learned stands until a whole build, and what it scores is scored again.

    Args:
        manifest: dbt's, as ``dbtRunner`` gives it.
        tables: names of the raw tables.
    """
    names = model_names(manifest)
    left_out = {key for key, name in names.items() if name == CLOCK or name.startswith("fit_")}
    changed = set(tables)
    waiting = [
        key
        for key, source in manifest.sources.items()
        if (source.source_name == "raw" and source.name in changed) or source.source_name == "raw_control"
    ]
    children = {key: below for key, below in manifest.child_map.items() if names.get(key) not in BORDERS}
    return sorted(_below(children, waiting, left_out) & set(names) | _named(names, ALWAYS))


def selectors(manifest: Any, models: Iterable[str]) -> list[str]:
    """Selectors of ``dbt build -s`` for just these models; a bare name would select a folder of that name too.

    The tests of each go with it, those that compare it with another among them.
    """
    return [f"fqn:{'.'.join(manifest.nodes[key].fqn)}" for key in sorted(models)]


def code_digest(manifest: Any, variables: Mapping[str, Any]) -> str:
    """A hash of all that results depend on beside the data: models, seeds, macros, the package and the vars."""
    digest = hashlib.sha256(repr(sorted(variables.items())).encode())
    for key in sorted(manifest.nodes):
        node = manifest.nodes[key]
        if node.resource_type in ("model", "seed"):
            digest.update(f"{key} {node.checksum.checksum}".encode())
    for key in sorted(manifest.macros):
        digest.update(manifest.macros[key].macro_sql.encode())
    for file in package_files():
        digest.update(file.read_bytes())
    return digest.hexdigest()


def package_files() -> Sequence[Path]:
    """The source files of this package, sorted."""
    return sorted(Path(upswing.__file__).parent.rglob("*.py"))


def _below(children: Mapping[str, Sequence[str]], begin: Iterable[str], left_out: set[str]) -> set[str]:
    reached: set[str] = set()
    waiting = list(begin)
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in reached and child not in left_out:
                reached.add(child)
                waiting.append(child)
    return reached


def _named(names: Mapping[str, str], wanted: Iterable[str]) -> set[str]:
    chosen = set(wanted)
    return {key for key, name in names.items() if name in chosen}
