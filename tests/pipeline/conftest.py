"""One small build for all tests that only read; the tests look at what it left."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from network import CALLS, no_network
from own_configuration import own_configuration
from small_sample import small_sample
from warehouse import PRINTED, Warehouse

__all__ = ["own_configuration"]

FIRST = (
    "test_spark",
    "test_build",
    "test_increments",
    "test_faults",
    "test_own_data",
    "test_opportunities",
    "test_time",
)
"""Files of tests that start early: the longest slow one, the one with the shared build, the longest that need none."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The shared build first, beside it tests with builds of their own, then those that read it, then unit tests."""
    order = {stem: place for place, stem in enumerate(FIRST)}
    items.sort(key=lambda item: (item.path.parent.name != "pipeline", order.get(item.path.stem, len(order))))


def made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """A folder that the first process that asks for it makes, while the others wait.

    Raises:
        AssertionError: it could not be made, here or in another process.
    """
    with FileLock(f"{folder}.lock"):
        is_made, has_failed = folder / "made", folder / "failed"
        assert not has_failed.exists(), f"another process could not make {folder.name}: {has_failed.read_text()}"
        if not is_made.exists():
            folder.mkdir()
            try:
                make(folder)
            except BaseException as error:
                has_failed.write_text(str(error))
                raise
            is_made.touch()
    return folder


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of this run that all processes of pytest-xdist know."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def small_raw() -> Path:
    """Raw tables of a twentieth of the sample's products and few opportunities; half of the customers are anonymous."""
    return small_sample() / "raw"


@pytest.fixture(scope="session")
def built(shared_folder: Path, small_raw: Path) -> Warehouse:
    """The small sample, built once by the command ``dbt build``; tests do not change it."""

    def build(folder: Path) -> None:
        # Libraries then warn each time, also of what Python hides by default.
        settings = {"PYTHONWARNINGS": "always"} | no_network(folder / CALLS)
        building = Warehouse(folder, small_raw, settings=settings).start("build")
        printed, _ = building.communicate()
        (folder / PRINTED).write_text(printed)
        assert building.returncode == 0, printed[-6000:]

    return Warehouse(made_once(shared_folder / "built", build), small_raw)


@pytest.fixture
def own(tmp_path: Path) -> Warehouse:
    """A warehouse for a company's own raw folder, which is empty yet."""
    raw = tmp_path / "raw"
    raw.mkdir()
    return Warehouse(tmp_path / "warehouse", raw)
