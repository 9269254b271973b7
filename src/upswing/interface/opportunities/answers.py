"""What the page of the opportunities asks of the marts."""

from __future__ import annotations

import pyarrow as pa

from upswing.interface.marts import Marts


def open_in_figures(marts: Marts, *, owner_id: str | None = None) -> pa.Table:
    """One row: the day of the data, how many opportunities are open, and what they are expected to bring."""
    return marts.table(
        """
        select
            (select max(as_of_date) from opportunity_priorities) as as_of_date,
            count(*) as open_opportunities,
            sum(amount) as open_amount,
            sum(expected_value) as expected_value,
            sum(conversion_probability) as expected_wins,
            count(*) filter (where probability_source = 'base_rate') as without_visits,
        from opportunity_priorities
        where $owner_id is null or owner_id = $owner_id
        """,
        owner_id=owner_id,
    )


def owners(marts: Marts) -> pa.Table:
    """The sales reps who own an open opportunity."""
    return marts.table(
        "select distinct owner_id from opportunity_priorities where owner_id is not null order by owner_id"
    )


def priorities(marts: Marts, *, rows: int, owner_id: str | None = None) -> pa.Table:
    """The open opportunities to visit first, of one owner or of all, each with the worst finding on its visits."""
    return marts.table(
        """
        with findings as (
            select
                opportunity_id,
                case
                    when bool_or(finding = 'fake_visits') then 'fake_visits'
                    when bool_or(finding = 'fruitless_visits') then 'fruitless_visits'
                    else 'sound'
                end as finding,
            from visit_audits
            group by opportunity_id
        )

        select
            visit_priority,
            opportunity_id,
            owner_id,
            conversion_probability,
            amount,
            expected_value,
            visits,
            last_visited_at,
            findings.finding,
            top_reasons,
            top_reason_codes,
        from opportunity_priorities
        left join findings using (opportunity_id)
        where $owner_id is null or owner_id = $owner_id
        order by visit_priority
        limit $rows
        """,
        rows=rows,
        owner_id=owner_id,
    )


def value_by_probability(marts: Marts, *, owner_id: str | None = None) -> pa.Table:
    """Open opportunities by tenths of their probability: how many, and the value to be expected of them.

    ``probability_from`` is where the tenth begins; the last one holds a probability of 1, too.
    """
    return marts.table(
        """
        select
            least(floor(conversion_probability * 10), 9) / 10 as probability_from,
            count(*) as open_opportunities,
            sum(amount) as open_amount,
            sum(expected_value) as expected_value,
        from opportunity_priorities
        where $owner_id is null or owner_id = $owner_id
        group by probability_from
        order by probability_from
        """,
        owner_id=owner_id,
    )


def opportunity(marts: Marts, *, opportunity_id: str) -> pa.Table:
    """One opportunity, open or closed, as it stands; no row where there is none of this id.

    Place, amount and reasons are those of an open opportunity; of a closed one the marts keep the visits alone.
    """
    return marts.table(
        """
        with visited as (
            select
                opportunity_id,
                any_value(status) as status,
                max(visit_number) as visits,
                max(visited_at) as last_visited_at,
                max_by(conversion_probability, visit_number) as conversion_probability,
            from conversion_history
            where opportunity_id = $opportunity_id
            group by opportunity_id
        ),

        ranked as (
            select
                *,
                (select count(*) from opportunity_priorities) as open_opportunities,
            from opportunity_priorities
            where opportunity_id = $opportunity_id
        )

        select
            opportunity_id,
            coalesce(visited.status, 'open') as status,
            ranked.visit_priority,
            ranked.open_opportunities,
            ranked.owner_id,
            ranked.owner_priority,
            coalesce(ranked.conversion_probability, visited.conversion_probability) as conversion_probability,
            ranked.probability_source,
            ranked.amount,
            ranked.expected_value,
            coalesce(ranked.visits, visited.visits) as visits,
            coalesce(ranked.last_visited_at, visited.last_visited_at) as last_visited_at,
            ranked.top_reasons,
            ranked.top_reason_codes,
        from ranked
        full join visited using (opportunity_id)
        """,
        opportunity_id=opportunity_id,
    )


def conversion_course(marts: Marts, *, opportunity_id: str) -> pa.Table:
    """The probability after each visit of an opportunity, the first visit first."""
    return marts.table(
        """
        select
            visit_number,
            visited_at,
            sales_rep_id,
            conversion_probability,
            probability_change,
            is_out_of_sample,
            status,
            opportunity_id,
            visit_id,
        from conversion_history
        where opportunity_id = $opportunity_id
        order by visit_number
        """,
        opportunity_id=opportunity_id,
    )


def audited_reps(marts: Marts) -> pa.Table:
    """The sales reps on whose visits there is a finding."""
    return marts.table(
        "select distinct sales_rep_id from visit_audits where finding <> 'sound' order by sales_rep_id",
    )


