"""``upswing publish``: what is published, taken on to a database server."""

from __future__ import annotations

import os
from pathlib import Path

import click

from upswing import engine
from upswing.databases import parsed
from upswing.interface.marts import Marts
from upswing.privacy.keys import warehouse_folder
from upswing.quality.audit import append
from upswing.quality.serve_postgres import serve
from upswing.user_errors import UserError

SERVE = "UPSWING_SERVE"


@click.command()
@click.option("--to", "target", type=click.Choice(["postgres"]), required=True, help="Where to.")
@click.option("--schema", default="marts", show_default=True, help="Of the database; it is replaced whole.")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    default=Path("target/manifest.json"),
    show_default=True,
    help="dbt's, which knows the keys of the marts.",
)
def publish(target: str, schema: str, manifest: Path) -> None:
    """Copy the published marts into a database, where they replace the version before at once.

    UPSWING_SERVE names it: 'host=… port=5432 dbname=… user=…' or a URL 'postgresql://user@host/dbname'; without
    it PGHOST, PGDATABASE and PGUSER do. The password is best given in PGPASSWORD or in ~/.pgpass.
    """
    text = os.environ.get(SERVE, "").strip()
    is_whole = text.startswith(("postgres:", "postgresql:"))
    warehouse = warehouse_folder()
    try:
        with Marts.of_warehouse().opened():
            pass  # Whether there is something to copy is known before the database is asked.
        database = parsed(text if is_whole else f"{target}:{text}", SERVE)
        if database.warning:
            click.echo(f"notice: {database.warning}")
        served = serve(
            warehouse / "marts.duckdb",
            database,
            schema,
            manifest,
            tell=lambda line: click.echo(f"notice: {line}"),
            progress=engine.progress("serving", "row"),
        )
        if served.is_new:
            details = {"version": served.version, "marts": served.marts, "rows": served.rows, "to": served.place}
            append(warehouse, "serve", details | {"schema": schema})
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from None
    if served.is_new:
        click.echo(
            f"Served {served.marts} marts, {served.rows:,} rows, as schema {schema}: {served.place} "
            f"({served.seconds:.1f} s, version {served.version})"
        )
    else:
        click.echo(f"{served.place} serves this version already ({served.version}); nothing was copied")
