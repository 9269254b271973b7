"""What the compliance report says: a claim, whether it holds, what shows it, and what to do where it does not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from upswing.user_errors import UserError

HOLDS = "holds"
BROKEN = "broken"
NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """One claim of the report.

    Attributes:
        claim: in words.
        result: :data:`HOLDS`, :data:`BROKEN` or :data:`NOT_CHECKED`.
        evidence: what was looked at and what was found, without naming anybody.
        mend: what to do; empty where it holds.
    """

    claim: str
    result: str
    evidence: str
    mend: str = ""


def judged(claim: str, breaches: Sequence[str], looked_at: str, mend: str) -> Finding:
    """A claim that holds where there is no breach; else the first few are told."""
    if not breaches:
        return Finding(claim, HOLDS, looked_at)
    told = "; ".join(breaches[:5]) + (f"; and {len(breaches) - 5:,} more" if len(breaches) > 5 else "")
    return Finding(claim, BROKEN, f"{looked_at}: {told}", mend)


@dataclass(frozen=True)
class Project:
    """What dbt noted of the newest run: its manifest, and the variables that it ran with."""

    manifest: dict[str, Any]
    variables: dict[str, Any]

    @property
    def marts(self) -> dict[str, dict[str, Any]]:
        """The marts' nodes by name."""
        return {
            node["name"]: node
            for node in self.manifest["nodes"].values()
            if node["resource_type"] == "model" and node.get("schema") == "marts"
        }

    def raw_tables(self) -> dict[str, dict[str, Any]]:
        """The raw tables' sources by name."""
        return {
            source["name"]: source for source in self.manifest["sources"].values() if source["source_name"] == "raw"
        }


def read_project(folder: Path, target: Path) -> Project:
    """The project in a folder, and what dbt left of its newest run in ``target``.

    Raises:
        UserError: dbt left nothing there.
    """
    manifest = target / "manifest.json"
    if not manifest.exists():
        raise UserError(f"{manifest} does not exist: run `dbt build` first, or name dbt's target folder by --target")
    variables = yaml.safe_load((folder / "dbt_project.yml").read_text(encoding="utf-8")).get("vars", {})
    results = target / "run_results.json"
    if results.exists():
        variables |= json.loads(results.read_text(encoding="utf-8")).get("args", {}).get("vars") or {}
    return Project(json.loads(manifest.read_text(encoding="utf-8")), variables)


def as_text(findings: Sequence[Finding]) -> str:
    """The report for people."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.result.upper():<11}  {finding.claim}\n             {finding.evidence}")
        if finding.mend:
            lines.append(f"             To do: {finding.mend}")
    broken = sum(finding.result == BROKEN for finding in findings)
    unseen = sum(finding.result == NOT_CHECKED for finding in findings)
    lines.append(
        f"{len(findings)} claims: {len(findings) - broken - unseen} hold, {broken} broken, {unseen} not checked"
    )
    return "\n".join(lines)


def as_json(findings: Sequence[Finding]) -> str:
    """The report for machines."""
    is_compliant = all(finding.result != BROKEN for finding in findings)
    return json.dumps(
        {"is_compliant": is_compliant, "findings": [asdict(finding) for finding in findings]},
        indent=2,
        ensure_ascii=False,
    )
