"""What several unit tests share: one history and one classifier trained on it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import settings
from own_configuration import own_configuration

from unit.launches import QUICK, make_history
from unit.real_sample import EveryTwentiethProduct, write_real_tables
from upswing.cli import main
from upswing.products.breakout_classifier import BreakoutClassifier, train_classifier
from upswing.products.launch_windows import LaunchHistory
from upswing.sample.complete_journey import write_sample
from upswing.torch_session import torch_session

__all__ = ["own_configuration"]

# No deadline: how long an example takes depends on what else runs on the machine.
settings.register_profile("unit", deadline=None, max_examples=40)
settings.load_profile("unit")


@pytest.fixture(scope="session", autouse=True)
def _few_resamples() -> Iterator[None]:
    """Bootstraps of 100 resamples: each fit draws its intervals, and 500 of them take longer than a small model."""
    modules = ("verdicts", "customers.customer_predictor_verdicts", "marketing.uplift_curves")
    with pytest.MonkeyPatch.context() as patch:
        for module in modules:
            patch.setattr(f"upswing.{module}.RESAMPLES", 100)
        yield


@pytest.fixture(scope="session")
def history() -> LaunchHistory:
    return make_history()


@pytest.fixture(scope="session")
def classifier(history: LaunchHistory) -> BreakoutClassifier:
    with torch_session():
        return train_classifier(history, QUICK)


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample of one product in fifty, its synthetic tables written by the command; only to be read."""
    folder = write_real_tables(tmp_path_factory.mktemp("sample"), 0.02)
    options = ["--folder", str(folder), "--missing-only", "--opportunities", "60"]
    done = CliRunner().invoke(main, ["sample", *options])
    assert done.exit_code == 0, done.output
    return folder


@pytest.fixture(scope="session")
def real_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All real tables of one product in twenty, promotions too; only to be read."""
    folder = tmp_path_factory.mktemp("real_tables")
    write_sample(folder, EveryTwentiethProduct())
    return folder


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Commands that run in this process make what follows private; each test begins as a shell does."""
    before = os.umask(0o022)
    yield
    os.umask(before)
