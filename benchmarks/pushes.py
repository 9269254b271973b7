"""The pushes of a million customers, decided and written, against the same rules row by row in Python.

Ours is the SQL of the models, as dbt compiles it, and the messages as the model makes them. The peer goes through each
customer's candidates with dictionaries, and fills each message by ``str.format``. Both must decide the same of every
candidate and write the same words. Customers, candidates, opt-outs and touches are made up.
"""

from __future__ import annotations

import html
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import date, timedelta
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from _report import Figure, judged, show

from upswing.marketing.push_messages import MESSAGE_SCHEMA, push_messages
from upswing.marketing.push_templates import PushParameters, read_templates

ROOT = Path(__file__).parent.parent
CUSTOMERS = 1_000_000
MODELS = ("score_push_send_days", "score_push_decisions", "score_push_offers")
BATCH_ROWS = 50_000
REST_DAYS = 14
"""How long the win-back of a customer rests."""
GOAL_SECONDS = 30.0
AS_OF = date(2024, 1, 7)
WEEK = "20240108"
CAP, CAP_DAYS, RESPONSE, RESPONSE_DAYS = 2, 7, 0.05, 28
"""The defaults of max_pushes_per_customer, push_days, default_offer_response and response_days."""

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
STRATEGIES = (
    # id, priority, channel, other channel, weekly budget, hold-out share, message
    (
        "win_back:s",
        1,
        "email",
        "sms",
        9000.0,
        0.1,
        "{discount_percent} % off {product_name} until {ends_on}.",
    ),
    ("gift:s", 2, "app", "email", None, 0.2, "Welcome: {product_name} for {offer_price}."),
    ("picks:s", 3, "email", None, None, 0.1, "Picked for you: {product_name}."),
    ("thanks:s", 4, "sms", "app", 4000.0, 0.0, "Thank you for your loyalty."),
    ("offers:s", 5, "mail", "email", 20000.0, 0.5, "This week: {discount_percent} % off {product_name}, {category}."),
)
CHANNELS = {
    # contact cost, weekly cap, quiet weekdays, format, most characters
    "email": (0.002, 1, None, "html", None),
    "app": (0.001, 2, None, "plain", None),
    "sms": (0.05, 1, "sunday", "plain", 160),
    "mail": (0.6, 1, "saturday sunday", "plain", None),
}
NAMES = ("Tea <green>", "Bread & butter", "Milk", "Ham 'n' eggs", None)

TABLES = """
    create schema models; create schema seeds; create schema staging; create schema intermediate;
    create table {clock} as select date '2024-01-07' as as_of_date;
    create table {opt_outs} as
    select
        cast(i * 31 as varchar) as customer_id,
        case when i % 3 > 0 then 'email' end as channel,
        cast(null as timestamp) as opted_out_at
    from range({customers} // 31) as t (i);
    create table {touches} as
    select
        'old' as campaign_id,
        cast(i * 7 as varchar) as customer_id,
        case when i % 2 = 0 then 'email' else 'mail' end as channel,
        date '2024-01-07' - cast(i % 6 as integer) as touched_on
    from range({customers} // 7) as t (i);
    create table {action_touches} as
    select
        case when cast(customer_id as bigint) % 3 = 0 then 'win_back' else 'picks' end as action_id,
        customer_id,
        touched_on - cast(cast(customer_id as bigint) % 20 as integer) as touched_on
    from {touches};
    create table intermediate.int_action_campaign_weeks (
        action_id varchar, is_over boolean, customers bigint, conversions bigint
    );
    create table {candidates} as
    select
        strategy_id,
        split_part(strategy_id, ':', 1) as action_id,
        cast(i as varchar) as customer_id,
        case when (i + place) % 11 > 0 then cast((i + place // 2) % 1000 as varchar) end as product_id,
        case (i + place) % 5 {names} end as product_name,
        'Food' as category,
        1 + (i % 900) / 100.0::double as product_price,
        place <> 4 as needs_product,
        case when place in (1, 5) then (i % 4) * 0.05::double else 0 end as discount_depth,
        case i % 8 {weekdays} end as usual_weekday,
        round(((i * 7919 + place * 104729) % 100003) / 1000.0::double, 6) as expected_gain,
        'made up' as reason
    from range({customers}) as t (i)
    cross join (from {strategies} select strategy_id, priority_rank as place)
    where (i * 13 + place * 5) % 10 < 6
"""


