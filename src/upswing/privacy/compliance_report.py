"""Every claim of the compliance report, in its order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from upswing.database_files import open_database
from upswing.privacy.compliance import Finding, Project, read_project
from upswing.privacy.compliance_data import (
    columns_of,
    erased_are_gone,
    k_anonymous,
    no_identity,
    only_pseudonyms,
    retention_honoured,
    shown,
)
from upswing.privacy.compliance_files import files_are_private, keys_are_secret
from upswing.privacy.compliance_fits import Known, mask_names, no_fit_holds_a_person
from upswing.privacy.compliance_lineage import no_tagged_column_in_a_mart, only_the_vault_reads_identities
from upswing.privacy.erasures import newest
from upswing.privacy.keys import vault_key
from upswing.privacy.vault import Identity, open_vault
from upswing.user_errors import UserError


@dataclass(frozen=True)
class Places:
    """Where everything is.

    Attributes:
        project: folder of the dbt project.
        target: what dbt left of its newest run.
        logs: of dbt.
        warehouse: folder of the warehouse.
        exports: folders of pushes, backups and reports.
    """

    project: Path
    target: Path
    logs: Path
    warehouse: Path
    exports: tuple[Path, ...] = ()

    def all(self) -> tuple[Path, ...]:
        """Every folder that others must not read."""
        return (self.warehouse, *self.exports, self.target, self.logs)


def report(places: Places, today: date) -> list[Finding]:
    """Check every claim; nothing is changed.

    Raises:
        UserError: nothing was built or published yet, or a build holds the warehouse.
    """
    project = read_project(places.project, places.target)
    build, published = places.warehouse / "upswing.duckdb", places.warehouse / "marts.duckdb"
    with ExitStack() as stack:
        marts = stack.enter_context(opened(published, "run `dbt build`, which publishes the marts"))
        findings = [
            no_tagged_column_in_a_mart(
                project, {shown(table): list(types) for table, types in columns_of(marts).items()}
            ),
            only_the_vault_reads_identities(project),
        ]
        files = {"marts.duckdb": marts}
        # On Spark the warehouse is no file of DuckDB: its tables are what the marts are published from.
        if build.exists():
            files["upswing.duckdb"] = stack.enter_context(opened(build, "wait until the build has ended"))
        findings.append(only_pseudonyms(files))
        people = identities_of(places.warehouse)
        findings.append(no_identity(marts, people))
        findings.append(fits_hold_nobody(places, files.get("upswing.duckdb"), people, project))
        findings.append(
            k_anonymous(marts, int(project.variables["k_anonymity"]), int(project.variables["min_described_customers"]))
        )
        findings.append(retention_honoured(project, files.get("upswing.duckdb", marts), today))
    findings.append(erased_are_gone(places.warehouse, (build, published)))
    findings.append(files_are_private((places.warehouse, *places.exports), (places.target, places.logs)))
    findings.append(keys_are_secret(places.project, (places.target, places.logs, places.warehouse), places.warehouse))
    return findings


def fits_hold_nobody(places: Places, build: Any, people: Iterable[Identity] | None, project: Project) -> Finding:
    """Hold the fits against the vault, the deals of the warehouse and the names that the masks know."""
    known = None
    if build is not None and people is not None:
        names = mask_names(places.project / "macros" / "masked_text.sql")
        known = Known.of(build, people, names, int(project.variables["k_anonymity"]))
    return no_fit_holds_a_person(build, known, newest(places.warehouse))


@contextmanager
def opened(file: Path, mend: str) -> Iterator[Any]:
    """A DuckDB file to read from.

    Raises:
        UserError: it is not there, it is damaged, or another process holds it.
    """
    if not file.exists():
        raise UserError(f"{file} does not exist: {mend}")
    with open_database(file) as connection:
        yield connection


def identities_of(warehouse: Path) -> Iterable[Identity] | None:
    """Everybody whom the vault knows, as an entry of the audit says; None where there is no vault."""
    file = warehouse / "vault.sqlite"
    if not file.exists():
        return None
    with open_vault(file, vault_key()) as vault:
        return [identity for _pseudonym, identity in vault.all_identities("compliance")]
