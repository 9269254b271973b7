"""What ``upswing push`` says of an export."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

from upswing.marketing.push_export import Exported

LEFT_OUT = {
    "exported before": "were exported before",
    "repeated": "would be the same action again too soon (repeat_after_days in seeds/marketing_actions.csv)",
    "customer's cap": "would be more than the customer gets (var max_pushes_per_customer in push_days)",
    "channel's cap": "would be more than the channel allows (weekly_cap in seeds/marketing_channels.csv)",
    "budget": "would cost more than the action's weekly budget (seeds/marketing_actions.csv)",
}


def described(exported: Exported, channel: str, folder: Path, today: date, is_dry_run: bool) -> Iterator[str]:
    """The lines that tell what was, or would be, exported."""
    if is_dry_run:
        yield "Dry run: nothing is written."
    done = "would go" if is_dry_run else "exported"
    yield (
        f"{channel}: {exported.pushes:,} pushes {done}, at an expected cost of {exported.cost:,.2f}; "
        f"{exported.held_out:,} customers held out"
    )
    for reason, words in LEFT_OUT.items():
        if exported.left_out[reason]:
            yield f"  {exported.left_out[reason]:,} more {words}"
    if exported.overdue:
        yield f"  {exported.overdue:,} of them should have gone before today, {today}: build anew on fresh data?"
    for customer_id, send_on, message in exported.first:
        yield f"  {send_on}  customer {customer_id}: {message}"
    for path in exported.completed:
        yield f"{path} (of an earlier run that did not end)"
    for path in exported.files:
        yield f"{path}"
    if not is_dry_run:
        yield (
            f"{folder / 'campaign_touches.csv'}: {exported.touches:,} touches and hold-outs whose day has come; add "
            "what came of them, and deliver it with campaigns.csv"
        )
