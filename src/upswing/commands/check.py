"""``upswing check``: the gates' suites on the warehouse as it stands, for a person or a pipeline."""

from __future__ import annotations

from pathlib import Path

import click

from upswing.commands.beforehand import existing_warehouse
from upswing.quality.gate_check import LAYERS, check_layers
from upswing.quality.gate_results import as_json, as_junit, as_text, failures
from upswing.user_errors import UserError

FORMATS = {"text": as_text, "json": as_json, "junit": as_junit}


@click.command()
@click.option("--layer", type=click.Choice(LAYERS), help="One border; without it, all three.")
@click.option("--format", "file_format", type=click.Choice(list(FORMATS)), default="text", show_default=True)
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file for the report, else it is printed."
)
@click.option(
    "--data-docs", type=click.Path(path_type=Path, file_okay=False), help="A folder for Data Docs, as web pages."
)
def check(layer: str | None, file_format: str, output: Path | None, data_docs: Path | None) -> None:
    """Judge the tables of the warehouse as they stand; exits with 1 where an error-level expectation fails.

    Nothing is built, changed or published. What the tables are compared with is the last published run.
    """
    try:
        results = check_layers(existing_warehouse(), [layer] if layer else list(LAYERS), data_docs)
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    report = FORMATS[file_format](results)
    if output is None:
        click.echo(report)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(report + "\n", encoding="utf-8")
        click.echo(f"{output}: {len(results)} results")
    if data_docs is not None:
        click.echo(f"Open {data_docs / 'index.html'} in a browser.", err=True)
    if failures(results, "error"):
        raise click.exceptions.Exit(1)
