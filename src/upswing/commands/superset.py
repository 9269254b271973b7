"""``upswing superset``: the published marts in Apache Superset, with a dashboard."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import click

from upswing.commands.beforehand import check_port
from upswing.commands.superset_bundle import bundle
from upswing.commands.superset_server import Superset
from upswing.interface.marts import Marts
from upswing.user_errors import UserError

PASSWORD = "UPSWING_SUPERSET_PASSWORD"
folder = click.Path(path_type=Path)


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=8088,
    show_default=True,
    help="On 127.0.0.1; nobody else can reach it.",
)
@click.option("--check", is_flag=True, help="Ask every chart for its rows, tell how many, and end.")
@click.option("--write-bundle", type=folder, help="Write the zip for a Superset of your own, and end.")
@click.option("--files", type=folder, default=Path("superset"), show_default=True, help="Settings and bundle.")
@click.option("--venv", type=folder, default=Path(".venv-superset"), show_default=True, help="Superset's environment.")
@click.option("--home", type=folder, default=Path(".superset"), show_default=True, help="Its database and secrets.")
def superset(port: int, check: bool, write_bundle: Path | None, files: Path, venv: Path, home: Path) -> None:
    """Serve the published marts in Apache Superset on this machine, with the shipped charts and dashboard.

    The administrator is admin; the password stands in .superset/admin_password, or give one in
    UPSWING_SUPERSET_PASSWORD. Each start puts the shipped charts back as they were; give yours names of their own.
    """
    published = Marts.of_warehouse()
    try:
        # Whether it can be read is known before the server starts.
        with published.opened():
            marts = published.file
        if not write_bundle:
            check_port(port, "upswing superset")
        zipped = bundle(files / "bundle", marts)
        if write_bundle:
            write_bundle.write_bytes(zipped)
            click.echo(f"Wrote {write_bundle}; its address of the marts: {marts.resolve()}")
            return
        server = Superset(venv / "bin", files / "superset_config.py", home, port)
        if not (home / "prepared").exists():
            click.echo("Preparing Superset's own database, once; this takes a minute.")
        server.prepare(os.environ.get(PASSWORD))
        # Who ends this process ends the server with it.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        with server.running() as client:
            client.import_bundle(zipped)
            if check:
                for number, name in sorted(client.charts().items()):
                    click.echo(f"  {name:<24}{len(client.chart_rows(number)):>6} rows")
                return
            click.echo(f"Open {server.address}/superset/dashboard/upswing/ in a browser; end with Ctrl-C.")
            click.echo(f"User {server.user}, password in {server.password_file}.")
            while True:
                time.sleep(3600)
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    except KeyboardInterrupt:
        click.echo("Superset has ended.")
