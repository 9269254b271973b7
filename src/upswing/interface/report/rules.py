"""Sentences from rows: each rule reads what an answer found and chooses words for it."""

from __future__ import annotations

from typing import Any

from upswing.interface import figures
from upswing.interface.words import Words

Row = dict[str, Any]

UNCHANGED = 0.0005
"""A change that rounds to 0.0 % is told as none."""


def counted(words: Words, key: str, number: int, **values: Any) -> str:
    """``<key>.none``, ``<key>.one`` or ``<key>.many``, with ``{n}`` the number."""
    form = {0: "none", 1: "one"}.get(number, "many")
    return words(f"{key}.{form}", n=figures.count(number), **values)


def compared(words: Words, key: str, now: float, before: float | None, **values: Any) -> list[str]:
    """``<key>.more``, ``.less`` or ``.same``, with ``{now}``, ``{before}`` and ``{change}``; none without a before."""
    if not before or before < 0:
        return []
    change = now / before - 1
    form = "same" if abs(change) < UNCHANGED else "more" if change > 0 else "less"
    told = {"now": figures.count(now), "before": figures.count(before), "change": figures.percent(abs(change), 1)}
    return [words(f"{key}.{form}", **told, **values)]


def week(rows: list[Row], words: Words) -> list[str]:
    """What was sold in the newest whole week; ``rows`` of ``answers.sales_of_the_week``."""
    if not rows:
        return [words("week.none")]
    (row,) = rows
    days = {"first": figures.day(row["week_starting"]), "last": figures.day(row["week_ending"])}
    return [
        words("week.revenue", now=figures.count(row["revenue"]), **days),
        *compared(words, "week.before", row["revenue"], row["revenue_before"]),
        *compared(words, "week.usual", row["revenue"], row["revenue_usual"], weeks=row["weeks_before"]),
        *compared(words, "week.natural", row["natural_units"], row["natural_units_before"]),
    ]


def surged(rows: list[Row], words: Words) -> list[str]:
    """Which products beat E last week; ``rows``, all of them, of the products' ``surged_last_week``."""
    if not rows:
        return [words("surged.none")]
    first = rows[0]
    foretold = [row for row in rows if row["surge_probability"] is not None]
    return [
        counted(words, "surged", len(rows), week=figures.day(first["week_starting"])),
        words(
            "surged.first",
            product=first["product_name"] or first["product_id"],
            units=figures.count(first["natural_units"]),
            expected=figures.amount(first["expected_units"], 1),
        ),
        counted(words, "surged.foretold", len(foretold)),
    ]


def push(rows: list[Row], in_cycle: int, breakouts: int, ahead: Row, words: Words) -> list[str]:
    """What to push.

    Args:
        rows: of today's ``what_to_push``.
        in_cycle: how many products are in their cycle.
        breakouts: how many of them are breakout products.
        ahead: the row of ``answers.windows_ahead``.
        words: of the report.
    """
    if not rows:
        return [words("push.none" if in_cycle else "push.no_cycle")]
    first = rows[0]
    told = [
        counted(words, "push", breakouts),
        words(
            "push.first",
            product=first["product_name"] or first["product_id"],
            probability=figures.percent(first["breakout_probability"]),
        ),
    ]
    if first["promote_from"] is not None:
        told.append(
            words("push.window", first=figures.day(first["promote_from"]), last=figures.day(first["promote_until"]))
        )
    return [*told, counted(words, "push.ahead", ahead["windows"], days=ahead["days"])]


def visit(rows: list[Row], opportunities: int, expected_value: float | None, words: Words) -> list[str]:
    """Whom to visit.

    Args:
        rows: of the opportunities' ``priorities``.
        opportunities: how many are open.
        expected_value: what they are worth in all; None where no amount is known.
        words: of the report.
    """
    if not rows:
        return [words("visit.none")]
    first = rows[0]
    doubted = sum(row["finding"] in ("fake_visits", "fruitless_visits") for row in rows)
    told = [
        counted(words, "visit", opportunities),
        words(
            "visit.first",
            opportunity=first["opportunity_id"],
            owner=first["owner_id"] or figures.MISSING,
            probability=figures.percent(first["conversion_probability"]),
        ),
    ]
    if expected_value is not None:
        told.append(words("visit.worth", value=figures.count(expected_value)))
    return [*told, counted(words, "visit.doubted", doubted, listed=figures.count(len(rows)))]


def keep(rows: list[Row], scored: int, at_risk: int, revenue_at_risk: float | None, words: Words) -> list[str]:
    """Whom to keep.

    Args:
        rows: of today's ``whom_to_keep``.
        scored: how many customers have a score.
        at_risk: how many of them may leave.
        revenue_at_risk: of all of them.
        words: of the report.
    """
    if not rows:
        return [words("keep.none" if scored else "keep.not_scored")]
    first = rows[0]
    told = [counted(words, "keep", at_risk)]
    if revenue_at_risk is not None:
        told.append(words("keep.revenue", revenue=figures.count(revenue_at_risk)))
    return [
        *told,
        words(
            "keep.first",
            customer=first["customer_id"],
            probability=figures.percent(first["churn_probability"]),
            revenue=figures.amount(first["revenue_at_risk"]),
        ),
    ]


