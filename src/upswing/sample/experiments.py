"""Synthetic campaigns with a control group, appended to the real ``campaigns`` and ``campaign_touches``.

The sample's retailer mailed its campaigns to whom it chose: no household was held out at random, so nothing real can
tell what a campaign changed. These seven campaigns of 2017 can, for what they change is planted. Each of their rows
carries ``is_synthetic``, the retailer's own rows do not: a figure that rests on them says something about this
generator and the method that finds what it planted, not about marketing.

The process
    *Who.* Every household that really bought in the 26 weeks before a campaign, into an arm by chance alone.

    *Who it works on.* By real purchases before the campaign: how lapsed a household is (1 - e^(-days since its last
    order / 28)), how promotion-minded (standing of the share of its spending that was discounted), how loyal (standing
    of its orders in 13 weeks). Without an offer it converts with 3 % + 34 % loyalty^1.5; an offer adds, times the
    strength of the arm, (a lapsed + b promotion^2)(1 - loyalty^2), with a, b of the campaign; who is loyal (over 0.5)
    and hardly buys on promotion (below 0.15) is put off by it: 10 % less. So those who convert most are not those who
    convert because of the offer.

    *What comes of it.* A conversion comes some 6 days after the touch and brings 35 % of the household's usual order,
    with a spread of 0.4. A click where there is something to click: not of who got nothing. What the household really
    bought is not touched by any of this, so whatever a method finds there is false.

    *The seven.* Two held-out tests (80:20 and 50:50); the same newsletter twice; two subject lines, of which the second
    is clicked more; two depths of discount and nothing; a reminder whose export lost a quarter of the control customers
    who did not convert; a discount that still runs, of which only what had come by the last day is there.

    *Mess.* Variants missing (0.5 %) or in capitals (3 %), customers in two variants (1 %), customers whom we never had,
    rows sent again (2 %, the later row has the conversion that the earlier one did not know), rows delivered late.

The truth, one row per customer and campaign, goes to ``truth/campaign_touches.parquet``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from upswing.sample.browsing_sessions import DAY
from upswing.sample.experiment_campaigns import TRIALS, TrialCampaign
from upswing.sample.experiment_process import draw, read_customers
from upswing.sample.raw_files import Doubles, connect, write_table

CAMPAIGNS = pa.schema(
    [
        ("campaign_id", pa.int64()),
        ("campaign_name", pa.string()),
        ("campaign_type", pa.string()),
        ("channel", pa.string()),
        ("starts_on", pa.date32()),
        ("ends_on", pa.date32()),
        ("budget", pa.float64()),
        ("is_synthetic", pa.bool_()),
    ]
)
TOUCHES = pa.schema(
    [
        ("campaign_id", pa.int64()),
        ("customer_id", pa.int64()),
        ("variant", pa.string()),
        ("touched_at", pa.timestamp("us")),
        ("clicked_at", pa.timestamp("us")),
        ("converted_at", pa.timestamp("us")),
        ("revenue", pa.float64()),
        ("is_synthetic", pa.bool_()),
    ]
)

NO_VARIANT_SHARE = 0.005
CAPITALS_SHARE = 0.03
TWO_VARIANTS_SHARE = 0.01
SENT_AGAIN_SHARE = 0.02
LATE_SHARE = 0.01
LATE_ROWS = 2_000
UNKNOWN_CUSTOMERS = (99_000_001, 99_000_002, 99_000_003)


@dataclass(frozen=True)
class ExperimentParameters:
    """What is drawn.

    Attributes:
        seed: the same seed gives the same files.
    """

    seed: int = 20171231

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; expected 0 or above")


def write_experiment_sample(folder: Path, parameters: ExperimentParameters | None = None) -> dict[str, int]:
    """Append the synthetic campaigns to ``campaigns`` and ``campaign_touches`` in ``folder``; returns the rows of both.

    Synthetic rows that stand there already are replaced: running it again writes the same files.

    Raises:
        FileNotFoundError, ValueError: the real tables are not there, or hold no purchase.
    """
    touches, truth = conduct(folder, parameters)
    if not (folder / "campaigns.parquet").exists():
        raise FileNotFoundError(f"{folder / 'campaigns.parquet'} is missing; write the sample's real tables first")
    write_table(folder / "truth", "campaign_touches", truth)
    tables = {"campaigns": announced(), "campaign_touches": touches}
    return {
        name: write_table(folder, name, pa.concat_tables([_real_rows(folder, name, synthetic.schema), synthetic]))
        for name, synthetic in tables.items()
    }


def has_experiments(folder: Path) -> bool:
    """Whether the synthetic campaigns stand in ``folder``; an unfinished writing of them does not count."""
    path = folder / "campaign_touches.parquet"
    if not path.exists() or "is_synthetic" not in pq.read_schema(path).names:
        return False
    return bool(pc.any(pq.read_table(path, columns=["is_synthetic"])["is_synthetic"]).as_py())


def announced() -> pa.Table:
    """The synthetic rows of ``campaigns``."""
    return pa.table(
        {
            "campaign_id": [trial.campaign_id for trial in TRIALS],
            "campaign_name": [trial.name for trial in TRIALS],
            "campaign_type": [trial.campaign_type for trial in TRIALS],
            "channel": [trial.channel for trial in TRIALS],
            "starts_on": [trial.starts_on for trial in TRIALS],
            "ends_on": [trial.ends_on for trial in TRIALS],
            "budget": [trial.budget for trial in TRIALS],
            "is_synthetic": [True] * len(TRIALS),
        },
        schema=CAMPAIGNS,
    )


def conduct(folder: Path, parameters: ExperimentParameters | None = None) -> tuple[pa.Table, pa.Table]:
    """Draw the synthetic rows of ``campaign_touches``, as delivered, and the truth behind them."""
    parameters = parameters or ExperimentParameters()
    rows, truths = [], []
    with connect(folder) as connection:
        (last,) = connection.execute("select cast(max(ordered_at) as date) from bought").fetchone() or (None,)
        until = (int(np.datetime64(last, "D").astype(np.int64)) + 1) * DAY
        for trial in TRIALS:
            rng = np.random.default_rng([parameters.seed, trial.campaign_id])
            drawn = draw(rng, trial, read_customers(connection, str(folder), trial))
            truths.append(_truth(trial, drawn))
            rows.append(_delivered(rng, trial, drawn, until))
    return pa.concat_tables(rows), pa.concat_tables(truths)


def _truth(trial: TrialCampaign, drawn: pd.DataFrame) -> pa.Table:
    """What only the generator knows, one row per customer."""
    variants = np.array([arm.variant.lower() for arm in trial.arms])
    return pa.table(
        {
            "campaign_id": pa.array(np.full(len(drawn), trial.campaign_id)),
            "customer_id": pa.array(drawn["customer_id"].to_numpy()),
            "variant": pa.array(variants[drawn["arm"]], pa.string()),
            "base_probability": pa.array(drawn["base_probability"].to_numpy()),
            "probability": pa.array(drawn["treated_probability"].to_numpy()),
            "effect_of_offer": pa.array(drawn["effect"].to_numpy()),
            "expected_revenue": pa.array(drawn["expected_revenue"].to_numpy()),
        }
    )


def _delivered(rng: np.random.Generator, trial: TrialCampaign, drawn: pd.DataFrame, until: int) -> pa.Table:
    """The rows of one campaign in the order of their delivery."""
    chance = rng.random(len(drawn))
    lost = (drawn["arm"] == 0) & (drawn["converted"] < 0) & (chance < trial.lost_share)
    rows = drawn[~lost & (drawn["touched"] < until)].reset_index(drop=True)
    count = len(rows)
    names = np.array([arm.variant for arm in trial.arms], object)
    rows["variant"] = names[rows["arm"]]
    rows.loc[rng.random(count) < CAPITALS_SHARE, "variant"] = rows["variant"].str.upper()
    rows.loc[rng.random(count) < NO_VARIANT_SHARE, "variant"] = None
    rows["delivered"] = np.arange(count) + np.where(
        rng.random(count) < LATE_SHARE, rng.integers(1, LATE_ROWS, count), 0
    )

    both = rows[(rng.random(count) < TWO_VARIANTS_SHARE) & rows["variant"].notna()]
    both = both.assign(variant=names[(both["arm"] + 1) % len(names)], delivered=both["delivered"] + 0.2)
    again = rows[rng.random(count) < SENT_AGAIN_SHARE]
    rows.loc[again.index, ["clicked", "converted"]] = -1
    again = again.assign(delivered=again["delivered"] + rng.integers(1, LATE_ROWS, len(again)) + 0.5)
    unknown = rows.head(len(UNKNOWN_CUSTOMERS))
    unknown = unknown.assign(
        customer_id=list(UNKNOWN_CUSTOMERS)[: len(unknown)],
        converted=-1,
        clicked=-1,
        delivered=unknown["delivered"] + 0.7,
    )
    rows = pd.concat([rows, both, again, unknown]).sort_values(["delivered", "customer_id"], ignore_index=True)
    converted = rows["converted"].to_numpy(np.int64)
    known = (converted >= 0) & (converted < until)
    return pa.table(
        {
            "campaign_id": pa.array(np.full(len(rows), trial.campaign_id), pa.int64()),
            "customer_id": pa.array(rows["customer_id"].to_numpy(np.int64)),
            "variant": pa.array(rows["variant"].to_list(), pa.string()),
            "touched_at": _moments(rows["touched"].to_numpy(np.float64), until),
            "clicked_at": _moments(rows["clicked"].to_numpy(np.float64), until),
            "converted_at": _moments(rows["converted"].to_numpy(np.float64), until),
            "revenue": pa.array(rows["revenue"].to_numpy(np.float64), mask=~known),
            "is_synthetic": pa.array(np.ones(len(rows), np.bool_)),
        },
        schema=TOUCHES,
    )


def _moments(moments: Doubles, until: int) -> pa.Array:
    return pa.array(moments.astype(np.int64), pa.timestamp("us"), mask=(moments < 0) | (moments >= until))


def _real_rows(folder: Path, name: str, schema: pa.Schema) -> pa.Table:
    """The rows that are not synthetic, in their order; columns that an older file does not have are null."""
    with duckdb.connect() as connection:
        connection.register("empty", schema.empty_table())
        rows = connection.execute(
            f"""
            select * replace (coalesce(is_synthetic, false) as is_synthetic)
            from (
                select * from empty
                union all by name
                select * from read_parquet('{str(folder / f"{name}.parquet").replace("'", "''")}')
            )
            where not coalesce(is_synthetic, false)
            """
        ).to_arrow_table()
    return rows.select(schema.names).cast(schema)
