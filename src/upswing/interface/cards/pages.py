"""The pages: a card a model, and the transparency report over all of them."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from upswing.interface import figures, theme
from upswing.interface.cards import answers, charts, fairness, splits, tables
from upswing.interface.cards.texts import CardText, card_texts
from upswing.interface.marts import Marts
from upswing.interface.plain import plain_in_file
from upswing.user_errors import UserError

WRITTEN_BY = (
    "Written by `upswing cards` from the published marts; change `src/upswing/interface/cards/texts.toml` for words."
)

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Card:
    """All that the page of a model is made of.

    Attributes:
        name: of the model.
        text: what people wrote of it.
        fit: its row of ``model_runs``; None where it is not trained.
        metrics, slices, drift: rows of the answers of that name; like the fit, their texts are escaped.
        reliability: bins by target.
        reasons: kinds of reasons by the column they stand in.
    """

    name: str
    text: CardText
    fit: dict[str, Any] | None
    metrics: Rows
    slices: Rows
    drift: Rows
    reliability: dict[str, pa.Table]
    reasons: dict[str, Rows]


def cards(marts: Marts) -> list[Card]:
    """A card of every model that has a text, trained or not.

    Raises:
        UserError: nothing is published, or a fit of a model is published that has no text.
    """
    fits = {row["model_name"]: row for row in answers.fits(marts).to_pylist()}
    untold = sorted(set(fits) - set(card_texts()))
    if untold:
        raise UserError(f"{', '.join(untold)}: no text of this model stands in interface/cards/texts.toml")
    return [_card(marts, name, text, fits.get(name)) for name, text in card_texts().items()]


def _card(marts: Marts, name: str, text: CardText, fit: dict[str, Any] | None) -> Card:
    if fit is None:
        return Card(name, text, None, [], [], [], {}, {})
    asked = {"model_name": name, "model_version": fit["model_version"]}
    bins = answers.reliability(marts, **asked)
    columns = [column.strip() for column in text.drivers.split(",") if column.strip()]
    return Card(
        name,
        text,
        _as_text([fit])[0],
        _as_text(answers.metrics(marts, **asked).to_pylist()),
        _as_text(answers.slices(marts, **asked).to_pylist()),
        _as_text(answers.drift(marts, model_name=name).to_pylist()),
        {target: bins.filter(pc.equal(bins["target"], target)) for target in bins["target"].unique().to_pylist()},
        {column: _as_text(answers.reasons(marts, column=column).to_pylist()) for column in columns},
    )


def _as_text(rows: Rows) -> Rows:
    """Rows whose texts are no Markdown; parameters are JSON, and read first."""
    return [
        {
            name: plain_in_file(value) if isinstance(value, str) and name != "parameters" else value
            for name, value in row.items()
        }
        for row in rows
    ]


def pictures(card: Card) -> Iterator[tuple[str, bytes, str]]:
    """File name, SVG and text alternative of each reliability curve."""
    for target, bins in card.reliability.items():
        title = f"{card.text.title}, {target}"
        chart = charts.reliability(bins, title)
        yield f"{card.name}_{target}.svg", theme.picture(chart, "svg", width=480), charts.described(bins, title)


def card_page(card: Card, docs: str | None) -> str:
    """The page of one model.

    Args:
        card: see there.
        docs: link to the page of its capability; None where there is none beside the cards.
    """
    text, fit = card.text, card.fit
    parts = [f"# {text.title}", f"{text.purpose} {text.decides} Its scores stand in `{text.mart}`."]
    if docs:
        parts.append(f"How it works: [{docs}]({docs}). {WRITTEN_BY}")
    else:
        parts.append(WRITTEN_BY)
    if fit is None:
        parts.append("**Not trained.** There is not enough history, or `refit` is never: nothing is scored by it.")
    else:
        parts += [
            "## The fit",
            _fit(card),
            "## How it was tested",
            _splits(card),
            "## How well it does",
            *_figures(card),
        ]
        parts += ["## Are its probabilities kept?", *_calibration(card), "## What drives it", *_drivers(card)]
        parts += ["## For whom it errs", *_fairness(card), "## Has it drifted?", _drift(card)]
    parts += ["## Data and people", text.data, f"Of people: {text.people}", "## Not for", text.not_for]
    parts += ["## Limits", text.limits, "## Whom it may hurt", text.ethics, "## How to refit", _refit(card)]
    parts += [
        "## Privacy",
        "Customers are pseudonyms; no name, address or free text of a person is published. A group of fewer "
        "than `min_described_customers` is never told by itself. The weights stay in the warehouse. Who is erased "
        "(`upswing forget`) leaves the rows; the next fit no longer knows them.",
    ]
    return "\n\n".join(parts) + "\n"


def _fit(card: Card) -> str:
    assert card.fit is not None
    fit = card.fit
    parameters = json.loads(fit["parameters"] or "{}")
    told = ", ".join(f"{name} {json.dumps(value)}" for name, value in parameters.items())
    return tables.table(
        ["", ""],
        [
            ["version", f"`{fit['model_version']}`"],
            ["known until", figures.day(fit["as_of_date"])],
            ["training rows", figures.count(fit["training_rows"])],
            ["why it was fitted", fit["refit_reason"]],
            ["parameters", plain_in_file(told)],
        ],
    )


def _splits(card: Card) -> str:
    return "\n".join(f"- `{split}`: {splits.told(split)}" for split in sorted({row["split"] for row in card.metrics}))


def _figures(card: Card) -> Iterator[str]:
    assert card.fit is not None
    yield "The verdict, on rows that trained neither the model nor its baselines:"
    yield "\n".join(f"- {part}" for part in card.fit["verdict"].split("; "))
    by_target: dict[tuple[str, str], Rows] = defaultdict(list)
    for row in card.metrics:
        by_target[row["split"], row["target"]].append(row)
    for (split, target), rows in by_target.items():
        known = {row["metric"]: row["value"] for row in rows if row["metric"] in tables.ABOUT_ROWS}
        told = [f"{figures.count(known['rows'])} held-out rows"] if known.get("rows") is not None else []
        told += [f"base rate {figures.percent(known['base_rate'], 1)}"] if known.get("base_rate") is not None else []
        yield f"**{target}** (`{split}`{': ' if told else ''}{', '.join(told)})\n\n{tables.competitors(rows)}"
    yield _command(card.name, "model_metrics", "split, target, competitor, metric, value")


def _calibration(card: Card) -> Iterator[str]:
    if not card.reliability:
        yield "It promises no probability of a single row, or its held-out rows are too few for a curve."
        return
    yield "Held-out rows in bins of as many rows by the probability: on the dashed line what was promised came true."
    for target, bins in card.reliability.items():
        title = f"{card.text.title}, {target}"
        yield f"![{plain_in_file(charts.described(bins, title))}]({card.name}_{target}.svg)"
        yield tables.table(
            ["bin", "rows", "promised", "came true", "95 % interval"],
            [
                [
                    row["bin"],
                    figures.count(row["slice_rows"]),
                    figures.percent(row["predicted"], 1),
                    figures.percent(row["observed"], 1),
                    f"{figures.percent(row['observed_lower'], 1)} to {figures.percent(row['observed_upper'], 1)}",
                ]
                for row in bins.to_pylist()
            ],
        )


def _drivers(card: Card) -> Iterator[str]:
    weights = [row for row in card.metrics if row["metric"] == "mean_weight" and (row["value"] or 0) > 0]
    if weights:
        yield "What is served is a blend; how much each candidate counts, on average over the series of a level:"
        names = sorted({row["competitor"] for row in weights})
        levels = sorted({row["target"] for row in weights})
        value = {(row["competitor"], row["target"]): row["value"] for row in weights}
        yield tables.table(
            ["candidate", *levels],
            [[name, *(figures.percent(value.get((name, level)), 1) for level in levels)] for name in names],
        )
    for column, rows in card.reasons.items():
        if rows:
            yield f"The commonest reasons in `{column}` (… for numbers and names), and how many of its rows say so:"
            yield tables.table(
                ["reason", "rows"], [[row["kind"], figures.percent(row["row_share"], 1)] for row in rows]
            )
    if not weights and not any(card.reasons.values()):
        yield "Its marts tell no reasons for single scores: how it works says what it looks at."


def _fairness(card: Card) -> Iterator[str]:
    yield card.text.slices
    if not card.slices:
        return
    yield fairness.summary(card.slices)
    unknown = fairness.unknown_columns(card.slices)
    if unknown:
        yield f"Of {', '.join(unknown)} the held-out rows know one group alone (not delivered): nothing is compared."
    tables_found = fairness.sections(card.slices)
    if tables_found:
        yield (
            "Gaps are 95 % intervals for all groups of a column together; in bold where they leave out 0. What a group "
            "does (observed) may differ rightly; predicted less observed should be 0 for each. People who behave alike "
            "are harder to rank, so that a lower ROC-AUC is a question, not yet a wrong."
        )
        yield from tables_found
    yield _command(card.name, "model_slices", "target, slice_column, slice_value, metric, value, gap_lower, gap_upper")


def _drift(card: Card) -> str:
    if not card.drift:
        return "Not checked yet."
    return tables.table(
        ["what", "state", ""], [[row["drift_kind"], row["state"], row["verdict"]] for row in card.drift]
    )


def _refit(card: Card) -> str:
    names = ", ".join(f"`{name.strip()}`" for name in card.text.vars.split(","))
    return (
        f"A build fits it when it is due (`refit: auto`). To fit it now: `dbt build --vars '{{refit: always}}' "
        f"--select fit_{card.name}+`, then a plain `dbt build`, which publishes. What changes it: {names}."
    )


def _command(name: str, mart: str, columns: str) -> str:
    return (
        f"```\n.venv/bin/upswing query \"select {columns} from {mart} where model_name = '{name}' and model_version in "
        '(select model_version from model_runs where is_newest)"\n```'
    )


def transparency_page(made: list[Card], folder: str, contact: str | None) -> str:
    """The report over all models.

    Args:
        made: every card.
        folder: of the cards, as a link from the report sees it.
        contact: whom to ask; None where nobody was named.
    """
    trained = [card for card in made if card.fit is not None]
    sliced = [card for card in trained if fairness.compared_columns(card.slices)]

    def link(card: Card) -> str:
        return f"[{card.text.title}]({folder}/{card.name}.md)"

    ask = contact or "Nobody is named yet: whoever runs this warehouse names an address with `upswing cards --contact`."
    parts = [
        "# Transparency report",
        "Which decisions do learned models touch, what do they know of people, how well do they do, for whom do they "
        "err? Figures of each model stand in its card. " + WRITTEN_BY,
        "No model decides by itself: each writes a score into a mart, which a person or a rule of the business reads. "
        "Figures on the sample that rest on its synthetic tables (opportunities, visits, events, feedback, seven "
        "experiments) say something about their generators, not about the world; each card names them.",
        "## Decisions",
        tables.table(
            ["model", "what it says", "who decides with it", "not for"],
            [[link(card), card.text.purpose, card.text.decides, card.text.not_for] for card in made],
        ),
        "## What is known of people",
        tables.table(["model", "of people"], [[link(card), card.text.people] for card in made]),
        "Never used to learn from: name, e-mail, telephone number, birth year, age, gender, region, income, household. "
        "The last five are read where a fit is measured, to compare errors between groups; no score depends on them.",
        "## How well they do",
        "The model's own verdict, on rows that trained neither it nor its baselines; where it loses it says so.",
        tables.table(
            ["model", "verdict"], [[link(card), (card.fit or {}).get("verdict") or "not trained"] for card in made]
        ),
        "## For whom they err",
        *[f"- {link(card)}: {fairness.summary(card.slices)}" for card in sliced],
        *([] if sliced else ["No groups of held-out rows are known: nothing was compared."]),
        *[f"- {link(card)}: {card.text.slices}" for card in trained if card not in sliced],
        "## Have they drifted?",
        tables.table(
            ["model", "what", "state", "refit due"],
            [
                [link(card), row["drift_kind"], row["state"], "yes" if row["is_refit_due"] else "no"]
                for card in trained
                for row in card.drift
            ],
        )
        if any(card.drift for card in trained)
        else "Not checked yet.",
        "## To ask, to object",
        f"{ask} Who wants no marketing stands in `opt_outs`; who asks what is known of them is found by `upswing "
        "identify`, who asks to be forgotten is erased everywhere by `upswing forget`. A score can be questioned by "
        "its reasons, where they stand beside it; a person, not the model, answers.",
    ]
    return "\n\n".join(parts) + "\n"