def main() -> list[Figure]:
    """Make up the customers, decide and write both ways, and compare."""
    with (
        tempfile.TemporaryDirectory() as folder,
        duckdb.connect(str(Path(folder) / "upswing.duckdb"), config={"threads": 2, "memory_limit": "6GB"}) as made,
    ):
        sources = _compiled(Path(folder))
        _make_up(made)
        started = time.perf_counter()
        for model in MODELS:
            made.execute(f"create table models.{model} as {sources[model]}")
        decided = time.perf_counter() - started
        messages = _messages(made)
        ours = time.perf_counter() - started
        made.register("messages", messages)
        rows = made.sql(
            "select d.strategy_id, d.customer_id, d.decision, d.channel, d.send_on, d.cost, m.message "
            "from models.score_push_decisions as d left join messages as m using (push_id)"
        ).fetchall()
        tables = _peer_tables(made)
        started = time.perf_counter()
        peer = _peer(tables)
        theirs = time.perf_counter() - started
    wrong = sum(peer[row[0], row[1]] != row[2:] for row in rows) + abs(len(peer) - len(rows))
    return [
        Figure(
            f"pushes of {CUSTOMERS / 1e6:.0f} M customers decided and written: {len(rows) / 1e6:.1f} M candidates, "
            f"{messages.num_rows / 1e6:.1f} M messages",
            f"{ours:.1f} s (decided in {decided:.1f} s)",
            f"row by row {theirs:.1f} s",
            f"{theirs / ours:.1f}x",
            f"<= {GOAL_SECONDS:.0f} s, and faster",
            judged(ours <= GOAL_SECONDS and ours < theirs),
        ),
        Figure("pushes: decided and written otherwise", f"{wrong:,} rows", "row by row", "-", "0", judged(wrong == 0)),
    ]