def findings_in_figures(marts: Marts) -> pa.Table:
    """One row: how many opportunities, each with one sales rep's visits, were audited, and what was found."""
    return marts.table(
        """
        select
            count(*) as audited,
            count(*) filter (where finding = 'fake_visits') as fake_findings,
            count(*) filter (where finding = 'fruitless_visits') as fruitless_findings,
            count(*) filter (where finding <> 'sound' and status = 'open') as open_findings,
        from visit_audits
        """
    )


def findings(
    marts: Marts,
    *,
    rows: int,
    sales_rep_id: str | None = None,
    finding: str | None = None,
    opportunity_id: str | None = None,
) -> pa.Table:
    """Visits to doubt, with the reasons: open opportunities first, then the strongest evidence."""
    return marts.table(
        """
        select
            opportunity_id,
            sales_rep_id,
            finding,
            status,
            visits,
            suspect_visits,
            evidence,
            conversion_probability,
            reasons,
        from visit_audits
        where finding <> 'sound'
        and ($sales_rep_id is null or sales_rep_id = $sales_rep_id)
        and ($finding is null or finding = $finding)
        and ($opportunity_id is null or opportunity_id = $opportunity_id)
        order by status = 'open' desc, evidence desc, visits desc, opportunity_id, sales_rep_id
        limit $rows
        """,
        rows=rows,
        sales_rep_id=sales_rep_id,
        finding=finding,
        opportunity_id=opportunity_id,
    )


def scorecard(marts: Marts, *, rows: int) -> pa.Table:
    """Each sales rep's wins against the wins to be expected, those furthest from what chance explains first.

    ``expected_low`` to ``expected_high`` holds about 95 % of what chance gives: two standard deviations of a binomial
    count, which is at least as wide as that of wins whose probabilities differ. Only ends that no model had seen are
    judged.
    """
    return marts.table(
        """
        with spreads as (
            select
                *,
                sqrt(expected_wins * (1 - expected_wins / nullif(judged_opportunities, 0))) as spread,
            from sales_rep_scorecard
        )

        select
            sales_rep_id,
            judged_opportunities,
            judged_wins,
            expected_wins,
            -- Of nothing known, greatest and least would make a bound.
            case when spread is not null then greatest(expected_wins - 1.96 * spread, 0) end as expected_low,
            case when spread is not null then least(expected_wins + 1.96 * spread, judged_opportunities) end
                as expected_high,
            wins_above_expected,
            coalesce(abs(wins_above_expected) > 1.96 * spread, false) as is_beyond_chance,
            wins,
            closed_opportunities,
            open_opportunities,
            open_expected_value,
            visits,
            suspect_visits,
            fake_findings,
            fruitless_findings,
        from spreads
        order by abs(wins_above_expected) / nullif(spread, 0) desc nulls last, sales_rep_id
        limit $rows
        """,
        rows=rows,
    )


def scorecard_in_figures(marts: Marts) -> pa.Table:
    """One row: over all sales reps, how many ends are judged, and the wins among them against those to be expected."""
    return marts.table(
        """
        select
            cast(coalesce(sum(judged_opportunities), 0) as bigint) as judged_opportunities,
            cast(coalesce(sum(judged_wins), 0) as bigint) as judged_wins,
            sum(expected_wins) as expected_wins,
        from sales_rep_scorecard
        """
    )


def probability_quality(marts: Marts) -> pa.Table:
    """How the probabilities of the newest fit stand beside their baselines, on opportunities that closed later."""
    return marts.table(
        """
        select
            competitor,
            max(value) filter (where metric = 'pr_auc') as pr_auc,
            max(value) filter (where metric = 'roc_auc') as roc_auc,
            max(value) filter (where metric = 'brier') as brier,
            max(value) filter (where metric = 'calibration_error') as calibration_error,
            max(value) filter (where metric = 'precision_at_10pct') as top_tenth_won_share,
            max(value) filter (where metric = 'base_rate') as base_rate,
            cast(max(value) filter (where metric = 'rows') as bigint) as tested_opportunities,
        from model_metrics
        inner join model_runs using (model_name, model_version)
        where model_name = 'conversion_classifier' and target = 'won' and is_newest
        group by competitor
        order by competitor = 'model' desc, pr_auc desc, competitor
        """
    )


def probability_verdict(marts: Marts) -> pa.Table:
    """What the newest fit says of itself; no row where nothing was fitted."""
    return marts.table(
        "select model_version, verdict from model_runs where model_name = 'conversion_classifier' and is_newest"
    )


def audit_quality(marts: Marts) -> pa.Table:
    """How often findings are right, and how much they miss, where the truth of visits is known."""
    return marts.table(
        """
        select
            target as finding,
            max(value) filter (where metric = 'precision') as right_share,
            max(value) filter (where metric = 'recall') as found_share,
            max(value) filter (where metric = 'base_rate') as base_rate,
            cast(max(value) filter (where metric = 'rows') as bigint) as tested_opportunities,
        from visit_audit_metrics
        inner join model_runs using (model_name, model_version)
        where is_newest
        group by target
        order by target
        """
    )
