"""What the marts tell of a learned model: its newest fit, figures, slices, reasons and drift."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts


def fits(marts: Marts) -> pa.Table:
    """The fit of each model that scores."""
    return marts.table(
        """
        select model_name, model_version, as_of_date, refit_reason, training_rows, parameters, verdict
        from model_runs
        where is_newest
        order by model_name
        """
    )


def metrics(marts: Marts, *, model_version: str, model_name: str) -> pa.Table:
    """Every figure of a fit, of the model and of its rivals."""
    return marts.table(
        """
        select split, target, competitor, metric, value
        from model_metrics
        where model_name = $model_name and model_version = $model_version
        order by split, target, competitor, metric
        """,
        model_name=model_name,
        model_version=model_version,
    )


def reliability(marts: Marts, *, model_version: str, model_name: str) -> pa.Table:
    """One row a target and bin of the probability: what was promised and what came of it on held-out rows."""
    return marts.table(
        """
        select
            split,
            target,
            cast(slice_value as integer) as bin,
            max(slice_rows) as slice_rows,
            max(value) filter (where metric = 'mean_prediction') as predicted,
            max(value) filter (where metric = 'observed_rate') as observed,
            max(value_lower) filter (where metric = 'observed_rate') as observed_lower,
            max(value_upper) filter (where metric = 'observed_rate') as observed_upper,
        from model_slices
        where model_name = $model_name and model_version = $model_version and slice_column = 'predicted_tenth'
        group by all
        order by split, target, bin
        """,
        model_name=model_name,
        model_version=model_version,
    )


def slices(marts: Marts, *, model_version: str, model_name: str) -> pa.Table:
    """Every figure of a fit by group of the held-out rows."""
    return marts.table(
        """
        select
            split,
            target,
            slice_column,
            slice_value,
            metric,
            slice_rows,
            subjects,
            value,
            value_lower,
            value_upper,
            value_of_others,
            gap,
            gap_lower,
            gap_upper,
            is_apart,
            pooled_groups,
        from model_slices
        where model_name = $model_name and model_version = $model_version and slice_column <> 'predicted_tenth'
        order by split, target, slice_column, slice_value, metric
        """,
        model_name=model_name,
        model_version=model_version,
    )


def drift(marts: Marts, *, model_name: str) -> pa.Table:
    """The newest state of each kind of drift of a model."""
    return marts.table(
        """
        select drift_kind, state, verdict, is_refit_due
        from model_health
        where model_name = $model_name and is_newest
        order by drift_kind
        """,
        model_name=model_name,
    )


def reasons(marts: Marts, *, column: str, most: int = 6) -> pa.Table:
    """The commonest kinds of reasons in a column of a mart, with the share of the rows that name them.

    Numbers and names in capitals are taken out, so that what differs in them alone is one kind.

    Args:
        column: ``mart.column``, of texts that join reasons by semicolons.
        most: how many kinds.
    """
    mart, name = column.split(".")
    return marts.table(
        f"""
        with told as (
            select
                row_number() over () as place,
                {name} as reasons
            from {mart}
            where {name} is not null
        ),

        single as (
            select
                place,
                unnest(string_split(reasons, '; ')) as reason
            from told
        ),

        kinds as (
            select
                place,
                regexp_replace(
                    regexp_replace(
                        regexp_replace(reason, ' \\([^()]*\\)$', ''),
                        '(who buy|bought after|like|in) [A-Z][A-Z0-9 ,./&%-]+',
                        '\\1 … ',
                        'g'
                    ),
                    '[0-9][0-9.,-]*',
                    '…',
                    'g'
                ) as kind
            from single
        )

        select
            trim(regexp_replace(kind, ' +', ' ', 'g')) as kind,
            count(distinct place)::double / (select count(*) from told) as row_share
        from kinds
        group by 1
        order by row_share desc, kind
        limit $most
        """,
        most=most,
    )
