"""``upswing cards``: a page for each learned model, and the transparency report over them."""

from __future__ import annotations

from pathlib import Path

import click

from upswing.user_errors import UserError, require_extra


@click.command()
@click.option("--folder", type=click.Path(path_type=Path), default="docs/model_cards", show_default=True)
@click.option("--contact", help="Whom people ask about the models, for the report.")
def cards(folder: Path, contact: str | None) -> None:
    """Write a model card for each learned model from the published marts, and transparency.md beside the folder.

    Exits with 1 where nothing is published or a file cannot be written.
    """
    try:
        require_extra("pages", "altair", "vl_convert")
        from upswing.interface.cards.pages import cards as all_cards
        from upswing.interface.cards.pages import transparency_page
        from upswing.interface.marts import Marts

        made = all_cards(Marts.of_warehouse())
        folder.mkdir(parents=True, exist_ok=True)
        files = [folder / name for card in made for name in _write(card, folder)]
        report = folder.parent / "transparency.md"
        report.write_text(transparency_page(made, folder.name, contact), encoding="utf-8")
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong
    except OSError as wrong:
        raise click.ClickException(f"{folder} cannot be written: {wrong}; give --folder another") from wrong
    trained = sum(card.fit is not None for card in made)
    click.echo(f"{len(made)} cards of models, {trained} of them trained: {folder} ({len(files)} files), {report}")


def _write(card: object, folder: Path) -> list[str]:
    from upswing.interface.cards.pages import Card, card_page, pictures

    assert isinstance(card, Card)
    # A curve of an earlier fit that this one has not is no longer linked.
    for old in folder.glob(f"{card.name}_*.svg"):
        old.unlink()
    drawn = {name: picture for name, picture, _told in pictures(card)}
    for name, picture in drawn.items():
        (folder / name).write_bytes(picture)
    page = f"{card.name}.md"
    docs = f"../{card.text.docs}" if (folder.parent / card.text.docs).is_file() else None
    (folder / page).write_text(card_page(card, docs), encoding="utf-8")
    return [page, *drawn]
