"""What the semantic layer answers, asked in one process of its own: ``python metric_answers.py < questions.json``.

A question is ``{"metrics": [...], "group_by": [...], "where": [...]}``; the names of all metrics are told
beside. MetricFlow and dbt leave much behind in a process, and starting ``mf`` once a question would take seconds each.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from metricflow.engine.metricflow_engine import MetricFlowQueryRequest


def main() -> None:
    """Read questions, write an answer to each: its rows."""
    configuration = CLIConfiguration()
    configuration.setup(configure_file_logging=False)
    answers: dict[str, Any] = {"metrics": sorted(metric.name for metric in configuration.mf.list_metrics())}
    answers["rows"] = [_rows(configuration, question) for question in json.load(sys.stdin)]
    sys.stdout.write("\n" + json.dumps(answers, default=str))


def _rows(configuration: CLIConfiguration, question: dict[str, Any]) -> list[list[Any]]:
    """The groups, then the metrics, in the order of the question; MetricFlow has an order of its own."""
    groups = question["group_by"]
    request = MetricFlowQueryRequest.create(
        metric_names=question["metrics"],
        group_by_names=groups or None,
        where_constraints=question["where"] or None,
        order_by_names=groups or None,
    )
    table = configuration.mf.query(request).result_df
    assert table is not None
    places = [table.column_names.index(name) for name in (*groups, *question["metrics"])]
    return [[row[place] for place in places] for row in table.rows]


if __name__ == "__main__":
    main()
