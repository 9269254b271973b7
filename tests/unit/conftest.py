"""What several unit tests share: one history and one classifier trained on it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from unit.launches import QUICK, make_history
from upswing.products.breakout_classifier import BreakoutClassifier, train_classifier
from upswing.products.launch_windows import LaunchHistory
from upswing.torch_session import torch_session


@pytest.fixture(scope="session")
def history() -> LaunchHistory:
    return make_history()


@pytest.fixture(scope="session")
def classifier(history: LaunchHistory) -> BreakoutClassifier:
    with torch_session():
        return train_classifier(history, QUICK)


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """Commands that run in this process make what follows private; each test begins as a shell does."""
    before = os.umask(0o022)
    yield
    os.umask(before)