def segments(customers: Row, words: Words) -> list[str]:
    """Who moved; the row of the customers' ``customers_in_figures``."""
    if not customers["customers"]:
        return [words("segments.none")]
    return [
        words(
            "segments.customers",
            n=figures.count(customers["customers"]),
            active=figures.count(customers["active_customers"]),
        ),
        counted(words, "segments.moved", customers["moved_customers"]),
    ]


def promises(health: list[Row], accuracy: list[Row], words: Words) -> list[str]:
    """Forecast against actual: promises that came due, and, told apart from it, the test on weeks held back.

    Args:
        health: the rows of the quality's ``model_states`` whose drift is that of the calibration.
        accuracy: of the sales' ``accuracy`` of the total.
        words: of the report.
    """
    due = [row for row in health if row["state"] in ("steady", "drifted")]
    drifted = [row for row in due if row["state"] == "drifted"]
    if not health:
        told = [words("promises.no_model")]
    elif not due:
        told = [words("promises.none_due")]
    else:
        told = [
            counted(words, "promises.due", len(due)),
            counted(words, "promises.drifted", len(drifted), models=", ".join(row["model_name"] for row in drifted)),
        ]
    return told + _tested(accuracy, words)


def _tested(accuracy: list[Row], words: Words) -> list[str]:
    served = next((row for row in accuracy if row["competitor"] == "served" and row["wape"] is not None), None)
    if served is None:
        return [words("promises.not_tested")]
    told = [words("promises.tested", weeks=served["weeks"], wape=figures.percent(served["wape"], 1))]
    if served["bias"] is not None and abs(served["bias"]) >= UNCHANGED:
        side = "high" if served["bias"] > 0 else "low"
        told.append(words(f"promises.too_{side}", bias=figures.percent(abs(served["bias"]), 1)))
    if served["coverage_80"] is not None:
        told.append(words("promises.coverage", coverage=figures.percent(served["coverage_80"])))
    others = [
        row
        for row in accuracy
        if row["competitor"] not in ("served", "unreconciled") and row["is_comparable"] and row["wape"] is not None
    ]
    if others:
        best = min(others, key=lambda row: (row["wape"], row["competitor"]))
        nearer = sum(row["wape"] < served["wape"] for row in others)
        told.append(
            counted(
                words,
                "promises.nearer",
                nearer,
                others=figures.count(len(others)),
                best=words.of("sales").value("competitor", best["competitor"]),
                wape=figures.percent(best["wape"], 1),
            )
        )
    return told


def ahead(rows: list[Row], words: Words) -> list[str]:
    """What is forecast; ``rows`` of the sales' ``forecast_course`` of the total."""
    coming = [row for row in rows if row["forecast"] is not None]
    if not coming:
        return [words("ahead.none")]
    first = coming[0]
    told = [
        counted(words, "ahead", len(coming), revenue=figures.count(sum(row["forecast"] for row in coming))),
        words("ahead.next", week=figures.day(first["week_starting"]), forecast=figures.count(first["forecast"])),
    ]
    if first["lower_80"] is not None:
        told.append(words("ahead.band", low=figures.count(first["lower_80"]), high=figures.count(first["upper_80"])))
    past = [row["actual"] for row in rows if row["actual"] is not None]
    return told + (compared(words, "ahead.last", first["forecast"], past[-1]) if past else [])


def anomalies(rows: list[Row], weeks: list[Row], words: Words) -> list[str]:
    """What is newly out of the ordinary.

    Args:
        rows: all of them, of the sales' ``anomalies`` with ``only_new``.
        weeks: of ``answers.sales_of_the_week``.
        words: of the report.
    """
    if not rows:
        return [words("anomalies.none" if weeks else "anomalies.no_sales")]
    told = [counted(words, "anomalies", len(rows))]
    known = [row for row in rows if row["revenue_effect"] is not None]
    if known:
        most = max(known, key=lambda row: (abs(row["revenue_effect"]), row["week_starting"]))
        told.append(
            words(
                "anomalies.more" if most["revenue_effect"] > 0 else "anomalies.less",
                series=most["series_name"],
                kind=words.of("sales").value("anomaly_kind", most["anomaly_kind"]),
                week=figures.day(most["week_starting"]),
                effect=figures.count(abs(most["revenue_effect"])),
            )
        )
    return told


def stock(row: Row, words: Words) -> list[str]:
    """What is to be ordered; the row of ``answers.stock_in_figures``."""
    if not row["stocks"]:
        return [words("stock.not_counted")]
    told = [counted(words, "stock", row["products"])]
    if row["products"]:
        told.append(counted(words, "stock.out", row["products_out_of_stock"]))
        if row["order_value"] is not None:
            told.append(words("stock.value", value=figures.count(row["order_value"])))
    if row["store_stocks"]:
        told.append(counted(words, "stock.stores", row["store_stocks"], stores=figures.count(row["stores"])))
    if row["counts_in_doubt"]:
        told.append(counted(words, "stock.doubted", row["counts_in_doubt"]))
    return told


