"""``upswing dashboard``: the published marts as a web page."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import click

from upswing.commands.beforehand import check_port
from upswing.user_errors import UserError, require_extra

APP = Path("dashboard/app.py")


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8501, show_default=True, help="On 127.0.0.1.")
def dashboard(port: int) -> None:
    """Serve the dashboard of the published marts on this machine alone; Ctrl-C ends it."""
    if not APP.exists():
        raise click.ClickException(f"{APP} is not here; run this in the folder of the project")
    try:
        require_extra("pages", "streamlit", "altair")
        check_port(port, "upswing dashboard")
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    from streamlit.web.cli import main as streamlit

    from upswing.interface.words import ROOMS

    # Before the first visitor comes: all of it takes a second or two.
    for room in ROOMS:
        import_module(f"upswing.interface.{room}.page")
    click.echo(f"Open http://127.0.0.1:{port} in a browser; end with Ctrl-C.")
    streamlit(["run", str(APP), "--server.port", str(port)])
