import hashlib
import re
from collections import defaultdict
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from upswing.sample.sales_visits import VisitSampleParameters, write_visit_sample
from upswing.sample.visit_mess import FAKE_KINDS
from upswing.sample.visit_phrases import PhraseBank
from upswing.sample.visit_process import MOST_VISITS
from upswing.sample.visit_records import FACTORS

OPPORTUNITIES = "opportunity_id customer_id owner_id opened_at status closed_at amount is_synthetic"
VISITS = (
    "visit_id opportunity_id sales_rep_id visited_at visit_note customer_feedback duration_minutes latitude longitude "
    "is_synthetic"
)
REQUIRED = {
    "opportunities": ["opportunity_id", "opened_at", "status", "is_synthetic"],
    "visits": ["visit_id", "opportunity_id", "visited_at", "visit_note", "is_synthetic"],
}
GIVEAWAYS = {
    "en": r"\b(won|win|wins|winning|winner|lost|lose|loses|losing|sign|signs|signed|signing|signature|clos\w+"
    r"|award\w*|cancel\w*|contract\w*|deals?|purchase orders?|rejected|success\w*|fail\w*|victory|defeat\w*)\b",
    "zh": "赢|输给|中标|落标|流标|丢单|签|成交|合同|取消|拿下|失败|成功|订单|下单",
}
FEWEST_OPPORTUNITIES_OF_A_WORD = 30
SHARES_OF_A_WORD = (0.08, 0.85)

Tables = dict[str, pd.DataFrame]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def read(folder: Path) -> Tables:
    return {
        "opportunities": pd.read_parquet(folder / "opportunities.parquet"),
        "visits": pd.read_parquet(folder / "visits.parquet"),
        "true_opportunities": pd.read_parquet(folder / "truth" / "opportunities.parquet"),
        "true_visits": pd.read_parquet(folder / "truth" / "visits.parquet"),
    }


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    folder = tmp_path_factory.mktemp("sales_visits")
    rows = write_visit_sample(folder)
    tables = read(folder)
    assert rows == {"opportunities": len(tables["opportunities"]), "visits": len(tables["visits"])}
    return tables


@pytest.fixture(scope="module")
def delivered(sample: Tables) -> pd.DataFrame:
    """Each visit as last delivered, with its truth."""
    last = sample["visits"].drop_duplicates("visit_id", keep="last")
    return last.merge(sample["true_visits"], on="visit_id", suffixes=("", "_true"), validate="one_to_one")


