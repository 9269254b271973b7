"""What the quality page asks of the marts."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts


def quality_in_figures(marts: Marts) -> pa.Table:
    """One row: what failed, what was set aside, which models are in doubt, and when it was published."""
    return marts.table(
        """
        select
            (select max(as_of_date) from raw_deliveries) as as_of_date,
            (select cast(sum(failed_errors) as bigint) from quality_summary) as failed_errors,
            (select cast(sum(failed_warnings) as bigint) from quality_summary) as failed_warnings,
            (select cast(sum(checked_expectations) as bigint) from quality_summary) as checked_expectations,
            (select cast(sum(rows_quarantined) as bigint) from raw_deliveries) as rows_quarantined,
            (select cast(sum(rows_delivered) as bigint) from raw_deliveries) as rows_delivered,
            (select count(distinct model_name) from model_health where is_newest and state = 'drifted')
                as models_drifted,
            (select count(distinct model_name) from model_health where is_newest and is_refit_due) as refits_due,
            (select max(published_at) from publish_log) as published_at
        """
    )


def gates(marts: Marts) -> pa.Table:
    """How the gates of each layer stand now, from raw to marts: expectations kept, failed and not judged."""
    return marts.table(
        """
        with judged as (
            select
                layer,
                count(*) filter (where success) as kept,
                count(*) filter (where success is null) as not_judged,
            from quality_results
            where is_newest
            group by layer
        ),

        tables as (
            select
                layer,
                count(*) as tables,
                count(*) filter (where not is_trusted) as untrusted_tables,
                cast(sum(failed_errors) as bigint) as failed_errors,
                cast(sum(failed_warnings) as bigint) as failed_warnings,
                max(checked_at) as checked_at,
            from quality_summary
            group by layer
        )

        select
            tables.layer,
            tables.tables,
            tables.untrusted_tables,
            coalesce(judged.kept, 0) as kept,
            tables.failed_warnings,
            tables.failed_errors,
            coalesce(judged.not_judged, 0) as not_judged,
            tables.checked_at,
        from tables
        left join judged using (layer)
        order by list_position(['raw', 'staging', 'marts'], tables.layer)
        """
    )


def gate_tables(marts: Marts, *, layer: str | None = None) -> pa.Table:
    """What the gates know of each table of one layer or all, those in doubt first."""
    return marts.table(
        """
        select
            layer,
            table_name,
            is_trusted,
            failed_errors,
            failed_warnings,
            checked_expectations,
            checked_rows,
            owner,
            untrusted_marts,
            checked_at,
        from quality_summary
        where $layer is null or layer = $layer
        order by
            failed_errors desc, failed_warnings desc,
            list_position(['raw', 'staging', 'marts'], layer), table_name
        limit 200
        """,
        layer=layer,
    )


def gate_failures(marts: Marts, *, layer: str | None = None) -> pa.Table:
    """The expectations that do not hold now, errors first, with what was found and who is to mend it."""
    return marts.table(
        """
        select
            severity,
            layer,
            table_name,
            expectation,
            observed,
            expected,
            unexpected_rows,
            owner,
            protected_marts,
            checked_at,
        from quality_results
        where is_newest and not success
        and ($layer is null or layer = $layer)
        order by severity, layer, table_name, expectation_id
        limit 200
        """,
        layer=layer,
    )


def deliveries(marts: Marts) -> pa.Table:
    """The raw tables of the contract, those with the largest share in quarantine first, the absent ones last."""
    return marts.table(
        """
        select
            table_name,
            is_present,
            rows_delivered,
            rows_staged,
            rows_quarantined,
            quarantined_share,
            latest_observed_on,
            days_behind,
        from raw_deliveries
        order by is_present desc, quarantined_share desc nulls last, table_name
        """
    )


def quarantine(marts: Marts, *, table_name: str | None = None, rows: int = 20) -> pa.Table:
    """For which reasons rows of a raw table or of all were set aside, the most frequent first."""
    return marts.table(
        """
        select table_name, rejection_reason, quarantined_rows
        from quarantine_reasons
        where $table_name is null or table_name = $table_name
        order by quarantined_rows desc, table_name, rejection_reason
        limit $rows
        """,
        table_name=table_name,
        rows=rows,
    )


def model_states(marts: Marts) -> pa.Table:
    """Each model by kind of drift as it was last checked: state, drift against its limit, when a refit is due."""
    return marts.table(
        """
        select
            model_name,
            drift_kind,
            state,
            drift,
            drift_limit,
            worst_column,
            columns_checked,
            columns_drifted,
            is_refit_due,
            refit_due_on,
            verdict,
            refit_reason,
            checked_at,
        from model_health
        where is_newest
        order by model_name, list_position(['score', 'feature', 'calibration'], drift_kind)
        """
    )


def models(marts: Marts) -> pa.Table:
    """Each model as it scores now: what it was fitted on, and how it stands beside its baselines in words."""
    return marts.table(
        """
        select
            model_name,
            verdict,
            training_rows,
            as_of_date,
            fitted_at,
            refit_reason,
            model_version,
        from model_runs
        where is_newest
        order by model_name
        """
    )


def model_targets(marts: Marts, *, model_name: str) -> pa.Table:
    """On which split and target a model was measured beside others, the most telling metric first for each.

    Splits whose figures are kinder than what comes after, or that compare nothing, stand last.

    ``target_id`` names split and target in one text.
    """
    return marts.table(
        """
        select
            split || ' · ' || target as target_id,
            split,
            target,
            metric,
        from model_metrics
        inner join model_runs using (model_name, model_version)
        where model_runs.is_newest
        and model_name = $model_name
        and value is not null
        and metric not in ('rows', 'base_rate', 'products')
        group by split, target, metric
        having count(distinct competitor) > 1
        order by
            list_contains($kinder, split), split, target, coalesce(list_position($telling, metric), 99), metric
        """,
        model_name=model_name,
        telling=list(TELLING),
        kinder=list(KINDER),
    )


def competitors(marts: Marts, *, model_name: str, target_id: str, metric: str, rows: int = 25) -> pa.Table:
    """A model beside its baselines in one metric on the same rows, the best first.

    ``is_lower_better`` says which end is good, ``is_model`` which row is the model that scores.
    """
    return marts.table(
        """
        select
            competitor,
            value,
            competitor = 'model' as is_model,
            list_contains($lower_better, metric) as is_lower_better,
            metric,
        from model_metrics
        inner join model_runs using (model_name, model_version)
        where model_runs.is_newest
        and model_name = $model_name
        and split || ' · ' || target = $target_id
        and metric = $metric
        and value is not null
        order by case when list_contains($lower_better, metric) then value else -value end, competitor
        limit $rows
        """,
        model_name=model_name,
        target_id=target_id,
        metric=metric,
        rows=rows,
        lower_better=list(LOWER_BETTER),
    )


def runs(marts: Marts, *, run_status: str | None = None, rows: int = 40) -> pa.Table:
    """The newest runs of dbt, the newest first; ``duration_seconds`` is null for one without an end."""
    return marts.table(
        """
        select
            started_at,
            dbt_command,
            run_status,
            duration_seconds,
            nodes_run,
            nodes_failed,
            nodes_warned,
            nodes_skipped,
            failed_nodes,
            has_published,
            dbt_target,
            selection,
            actor,
            code_version,
            invocation_id,
        from pipeline_runs
        where $run_status is null or run_status = $run_status
        order by started_at desc, invocation_id
        limit $rows
        """,
        run_status=run_status,
        rows=rows,
    )


def run_statuses(marts: Marts) -> pa.Table:
    """The ways in which runs have ended."""
    return marts.table("select distinct run_status from pipeline_runs order by run_status")


def slowest_nodes(marts: Marts) -> pa.Table:
    """What took longest in the newest run that tells it: ``node`` and ``seconds``."""
    return marts.table(
        """
        with newest as (
            select started_at, slowest_nodes
            from pipeline_runs
            where slowest_nodes is not null
            order by started_at desc, invocation_id
            limit 1
        ),

        nodes as (
            select started_at, unnest(string_split(slowest_nodes, ', ')) as told
            from newest
        )

        select
            regexp_extract(told, '^(.*) ([0-9.]+) s$', 1) as node,
            try_cast(regexp_extract(told, '^(.*) ([0-9.]+) s$', 2) as double) as seconds,
            started_at,
        from nodes
        where regexp_matches(told, '^(.*) ([0-9.]+) s$')
        order by seconds desc, node
        """
    )


def publications(marts: Marts, *, rows: int = 20) -> pa.Table:
    """The newest publications: how many marts with how many rows, and which had changed."""
    return marts.table(
        """
        select
            published_at,
            count(*) as marts,
            cast(sum(published_rows) as bigint) as published_rows,
            count(*) filter (where is_changed) as changed_marts,
            string_agg(mart, ', ' order by mart) filter (where is_changed) as changed,
            any_value(engine) as engine,
            any_value(actor) as actor,
            any_value(code_version) as code_version,
        from publish_log
        group by audit_entry, published_at
        order by published_at desc, audit_entry desc
        limit $rows
        """,
        rows=rows,
    )


LOWER_BETTER = (
    "brier",
    "calibration_error",
    "mae",
    "rmse",
    "wape",
    "mase",
    "rmsse",
    "log_loss",
    "noise_share",
    "fallen_back_series",
    "loss_over_average",
)
"""Metrics of which the lowest is the best; of all others it is the highest."""

TELLING = ("pr_auc", "ndcg_at_10", "mase", "qini", "silhouette", "accuracy", "mae", "brier")
"""The metrics that are shown first, the one that the verdict speaks of among them."""

KINDER = ("launch_order", "served")
"""Splits whose cycles overlap, and what only says what serves: see the column ``split`` of model_metrics."""
