"""``upswing report``: the week in review as files."""

from __future__ import annotations

from pathlib import Path

import click

from upswing.interface.words import LANGUAGES
from upswing.user_errors import UserError, require_extra

FORMATS = {"html": ("html",), "pdf": ("pdf",), "both": ("html", "pdf")}


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default="reports", show_default=True)
@click.option("--language", type=click.Choice(list(LANGUAGES)), default="en", show_default=True)
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="both", show_default=True)
def report(folder: Path, language: str, form: str) -> None:
    """Write the week in review of the published marts: a self-contained HTML and a PDF.

    Exits with 1 where one of the files could not be written.
    """
    try:
        require_extra("pages", "altair", "jinja2", "typst", "vl_convert")
        from upswing.interface.marts import Marts
        from upswing.interface.report.files import as_html, as_pdf, file_name
        from upswing.interface.report.sections import week_in_review

        review = week_in_review(Marts.of_warehouse(), language)
        for kind in FORMATS[form]:
            file = folder / file_name(review, kind)
            content, known = (as_html(review), []) if kind == "html" else as_pdf(review)
            _write(content, file)
            click.echo(f"{file}  {len(content) / 1024:,.0f} KiB")
            for warning in known:
                click.echo(f"  {warning}", err=True)
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong


def _write(content: bytes, file: Path) -> None:
    from upswing.interface.report.files import write

    try:
        write(content, file)
    except OSError as wrong:
        raise click.ClickException(f"{file.parent} cannot be written: {wrong}; give --folder another") from wrong