@pytest.fixture(scope="module")
def closed(sample: Tables) -> pd.DataFrame:
    known = sample["opportunities"].merge(sample["true_opportunities"], on="opportunity_id", validate="one_to_one")
    return known[known["status"] != "open"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"opportunities": 0}, "opportunities is 0; expected"),
        ({"language": "fr"}, "language is 'fr'; expected"),
        ({"seed": -1}, "seed is -1; expected"),
        ({"ends_on": date(2016, 1, 1)}, "ends_on is 2016-01-01; expected"),
    ],
)
def test_bad_parameters_are_named(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        VisitSampleParameters(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_same_parameters_write_the_same_bytes(tmp_path: Path, language: str) -> None:
    digests = []
    for name, seed in (("first", 1), ("second", 1), ("other", 2)):
        write_visit_sample(tmp_path / name, VisitSampleParameters(40, language, seed))
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        digests.append({str(path.relative_to(tmp_path / name)): digest(path) for path in files})
    assert digests[0].keys() == {f"{part}{table}.parquet" for part in ("", "truth/") for table in REQUIRED}
    assert digests[0] == digests[1] != digests[2]


def test_one_opportunity_and_a_few_days_are_enough(tmp_path: Path) -> None:
    short = VisitSampleParameters(1, begins_on=date(2017, 12, 30), ends_on=date(2017, 12, 31))
    assert write_visit_sample(tmp_path, short)["opportunities"] == 1
    assert list(read(tmp_path)["visits"].columns) == VISITS.split()


def test_the_tables_keep_the_contract(sample: Tables) -> None:
    assert list(sample["opportunities"].columns) == OPPORTUNITIES.split()
    assert list(sample["visits"].columns) == VISITS.split()
    for table, required in REQUIRED.items():
        assert sample[table][required].notna().all().all(), table
        assert sample[table]["is_synthetic"].all(), table
    assert (sample["visits"]["visit_note"].str.strip() != "").all()
    assert set(sample["opportunities"]["status"]) == {"open", "won", "lost"}
    assert sample["opportunities"]["opportunity_id"].is_unique


def test_counts_and_shares_are_as_stated(sample: Tables, delivered: pd.DataFrame, closed: pd.DataFrame) -> None:
    visits = delivered.groupby("opportunity_id_true").size()
    assert len(sample["opportunities"]) == 3000
    assert len(delivered) == pytest.approx(15_000, rel=0.1)
    assert visits.max() <= MOST_VISITS + 1
    assert 1 - len(visits) / 3000 == pytest.approx(0.05, abs=0.025)
    assert len(closed) / 3000 == pytest.approx(0.75, abs=0.06)
    assert closed["is_won"].mean() == pytest.approx(0.35, abs=0.05)
    assert delivered["is_fake"].mean() == pytest.approx(0.04, abs=0.015)
    assert delivered["sales_rep_id"].nunique() == 60
    assert sample["visits"]["customer_feedback"].isna().mean() == pytest.approx(0.42, abs=0.05)


def test_every_row_has_its_truth(sample: Tables, delivered: pd.DataFrame, closed: pd.DataFrame) -> None:
    assert list(sample["true_visits"].columns) == [
        *("visit_id", "opportunity_id", "is_fake", "fake_kind", "win_probability"),
        *FACTORS,
    ]
    assert set(sample["visits"]["visit_id"]) == set(sample["true_visits"]["visit_id"])
    assert list(sample["opportunities"]["opportunity_id"]) == list(sample["true_opportunities"]["opportunity_id"])
    assert set(sample["true_visits"]["opportunity_id"]) <= set(sample["opportunities"]["opportunity_id"])
    assert ((closed["status"] == "won") == closed["is_won"]).all()
    assert (delivered["is_fake"] == delivered["fake_kind"].notna()).all()
    shares = sample["true_opportunities"]["finding"].value_counts(normalize=True)
    assert set(shares.index) == {"fake_visits", "fruitless_visits", "sound"}
    assert shares.drop("sound").between(0.03, 0.12).all()


def test_the_true_probability_ranks_and_is_calibrated(closed: pd.DataFrame) -> None:
    assert roc_auc_score(closed["is_won"], closed["win_probability"]) > 0.75
    fifths = closed.groupby(pd.qcut(closed["win_probability"], 5), observed=True)
    assert (fifths["is_won"].mean() - fifths["win_probability"].mean()).abs().max() < 0.06


def test_no_word_gives_the_outcome_away(sample: Tables, closed: pd.DataFrame) -> None:
    won = dict(zip(closed["opportunity_id"], closed["is_won"], strict=True))
    having: dict[str, set[str]] = defaultdict(set)
    visits = sample["visits"]
    text = visits["visit_note"] + " " + visits["customer_feedback"].fillna("")
    for opportunity_id, words in zip(visits["opportunity_id"], text.str.lower().str.findall(r"\w+"), strict=True):
        if opportunity_id in won:
            for word in words:
                having[word].add(opportunity_id)
    shares = {
        word: sum(won[opportunity_id] for opportunity_id in ids) / len(ids)
        for word, ids in having.items()
        if len(ids) >= FEWEST_OPPORTUNITIES_OF_A_WORD
    }
    low, high = SHARES_OF_A_WORD
    assert len(shares) > 500
    assert {word: share for word, share in shares.items() if not low <= share <= high} == {}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_phrases_are_many_and_name_no_outcome(language: str) -> None:
    tables = PhraseBank.load(language).tables
    least = {"en": (12, 7, 30, 20, 8), "zh": (8, 5, 15, 10, 5)}[language]
    for kind, fewest in zip(("note", "feedback"), least[:2], strict=True):
        assert set(tables[kind]) == set(FACTORS)
        for levels in tables[kind].values():
            assert set(levels) == {"favourable", "mixed", "unfavourable"}
            assert all(len(set(phrases)) >= fewest for phrases in levels.values())
    for kind, fewest in zip(("small_talk", "logistics", "courtesy"), least[2:], strict=True):
        assert len(set(tables[kind]["sentences"])) >= fewest
    spoken = [*_strings({name: table for name, table in tables.items() if name not in ("typos", "place")})]
    assert [text for text in spoken if re.search(GIVEAWAYS[language], text, re.IGNORECASE)] == []


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        value = list(value.values())
    return [text for item in value for text in _strings(item)] if isinstance(value, list) else [str(value)]


def test_fabrications_of_every_kind_are_planted(delivered: pd.DataFrame) -> None:
    fakes = delivered[delivered["is_fake"]]
    assert set(fakes["fake_kind"]) == set(FAKE_KINDS)
    assert (fakes.loc[fakes["fake_kind"] == "no_duration", "duration_minutes"] == 0).all()
    assert (fakes.loc[fakes["fake_kind"] == "empty_content", "visit_note"].str.len() < 20).all()
    assert fakes["sales_rep_id"].nunique() <= 5


def test_names_and_addresses_are_there_to_mask(sample: Tables) -> None:
    notes = sample["visits"]["visit_note"]
    for pattern in (r"\S@\S+\.example", r"ORD-\d{6}", r"\b\d{10,}\b", r"07700 900\d{3}"):
        assert 0.01 < notes.str.contains(pattern).mean() < 0.3, pattern
    assert not notes.str.contains(r"[{}#]").any()


def test_the_chinese_sample_is_chinese(tmp_path: Path) -> None:
    write_visit_sample(tmp_path, VisitSampleParameters(300, "zh"))
    tables = read(tmp_path)
    notes = tables["visits"]["visit_note"].str.cat()
    letters = re.findall(r"[^\W\d_]", notes)
    assert sum("一" <= letter <= "鿿" for letter in letters) / len(letters) > 0.85
    assert not re.search(r"[{}#]", notes)
    assert tables["visits"]["latitude"].between(15, 50).mean() > 0.8
