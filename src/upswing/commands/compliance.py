"""``upswing compliance``: the proof that no identity leaks, or where one does."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import click

from upswing.commands.beforehand import existing_warehouse
from upswing.privacy.compliance import BROKEN, as_json, as_text
from upswing.privacy.compliance_report import Places, report
from upswing.quality.modes import close_folder
from upswing.user_errors import UserError

FOLDER = click.Path(path_type=Path)


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--target", type=FOLDER, help="Folder of dbt's artifacts. [default: DBT_TARGET_PATH, else target]")
@click.option("--logs", type=FOLDER, help="Folder of dbt's logs. [default: DBT_LOG_PATH, else logs]")
@click.option("--pushes", type=FOLDER, default="pushes", show_default=True, help="Folder of the exported pushes.")
@click.option("--backups", type=FOLDER, default="backups", show_default=True, help="Folder of the backups.")
@click.option("--reports", type=FOLDER, default="reports", show_default=True, help="Folder of the reports.")
@click.option("--close", is_flag=True, help="First take the group's and others' rights away from these files.")
def compliance(
    form: str, target: Path | None, logs: Path | None, pushes: Path, backups: Path, reports: Path, close: bool
) -> None:
    """Check what was promised about people: pseudonyms, masks, k-anonymity, terms, erasures, keys, file modes.

    Exits with 1 where a promise is broken.
    """
    try:
        warehouse = existing_warehouse()
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    places = Places(
        project=Path.cwd(),
        target=target or Path(os.environ.get("DBT_TARGET_PATH", "target")),
        logs=logs or Path(os.environ.get("DBT_LOG_PATH", "logs")),
        warehouse=warehouse,
        exports=(pushes, backups, reports),
    )
    try:
        if close:
            closed = sum(close_folder(folder) for folder in places.all())
            click.echo(f"{closed:,} files and folders closed to the group and to others", err=True)
        findings = report(places, date.today())
    except (UserError, PermissionError) as wrong:
        raise click.ClickException(str(wrong)) from wrong
    click.echo(as_json(findings) if form == "json" else as_text(findings))
    if any(finding.result == BROKEN for finding in findings):
        raise SystemExit(1)