def marketing(planned: Row, late: Row, adjusted: list[Row], words: Words) -> list[str]:
    """What goes out, what came of the newest campaigns, and how the offers were adjusted.

    Args:
        planned: the row of ``answers.pushes_in_figures``.
        late: the row of ``answers.campaigns_of_late``.
        adjusted: of the marketing's ``adjustments``, the oldest first.
        words: of the report.
    """
    told = [counted(words, "marketing.pushes", planned["pushes"])]
    if planned["pushes"]:
        told.append(
            words(
                "marketing.days",
                first=figures.day(planned["first_day"]),
                last=figures.day(planned["last_day"]),
                customers=figures.count(planned["customers"]),
                held_out=figures.count(planned["held_out"]),
            )
        )
    told.append(
        counted(
            words,
            "marketing.campaigns",
            late["campaigns"],
            weeks=late["weeks"],
            last=figures.day(late["last_week"]),
            customers=figures.count(late["customers"]),
            conversions=figures.count(late["conversions"]),
        )
    )
    decided = [row for row in adjusted if row["decided_on"] is not None]
    if decided:
        newest = max(decided, key=lambda row: row["decided_on"])
        told.append(
            words(
                "marketing.adjusted",
                action=newest["action_name"],
                day=figures.day(newest["decided_on"]),
                before=figures.amount(newest["strength_before"]),
                after=figures.amount(newest["strength_after"]),
            )
        )
    return told


def experiments(rows: list[Row], words: Words) -> list[str]:
    """What offers changed; ``rows`` of the marketing's ``experiments`` in one metric."""
    if not rows:
        return [words("experiments.none")]
    told = [counted(words, "experiments", len(rows))]
    for outcome in ("raises", "lowers", "not_told", "split_wrong"):
        number = sum(row["outcome"] == outcome for row in rows)
        if number:
            told.append(counted(words, f"experiments.{outcome}", number))
    unfinished = sum(not row["is_final"] for row in rows)
    if unfinished:
        told.append(counted(words, "experiments.unfinished", unfinished))
    return told


def quality(gates: list[Row], deliveries: list[Row], health: list[Row], runs: list[Row], words: Words) -> list[str]:
    """Whether to trust all this.

    Args:
        gates: of the quality's ``gates``, a row a layer.
        deliveries: of the quality's ``deliveries``, a row a raw table.
        health: of the quality's ``model_states``.
        runs: of the quality's ``runs``, the newest first.
        words: of the report.
    """
    return [*_gates(gates, words), *_delivered(deliveries, words), *_models(health, words), *_runs(runs, words)]


def _gates(gates: list[Row], words: Words) -> list[str]:
    if not gates:
        return [words("quality.no_gates")]
    kept, errors, warnings, open_ = (
        int(sum(row[column] or 0 for row in gates))
        for column in ("kept", "failed_errors", "failed_warnings", "not_judged")
    )
    told = [
        words("quality.kept", n=figures.count(kept))
        if not errors + warnings
        else words("quality.failed", errors=errors, warnings=warnings, n=figures.count(kept + errors + warnings))
    ]
    return [*told, counted(words, "quality.not_judged", open_)] if open_ else told


def _delivered(deliveries: list[Row], words: Words) -> list[str]:
    present = [row for row in deliveries if row["is_present"]]
    if not present:
        return [words("quality.no_deliveries")]
    delivered, aside = (
        int(sum(row[column] or 0 for row in present)) for column in ("rows_delivered", "rows_quarantined")
    )
    told = [counted(words, "quality.aside", aside, delivered=figures.count(delivered))]
    if aside:
        most = max(present, key=lambda row: row["rows_quarantined"] or 0)
        told.append(words("quality.aside_most", table=most["table_name"], n=figures.count(most["rows_quarantined"])))
    absent = [row["table_name"] for row in deliveries if not row["is_present"]]
    return [*told, counted(words, "quality.absent", len(absent), tables=", ".join(absent))] if absent else told


def _models(health: list[Row], words: Words) -> list[str]:
    if not health:
        return [words("quality.no_models")]
    drifted = sorted({row["model_name"] for row in health if row["state"] == "drifted"})
    due = sorted({row["model_name"] for row in health if row["is_refit_due"]})
    return [
        counted(words, "quality.drifted", len(drifted), models=", ".join(drifted)),
        *([counted(words, "quality.refits", len(due), models=", ".join(due))] if due else []),
    ]


def _runs(runs: list[Row], words: Words) -> list[str]:
    ended = [row for row in runs if row["run_status"] != "running"]
    broken = [row for row in ended if row["run_status"] in ("failed", "interrupted")]
    if not ended:
        return [words("quality.no_runs")]
    return [counted(words, "quality.runs", len(broken), ended=figures.count(len(ended)))]
