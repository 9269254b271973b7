"""Whether a plain ``dbt build`` left everything built, tested and published, so that a watch can go on from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from upswing.quality import watch_graph
from upswing.quality.watch_builds import GREEN, WarmDbt


def is_whole_build(dbt: WarmDbt, invocation_id: str | None) -> bool:
    """Whether the command that last built in the warehouse was a whole and green build, of this code and these vars.

    Read from dbt's own ``run_results.json``; where that tells of another command, or is gone, the answer is no.

    Args:
        dbt: its project has been read.
        invocation_id: of the last command, as the warehouse knows it.
    """
    try:
        told = json.loads((dbt.target_folder / "run_results.json").read_text())
    except (OSError, ValueError):
        return False
    metadata, arguments = told.get("metadata", {}), told.get("args", {})
    if invocation_id is None or metadata.get("invocation_id") != invocation_id or arguments.get("which") != "build":
        return False
    statuses = {result["unique_id"]: str(result["status"]) for result in told.get("results", [])}
    if arguments.get("vars", {}) != dbt.variables or any(status not in GREEN for status in statuses.values()):
        return False
    if not set(watch_graph.model_names(dbt.manifest)) <= set(statuses):
        return False
    ended = datetime.fromisoformat(metadata["generated_at"]).timestamp()
    return _newest_source(dbt) < ended - float(told["elapsed_time"])


def _newest_source(dbt: WarmDbt) -> float:
    """When a file of the project or the package was last written, in seconds since 1970."""
    return max((path.stat().st_mtime for path in _sources(dbt)), default=0.0)


def _sources(dbt: WarmDbt) -> Iterator[Path]:
    yield from watch_graph.package_files()
    yield dbt.project / "dbt_project.yml"
    nodes: list[Any] = [*dbt.manifest.nodes.values(), *dbt.manifest.sources.values(), *dbt.manifest.macros.values()]
    package = dbt.manifest.metadata.project_name
    for name in {node.original_file_path for node in nodes if node.package_name == package}:
        if (path := dbt.project / name).exists():
            yield path
            if path.suffix != ".yml" and path.with_suffix(".yml").exists():
                yield path.with_suffix(".yml")
