"""The metrics of the semantic layer answer, and equal the marts."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from warehouse import Warehouse
from warehouse_variables import PROJECT

MF = Path(sys.executable).with_name("mf")


@dataclass(frozen=True)
class Case:
    """A question to the semantic layer, and the SQL on the marts that must say the same."""

    metrics: str
    sql: str
    group_by: tuple[str, ...] = ()
    where: tuple[str, ...] = ()

    @property
    def question(self) -> dict[str, Any]:
        """As metric_answers.py reads it."""
        return {"metrics": self.metrics.split(), "group_by": list(self.group_by), "where": list(self.where)}


WEEKS = """
select week_starting, sum(net_revenue) as revenue from product_weeks group by 1
union all
select cast((select max(week_starting) from product_weeks) + to_days(cast(7 * week as integer)) as date), null
from range(1, {to_come} + 1) as weeks_to_come (week)
"""
"""Revenue by week; the calendar goes on, so that windows reach some weeks further."""

CASES = {
    "revenue and units by week": Case(
        "revenue natural_units promoted_units units",
        """select week_starting, sum(net_revenue), sum(natural_units), sum(promoted_units), sum(units)
           from product_weeks group by 1""",
        ("metric_time__week",),
    ),
    "revenue by category, over products": Case(
        "revenue promoted_share",
        """select category, sum(w.net_revenue), sum(w.promoted_units) / nullif(sum(w.units), 0)
           from product_weeks as w join products using (product_id) group by 1""",
        ("product__category",),
    ),
    "running sum of four weeks": Case(
        "revenue_of_four_weeks",
        f"""with weeks as ({WEEKS.format(to_come=3)})
            select week_starting, sum(revenue) over (order by week_starting rows 3 preceding) from weeks""",
        ("metric_time__week",),
    ),
    "growth on the week before": Case(
        "revenue_growth",
        f"""with weeks as ({WEEKS.format(to_come=1)})
            select week_starting, revenue / nullif(lag(revenue) over (order by week_starting), 0) - 1 from weeks""",
        ("metric_time__week",),
    ),
    "launches": Case(
        "launches natural_units_per_launch",
        """select category, count(launched_on),
             sum(natural_units) filter (launched_on is not null) / nullif(count(launched_on), 0)
           from products group by 1""",
        ("product__category",),
    ),
    "products sold": Case("selling_products", "select count(distinct product_id) from product_weeks where orders > 0"),
    "breakout products by category": Case(
        "products_in_cycle breakout_products",
        "select category, count(*), count_if(is_breakout) from breakout_products group by 1",
        ("product__category",),
    ),
    "open opportunities": Case(
        "open_opportunities open_amount expected_value mean_conversion_probability",
        """select owner_id, count(*), sum(amount), sum(expected_value), avg(conversion_probability)
           from opportunity_priorities group by 1""",
        ("opportunity__owner",),
    ),
    "win rate and visits by sales rep": Case(
        "win_rate wins closed_opportunities sales_visits suspect_visit_share fake_findings fruitless_findings",
        """select sales_rep_id, wins / nullif(closed_opportunities, 0), wins, closed_opportunities, visits,
             suspect_visits / nullif(visits, 0), fake_findings, fruitless_findings from sales_rep_scorecard""",
        ("sales_rep__sales_rep_name",),
    ),
    "churn by segment": Case(
        "active_customers customers_at_risk churn_rate churn_risk_share revenue_at_risk expected_spend",
        """select segment_name, count_if(is_active), count_if(is_churn_risk), avg(churn_probability),
             count_if(is_churn_risk) / nullif(count_if(is_active), 0), sum(revenue_at_risk), sum(expected_spend)
           from customer_scores left join customer_segments using (customer_id) group by 1""",
        ("customer__segment_name",),
    ),
    "customers": Case(
        "customers customer_revenue customer_orders average_basket",
        "select count_if(not is_anonymous), sum(revenue), sum(orders), sum(average_basket * orders) / sum(orders) "
        "from customers",
    ),
    "customers who moved": Case("moved_customers", "select count_if(has_moved) from customer_segments"),
    "forecast by week": Case(
        "forecast_revenue product_forecast_revenue",
        """select week_starting, sum(forecast) filter (series_level = 'total'),
             sum(forecast) filter (series_level = 'product') from sales_forecasts group by 1""",
        ("metric_time__week",),
    ),
    "forecast error": Case(
        "forecast_mase forecast_wape forecast_coverage_80",
        """select series_level, avg(mase), avg(wape), avg(coverage_80) from forecast_accuracy
           where competitor = 'served' and horizon_weeks = '1-13' group by 1""",
        ("forecast_series_accuracy__accuracy_level",),
    ),
    "anomalies": Case(
        "anomalies",
        "select anomaly_kind, count(*) from sales_anomalies group by 1",
        ("sales_anomaly__anomaly_kind",),
    ),
    "stock": Case(
        "stocks stock_outs stock_out_share stocks_to_order order_value money_tied_up excess_money",
        """select count(*), count_if(status = 'stock_out'), count_if(status = 'stock_out') / count(*),
             count_if(order_quantity > 0), sum(order_value), sum(money_tied_up), sum(excess_money)
           from inventory_plan""",
    ),
    "campaign rates": Case(
        "ctr cr apu rpr campaign_cost",
        """select campaign_id, sum(clicks) / nullif(sum(impressions), 0), sum(conversions) / nullif(sum(customers), 0),
             sum(revenue) / nullif(sum(conversions), 0), sum(repurchases) / nullif(sum(repurchases_known), 0), sum(cost)
           from campaign_performance group by 1""",
        ("campaign_group__campaign",),
    ),
    "conversion rate of those who were reached": Case(
        "cr",
        "select sum(conversions) / sum(customers) from campaign_performance where not is_control",
        where=("not {{ Dimension('campaign_group__is_control') }}",),
    ),
    "pushes by channel": Case(
        "pushes held_out_pushes push_cost",
        """select channel, count_if(not is_control), count_if(is_control), sum(cost) from marketing_pushes
           group by 1""",
        ("push__push_channel",),
    ),
    "quarantine and gates": Case(
        "quarantine_share rows_delivered rows_quarantined",
        """select sum(rows_quarantined) / sum(rows_delivered), sum(rows_delivered), sum(rows_quarantined)
           from raw_deliveries""",
    ),
    "tables judged": Case(
        "judged_tables doubted_tables",
        "select count_if(is_trusted is not null), count_if(not is_trusted) from quality_summary",
    ),
}


@pytest.fixture(scope="module")
def project(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project folder as ``mf`` wants it: it reads ``target/semantic_manifest.json`` there, wherever dbt writes."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("dbt_project.yml", "profiles.yml"):
        (folder / name).symlink_to(PROJECT / name)
    (folder / "target").symlink_to(built.folder / "target")
    return folder


@pytest.fixture(scope="module")
def asked(built: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A copy of the shared build, for MetricFlow opens it to write."""
    return built.copied(tmp_path_factory.mktemp("asked") / "warehouse")


