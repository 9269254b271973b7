"""``upswing watch``: new raw rows taken in as they arrive."""

from __future__ import annotations

import os
import signal
import sys
import threading
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import Any

import click
import yaml

from upswing.nearest import did_you_mean, near_path
from upswing.quality.live import Watch
from upswing.quality.watch_builds import WarmDbt
from upswing.quality.watch_state import only_watch
from upswing.user_errors import UserError

EXPECTED = "expected a mapping, as in '{as_of_date: 2024-06-30}'"


@click.command()
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Seconds between two looks."
)
@click.option("--once", is_flag=True, help="Look once, take in what is new, and end; exit code 1 where that failed.")
@click.option("--vars", "variables", default="{}", help="dbt's vars, as for `dbt build`.")
def watch(every: float, once: bool, variables: str) -> None:
    """Take in new raw files or rows as they arrive, build what they touch, test it, and publish.

    It runs in the folder of the dbt project. Ctrl-C stops after the round that runs; a second one breaks it off.
    """
    project, warehouse = Path.cwd(), Path(os.environ.get("UPSWING_WAREHOUSE", "warehouse")).absolute()
    if not (project / "dbt_project.yml").exists():
        raise click.ClickException(f"{project} is no dbt project; run `upswing watch` in the folder of dbt_project.yml")
    given = _parsed(variables)
    known = _project_vars(project)
    for name in given:
        if name not in known:
            raise click.BadParameter(f"the project has no var {name}{did_you_mean(name, known)}", param_hint="--vars")
    settings = known | given
    raw = _raw_folder(settings)
    if raw is not None and "://" not in raw and not Path(raw).is_dir():
        raise click.ClickException(f"there is no raw folder {raw}{near_path(Path(raw))}; name it in UPSWING_RAW")
    try:
        with only_watch(warehouse):
            dbt = WarmDbt(project, warehouse, given)
            dbt.read_project()
            looking = Watch(dbt, raw, _tell, settings.get("business_time_zone", "UTC"))
            if once:
                done = looking.look()
                if done is None or not done.built.is_green:
                    sys.exit(1)
                if done.reason == "nothing changed":
                    _tell("nothing is new")
                return
            _tell(f"watching {raw or 'the raw database'} every {every:g} s; ctrl-C stops")
            looking.run(every, _stop_on_signals())
            _tell("stopped")
    except UserError as wrong:
        raise click.ClickException(str(wrong)) from wrong


def _parsed(variables: str) -> dict[str, Any]:
    try:
        given = yaml.safe_load(variables) or {}
    except yaml.YAMLError:
        raise click.BadParameter(f"--vars is {variables!r}, which is no YAML; {EXPECTED}") from None
    if not isinstance(given, dict):
        raise click.BadParameter(f"--vars is {variables!r}; {EXPECTED}")
    return given


def _project_vars(project: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((project / "dbt_project.yml").read_text()).get("vars") or {})


def _raw_folder(settings: dict[str, Any]) -> str | None:
    """The folder of the raw files, as the macro find_raw_files sees it; None where a database has the tables."""
    if settings.get("raw_database"):
        return None
    return str(settings.get("raw_path") or os.environ.get("UPSWING_RAW", "data/sample")).rstrip("/")


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        _tell("stopping when this round has ended; press ctrl-C again to break it off")

    signal.signal(signal.SIGINT, ask)
    signal.signal(signal.SIGTERM, ask)
    return stop


def _tell(line: str) -> None:
    click.echo(f"{datetime.now():%H:%M:%S} {line}")