def _compiled(folder: Path) -> dict[str, str]:
    """The SQL of the models, by dbt."""
    target, warehouse = folder / "target", folder / "compiled"
    warehouse.mkdir()
    command = [str(Path(sys.executable).with_name("dbt")), "compile", "--no-introspect", "--quiet", "--select", *MODELS]
    where = ["--target-path", str(target), "--log-path", str(folder / "logs")]
    done = subprocess.run(
        [*command, *where],
        cwd=ROOT,
        env=os.environ | {"UPSWING_WAREHOUSE": str(warehouse)},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    found = {path.stem: path.read_text(encoding="utf-8") for path in target.glob("compiled/**/score_push_*.sql")}
    return {model: found[model] for model in MODELS}


def _make_up(made: duckdb.DuckDBPyConnection) -> None:
    columns = "strategy_id, priority_rank, channel, other_channel, weekly_budget, control_share, message_en"
    strategies = [dict(zip(columns.split(", "), row, strict=True)) for row in STRATEGIES]
    made.register("stated", pa.Table.from_pylist(strategies))
    texts = {
        "candidates": "models.score_push_candidates",
        "strategies": "models.score_strategies",
        "clock": "staging.base_raw__clock",
        "opt_outs": "staging.stg_raw__opt_outs",
        "touches": "intermediate.int_campaign_touches",
        "action_touches": "intermediate.int_action_touches",
        "customers": CUSTOMERS,
        "names": " ".join(f"when {i} then {_quoted(name)}" for i, name in enumerate(NAMES)),
        "weekdays": " ".join(f"when {i} then '{day}'" for i, day in enumerate(WEEKDAYS)),
    }
    schemas, rest = TABLES.format(**texts).split("create table", 1)
    made.execute(schemas)
    made.execute(
        f"""
        create table models.score_strategies as
        select
            *, split_part(strategy_id, ':', 1) as action_id, 'Action' as action_name, 'x' as campaign_type,
            'segment' as target_kind, 'all' as target_name, 'discount' as offer_kind,
            case when strategy_id = 'thanks:s' then 'none' else 'recommended' end as product_choice,
            null as message_zh, case when strategy_id = 'win_back:s' then {REST_DAYS} end as repeat_after_days,
            cast(null as date) as starts_on, cast(null as date) as ends_on, true as is_active
        from stated
    """
    )
    channels = [(name, *values) for name, values in CHANNELS.items()]
    made.execute(
        "create table seeds.marketing_channels (channel varchar, contact_cost double, weekly_cap int, "
        "quiet_weekdays varchar, message_format varchar, max_characters int)"
    )
    made.executemany("insert into seeds.marketing_channels values (?, ?, ?, ?, ?, ?)", channels)
    made.execute("create table seeds.quiet_days (quiet_on date, reason varchar)")
    made.execute("create table" + rest)


def _quoted(name: str | None) -> str:
    return "null" if name is None else "'" + name.replace("'", "''") + "'"


def _messages(made: duckdb.DuckDBPyConnection) -> pa.Table:
    strategies = made.sql("from models.score_strategies").to_arrow_table()
    parameters = PushParameters()
    write = push_messages(read_templates(strategies, parameters), parameters)
    offers = made.sql("from models.score_push_offers").to_arrow_reader(BATCH_ROWS)
    return pa.Table.from_batches(write(offers), MESSAGE_SCHEMA)


def _peer_tables(made: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    return {
        name: made.sql(f"from {table}").fetchall()
        for name, table in (
            ("candidates", "models.score_push_candidates"),
            ("opt_outs", "staging.stg_raw__opt_outs"),
            ("touches", "intermediate.int_campaign_touches"),
            ("action_touches", "intermediate.int_action_touches"),
        )
    }


def _peer(tables: dict[str, Any]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """Decision, channel, day, cost and message of each candidate, by strategy and customer."""
    opted_out = defaultdict(set)
    for customer, channel, _time in tables["opt_outs"]:
        opted_out[customer].add(channel)
    touched = defaultdict(list)
    for _campaign, customer, channel, day in tables["touches"]:
        touched[customer].append((channel, day))
    won_back = {customer: day for action, customer, day in tables["action_touches"] if action == "win_back"}
    strategies = {row[0]: row[1:] for row in STRATEGIES}
    customers = defaultdict(list)
    for row in tables["candidates"]:
        customers[row[2]].append(row)
    decided: dict[tuple[str, str], tuple[Any, ...]] = {}
    paid: dict[str, list[tuple[float, str, tuple[Any, ...]]]] = defaultdict(list)
    for customer, rows in customers.items():
        # One strategy an action here, so that nothing is outranked within an action.
        rows.sort(key=lambda row: strategies[row[0]][0])
        in_all = 0
        told = set()
        in_channel: dict[str, int] = defaultdict(int)
        for row in rows:
            _rank, first, other, _budget, _share, message = strategies[row[0]]
            lost = opted_out.get(customer, ())
            channel = None if None in lost else first if first not in lost else other if other not in lost else None
            depth, name = row[8], row[4]
            if channel is None:
                decided[row[0], customer] = ("opted_out", None, None, 0.0, None)
                continue
            if (
                (row[7] and row[3] is None)
                or ("{product_name}" in message and name is None)
                or ("{discount_percent}" in message and depth < 0.01)
            ):
                decided[row[0], customer] = ("no_product", channel, None, 0.0, None)
                continue
            send_on = _send_on(channel, row[9])
            last = won_back.get(customer) if row[1] == "win_back" else None
            if last is not None and last > send_on - timedelta(days=REST_DAYS):
                decided[row[0], customer] = ("repeated", channel, None, 0.0, None)
                continue
            if row[3] in told:
                decided[row[0], customer] = ("outranked", channel, None, 0.0, None)
                continue
            if row[3] is not None:
                told.add(row[3])
            earlier = send_on - timedelta(days=CAP_DAYS)
            recent = [way for way, day in touched.get(customer, ()) if day > earlier]
            in_channel[channel] += 1
            cap = CHANNELS[channel][1]
            if in_channel[channel] > cap:
                decided[row[0], customer] = ("outranked", channel, None, 0.0, None)
                continue
            if in_channel[channel] + recent.count(channel) > cap:
                decided[row[0], customer] = ("frequency_cap", channel, None, 0.0, None)
                continue
            in_all += 1
            if in_all > CAP or in_all + len(recent) > CAP:
                why = "outranked" if in_all > CAP else "frequency_cap"
                decided[row[0], customer] = (why, channel, None, 0.0, None)
                continue
            paid[row[1]].append((-row[10], customer, (*row, channel, send_on)))
    for rows_of_action in paid.values():
        _pay(sorted(rows_of_action, key=lambda row: row[:2]), strategies, decided)
    return decided


def _pay(rows: list[tuple[float, str, tuple[Any, ...]]], strategies: dict[str, Any], decided: dict[Any, Any]) -> None:
    spent = 0.0
    for _gain, customer, row in rows:
        _rank, _first, _other, budget, share, message = strategies[row[0]]
        channel, send_on = row[-2:]
        cost = round(CHANNELS[channel][0] + row[8] * row[6] * RESPONSE, 4)
        is_held_out = int(md5(f"hold-out|{row[1]}|{customer}".encode()).hexdigest()[:8], 16) < int(share * 2**32)
        spent += 0.0 if is_held_out else cost
        if budget is not None and round(spent, 4) > budget:
            decided[row[0], customer] = ("over_budget", channel, None, 0.0, None)
            continue
        escape = html.escape if CHANNELS[channel][3] == "html" else str
        ends_on = send_on + timedelta(days=RESPONSE_DAYS)
        text = message.format(
            product_name=escape(row[4] or ""),
            category=escape(row[5]),
            discount_percent=int(row[8] * 100 + 1e-6),
            offer_price=f"{row[6] * (1 - row[8]):.2f}",
            ends_on=f"{ends_on.day} {ends_on:%B %Y}",
        )
        decision = "control" if is_held_out else "push"
        decided[row[0], customer] = (decision, channel, send_on, 0.0 if is_held_out else cost, text)


def _send_on(channel: str, usual: str | None) -> date:
    """The first allowed day for whom no usual day is known, else the nearest one before a usual day."""
    quiet = (CHANNELS[channel][2] or "").split()
    days = [AS_OF + timedelta(days=day) for day in range(1, CAP_DAYS + 1)]
    allowed = [day for day in days if WEEKDAYS[day.weekday()].lower() not in quiet]
    if usual is None:
        return allowed[0]
    return min(allowed, key=lambda day: ((WEEKDAYS.index(usual) - 1 - day.weekday()) % 7, day))


if __name__ == "__main__":
    show(main())
