from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from unit.contracts import published
from upswing.commands.cards import cards as cards_command
from upswing.interface.cards.pages import cards
from upswing.interface.cards.texts import card_texts
from upswing.interface.marts import Marts
from upswing.user_errors import UserError

PROJECT = Path(__file__).parents[2]
FITS = {path.stem.removeprefix("fit_") for path in (PROJECT / "python_models").rglob("fit_*.py")}

DRIVERS = [column.strip() for text in card_texts().values() for column in text.drivers.split(",") if column.strip()]

FIT = """
insert into model_runs (model_name, model_version, as_of_date, refit_reason, training_rows, parameters, verdict,
    is_newest) values ('customer_predictor', 'v1', '2024-03-01', 'first fit', 12345, '{"churn_weeks": 8}',
    'churn: the model loses to its best baseline random_forest', true);
insert into model_metrics (model_name, model_version, split, target, competitor, metric, value) values
    ('customer_predictor', 'v1', 'time', 'churn', 'model', 'pr_auc', 0.2968),
    ('customer_predictor', 'v1', 'time', 'churn', 'random_forest', 'pr_auc', 0.4321),
    ('customer_predictor', 'v1', 'time', 'churn', 'model', 'rows', 2309),
    ('customer_predictor', 'v0', 'time', 'churn', 'model', 'pr_auc', 0.9999);
insert into model_slices (model_name, model_version, split, target, slice_column, slice_value, metric, slice_rows,
    subjects, value, value_lower, value_upper, value_of_others, gap, gap_lower, gap_upper, is_apart,
    pooled_groups) values
    ('customer_predictor', 'v1', 'time', 'churn', 'predicted_tenth', '01', 'mean_prediction', 100, 100, 0.021, 0, 0.04,
        null, null, null, null, null, 0),
    ('customer_predictor', 'v1', 'time', 'churn', 'predicted_tenth', '01', 'observed_rate', 100, 100, 0.034, 0, 0.09,
        null, null, null, null, null, 0),
    ('customer_predictor', 'v1', 'time', 'churn', 'income_band', 'Under 15K', 'roc_auc', 77, 77, 0.611, 0.5, 0.7, 0.811,
        -0.2, -0.3, -0.1, true, 0),
    ('customer_predictor', 'v1', 'time', 'churn', 'region', '(not known)', 'subjects', 100, 100, 100, null, null, null,
        null, null, null, null, 0);
insert into model_health (model_name, drift_kind, state, verdict, is_refit_due, is_newest) values
    ('customer_predictor', 'feature', 'drifted', 'Moved: recency', true, true);
insert into customer_scores (churn_reasons) values
    ('last purchase 42 days ago (raises it by 20 points); 3 orders in 4 weeks'), ('last purchase 7 days ago');
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    published(tmp_path)
    return tmp_path


def fitted(warehouse: Path, statement: str = FIT) -> None:
    with duckdb.connect(str(warehouse / "marts.duckdb")) as connection:
        connection.execute(statement)


def test_every_fit_has_a_text_and_every_text_a_fit() -> None:
    assert set(card_texts()) == FITS


def test_every_text_names_columns_and_vars_that_stand() -> None:
    project = (PROJECT / "dbt_project.yml").read_text()
    for name, text in card_texts().items():
        assert list((PROJECT / "models" / "marts").rglob(f"{text.mart}.yml")), name
        assert (PROJECT / "docs" / text.docs).is_file(), name
        for var in text.vars.split(","):
            assert f"\n  {var.strip()}: " in project, f"{name}: {var}"
    for driver in DRIVERS:
        mart, column = driver.split(".")
        (described,) = (PROJECT / "models" / "marts").rglob(f"{mart}.yml")
        assert f"- name: {column}\n" in described.read_text(), driver


def test_the_pages_hold_the_figures_of_the_marts(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted(warehouse)
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(warehouse))
    folder = warehouse / "docs" / "cards"
    done = CliRunner().invoke(cards_command, ["--folder", str(folder), "--contact", "models@example.com"])
    assert done.exit_code == 0, done.output
    assert "9 cards of models, 1 of them trained" in done.output
    page = (folder / "customer_predictor.md").read_text()
    for told in ("`v1`", "12,345", "2,309 held-out rows", "0.297", "0.432", "the model loses to", "2.1 %", "3.4 %"):
        assert told in page, told
    assert "0.611" in page
    assert "**1 differs by more than chance**" in page
    assert "Of region the held-out rows know one group alone" in page
    assert "last purchase … days ago | 100.0 %" in page
    assert "orders in … weeks | 50.0 %" in page
    assert "Moved: recency" in page
    assert "0.999" not in page, "a figure of an earlier fit"
    assert "](customer_predictor_churn.svg)" in page
    assert (folder / "customer_predictor_churn.svg").read_bytes().startswith(b"<svg")
    assert "**Not trained.**" in (folder / "recommender.md").read_text()
    report = (folder.parent / "transparency.md").read_text()
    assert "models@example.com" in report
    for name in FITS:
        assert f"](cards/{name}.md)" in report
    assert "the model loses to its best baseline random_forest" in report
    assert "| feature | drifted | yes |" in report


def test_pages_of_a_warehouse_without_a_fit_say_so(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(warehouse))
    folder = warehouse / "cards"
    (folder).mkdir()
    (folder / "surge_locator_surge_week.svg").write_text("old")
    done = CliRunner().invoke(cards_command, ["--folder", str(folder)])
    assert done.exit_code == 0, done.output
    assert "0 of them trained" in done.output
    assert not list(folder.glob("*.svg"))
    assert all("**Not trained.**" in file.read_text() for file in folder.glob("*.md"))
    assert "Nobody is named yet" in (warehouse / "transparency.md").read_text()


def test_nothing_published_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWING_WAREHOUSE", str(tmp_path))
    done = CliRunner().invoke(cards_command, ["--folder", str(tmp_path / "cards")])
    assert done.exit_code == 1
    assert "Nothing is published" in done.output
    assert not (tmp_path / "cards").exists()


def test_a_model_without_a_text_is_named(warehouse: Path) -> None:
    fitted(warehouse, FIT.replace("'customer_predictor'", "'oracle'"))
    with pytest.raises(UserError, match="oracle: no text"):
        cards(Marts(warehouse / "marts.duckdb"))
