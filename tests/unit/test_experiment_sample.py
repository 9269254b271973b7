import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from unit.real_sample import digest_of, write_real_tables
from upswing.sample.browsing_sessions import read_touches
from upswing.sample.experiment_campaigns import TRIALS
from upswing.sample.experiments import (
    CAMPAIGNS,
    TOUCHES,
    UNKNOWN_CUSTOMERS,
    ExperimentParameters,
    conduct,
    has_experiments,
    write_experiment_sample,
)
from upswing.sample.raw_files import connect

KEY = ["campaign_id", "customer_id", "variant"]
REAL_TOUCHES = 6_589


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write_real_tables(tmp_path_factory.mktemp("experiments"), 0.3)
    write_experiment_sample(folder)
    return folder


@pytest.fixture(scope="module")
def delivered(folder: Path) -> pd.DataFrame:
    rows = pd.read_parquet(folder / "campaign_touches.parquet")
    return rows[rows["is_synthetic"]].assign(row=np.arange(int(rows["is_synthetic"].sum())))


@pytest.fixture(scope="module")
def truth(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder / "truth" / "campaign_touches.parquet")


@pytest.fixture(scope="module")
def touches(delivered: pd.DataFrame) -> pd.DataFrame:
    """What an experiment may use: the last row of each key, customers of one variant."""
    rows = delivered.dropna(subset=["variant"]).assign(variant=lambda row: row["variant"].str.lower())
    last = rows.drop_duplicates(KEY, keep="last")
    return last[~last.duplicated(["campaign_id", "customer_id"], keep=False)]


def test_a_seed_below_0_is_named() -> None:
    with pytest.raises(ValueError, match="seed is -1; expected 0 or above"):
        ExperimentParameters(-1)


def test_the_shares_of_the_arms_add_up() -> None:
    for trial in TRIALS:
        assert sum(arm.share for arm in trial.arms) == pytest.approx(1)


def test_writing_again_writes_the_same_and_keeps_the_real_rows(folder: Path) -> None:
    written = folder / "campaign_touches.parquet"
    before = digest_of(lambda: None, written)
    assert digest_of(lambda: write_experiment_sample(folder), written) == before
    assert digest_of(lambda: write_experiment_sample(folder), folder / "campaigns.parquet") == digest_of(
        lambda: None, folder / "campaigns.parquet"
    )
    rows = pq.read_table(written)
    assert rows.schema == TOUCHES
    assert pq.read_schema(folder / "campaigns.parquet") == CAMPAIGNS
    real = rows.filter(~rows["is_synthetic"].to_numpy())
    assert real.num_rows == REAL_TOUCHES
    assert conduct(folder, ExperimentParameters(1))[0] != conduct(folder)[0]


def test_files_of_before_there_were_experiments_are_taken(folder: Path, tmp_path: Path) -> None:
    for path in folder.glob("*.parquet"):
        shutil.copy(path, tmp_path)
    for name, old in (
        ("campaigns", CAMPAIGNS.names[:6]),
        ("campaign_touches", ["campaign_id", "customer_id", "variant", "touched_at", "converted_at"]),
    ):
        table = pq.read_table(tmp_path / f"{name}.parquet")
        pq.write_table(table.filter(~table["is_synthetic"].to_numpy()).select(old), tmp_path / f"{name}.parquet")
    assert not has_experiments(tmp_path)
    write_experiment_sample(tmp_path)
    assert has_experiments(tmp_path)
    for name in ("campaigns", "campaign_touches"):
        assert pq.read_table(tmp_path / f"{name}.parquet") == pq.read_table(folder / f"{name}.parquet")


def test_generators_that_read_touches_see_the_real_ones(folder: Path) -> None:
    with connect(folder) as connection:
        campaigns, touches = read_touches(connection, [str(customer) for customer in range(1, 2501)])
    assert campaigns == [str(number) for number in range(1, 28)]
    assert len(touches) == REAL_TOUCHES


def test_what_comes_of_a_touch_comes_after_it_and_was_known_on_the_last_day(delivered: pd.DataFrame) -> None:
    for column in ("clicked_at", "converted_at"):
        told = delivered.dropna(subset=[column])
        assert (told[column] > told["touched_at"]).all()
        assert (told[column] < pd.Timestamp("2018-01-01")).all()
    assert (delivered["revenue"].notna() == delivered["converted_at"].notna()).all()
    ends = {trial.campaign_id: pd.Timestamp(trial.ends_on) + pd.Timedelta(days=1) for trial in TRIALS}
    in_time = delivered["converted_at"] < delivered["campaign_id"].map(ends)
    assert (in_time | delivered["converted_at"].isna()).all()
    assert (delivered["revenue"].dropna() > 0).all()


def test_arms_are_drawn_in_their_shares_but_for_the_broken_one(truth: pd.DataFrame, touches: pd.DataFrame) -> None:
    for trial in TRIALS:
        rows = touches[touches["campaign_id"] == trial.campaign_id]
        share, count = trial.arms[0].share, len(rows)
        away = (rows["variant"] == trial.arms[0].variant.lower()).mean() - share
        deviations = abs(away) / np.sqrt(share * (1 - share) / count)
        assert deviations > 4 if trial.lost_share else deviations < 3, trial.name
        assert len(truth[truth["campaign_id"] == trial.campaign_id]) > 1_900


def test_conversions_follow_the_true_probabilities(truth: pd.DataFrame, touches: pd.DataFrame) -> None:
    whole = touches[~touches["campaign_id"].isin([900006, 900007])]
    both = whole.merge(truth, on=KEY)
    both["came"] = both["converted_at"].notna()
    for _, rows in both.groupby(["campaign_id", "variant"]):
        spread = np.sqrt((rows["probability"] * (1 - rows["probability"])).sum())
        assert abs(rows["came"].sum() - rows["probability"].sum()) < 3.5 * spread


def test_who_converts_most_is_not_who_converts_because_of_the_offer(truth: pd.DataFrame) -> None:
    held_out = truth[truth["campaign_id"].isin([900001, 900003])]
    top = held_out["base_probability"] >= held_out["base_probability"].quantile(0.8)
    effect = held_out["effect_of_offer"]
    assert effect[top].mean() < 0.4 * effect[~top].mean()
    assert 0.02 < (effect < 0).mean() < 0.12
    assert effect.max() > 0.25


def test_the_mess_of_life_is_there(delivered: pd.DataFrame) -> None:
    assert 0.002 < delivered["variant"].isna().mean() < 0.01
    assert 0.01 < delivered["variant"].str.fullmatch("[A-Z_]{2,}").mean() < 0.05
    assert 0.01 < delivered.duplicated(KEY).mean() < 0.03
    several = delivered.groupby(["campaign_id", "customer_id"])["variant"].nunique() > 1
    assert 0.005 < several.mean() < 0.02
    assert set(UNKNOWN_CUSTOMERS) <= set(delivered["customer_id"])
    spelt = delivered.assign(lower=delivered["variant"].str.lower()).groupby(["campaign_id", "customer_id", "lower"])
    assert (spelt["variant"].nunique() == 1).all()


def test_without_campaigns_the_file_is_named(folder: Path, tmp_path: Path) -> None:
    for name in ("order_lines", "products", "campaign_touches"):
        shutil.copy(folder / f"{name}.parquet", tmp_path)
    with pytest.raises(FileNotFoundError, match=r"campaigns.parquet is missing; write the sample's real tables first"):
        write_experiment_sample(tmp_path)