def run(built: Warehouse, project: Path, *command: str, questions: str = "") -> str:
    done = subprocess.run(
        command, cwd=project, env=built.environment(), input=questions, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def answers(asked: Warehouse, project: Path) -> dict[str, Any]:
    script = str(Path(__file__).with_name("metric_answers.py"))
    questions = json.dumps([case.question for case in CASES.values()])
    answered = run(asked, project, sys.executable, script, questions=questions).splitlines()[-1]
    told: dict[str, Any] = json.loads(answered)
    return told


def plain(value: Any) -> Any:
    """Days, with or without a time, and numbers of any kind look alike."""
    if value is None or isinstance(value, str):
        return value.removesuffix(" 00:00:00") if value else value
    if hasattr(value, "isoformat"):
        return str(value).removesuffix(" 00:00:00")
    return float(value)


def first(row: tuple[Any, ...]) -> str:
    """What rows are in the order of: the group, the only text in a row."""
    return str(row[0])


@pytest.mark.parametrize("name", CASES)
def test_a_metric_equals_the_marts(built: Warehouse, answers: dict[str, Any], name: str) -> None:
    answered = [tuple(plain(value) for value in row) for row in answers["rows"][list(CASES).index(name)]]
    expected = [tuple(plain(value) for value in row) for row in built.query_published(CASES[name].sql)]
    assert expected
    assert len(answered) == len(expected)
    for row, right in zip(sorted(answered, key=first), sorted(expected, key=first), strict=True):
        for value, should in zip(row, right, strict=True):
            assert value == (pytest.approx(should, rel=1e-9, abs=1e-6) if isinstance(should, float) else should), row


def test_every_metric_is_compared_or_made_of_what_is(answers: dict[str, Any], built: Warehouse) -> None:
    compared = {metric for case in CASES.values() for metric in case.question["metrics"]}
    made_of = {
        metric["name"]
        for name in compared
        for metric in built.manifest()["metrics"][f"metric.upswing.{name}"]["type_params"]["metrics"]
    }
    parts = {
        built.manifest()["metrics"][f"metric.upswing.{name}"]["type_params"][part]["name"]
        for name in compared
        for part in ("numerator", "denominator")
        if built.manifest()["metrics"][f"metric.upswing.{name}"]["type_params"][part]
    }
    assert set(answers["metrics"]) == compared | made_of | parts


def test_everything_in_the_semantic_layer_is_described(built: Warehouse) -> None:
    manifest = built.manifest()
    for metric in manifest["metrics"].values():
        assert metric["description"], metric["name"]
        assert metric["label"], metric["name"]
    for model in manifest["semantic_models"].values():
        assert model["description"], model["name"]
        for part in (*model["dimensions"], *model["measures"]):
            assert part["description"], f"{model['name']}.{part['name']}"


def test_the_command_answers(built: Warehouse, asked: Warehouse, project: Path) -> None:
    file = project / "answer.csv"
    run(asked, project, str(MF), "query", "--metrics", "win_rate", "--csv", str(file))
    (expected,) = built.query_published("select sum(wins) / sum(closed_opportunities) from sales_rep_scorecard")
    assert float(file.read_text().splitlines()[1]) == pytest.approx(expected[0])
