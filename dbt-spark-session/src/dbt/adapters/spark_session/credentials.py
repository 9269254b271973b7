"""What a profile of type spark_session may say."""

from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Any

from dbt.adapters.spark.connections import SparkConnectionMethod, SparkCredentials
from dbt_common.exceptions import DbtRuntimeError

DEFAULT_SETTINGS = {
    "spark.app.name": "dbt",
    "spark.log.level": "ERROR",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.catalogImplementation": "hive",
    "spark.sql.legacy.createHiveTableByDefault": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.sources.partitionOverwriteMode": "dynamic",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@dataclass
class SparkSessionCredentials(SparkCredentials):
    """A schema, a Spark master, the session's configuration, and modules whose ``prepare`` it calls when it starts."""

    master: str = "local[*]"
    settings: dict[str, Any] = field(default_factory=dict)
    ship_packages: list[str] = field(default_factory=list)
    on_start: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if find_spec("pyspark") is None:
            raise DbtRuntimeError(
                "The adapter spark_session needs the Python package pyspark. "
                "Install it with what it needs: `pip install dbt-spark-session`; "
                "where the adapter came with Upswing, `make install PART=spark`."
            )
        if self.method not in (None, SparkConnectionMethod.SESSION):
            raise DbtRuntimeError(
                f"The adapter spark_session knows no method {self.method}; use `type: spark` for it, or leave it out."
            )
        given = {**self.server_side_parameters, **self.settings}
        self.method = SparkConnectionMethod.SESSION
        self.host = self.host or self.master
        super().__post_init__()
        # After the parent has run, because the parent turns ANSI mode off whatever the profile says.
        self.server_side_parameters = DEFAULT_SETTINGS | {
            name: setting_text(value) for name, value in given.items() if value is not None
        }

    @property
    def type(self) -> str:
        """The adapter's name in profiles."""
        return "spark_session"

    @property
    def unique_field(self) -> str:
        """What tells one installation from another in dbt's anonymous usage statistics."""
        return self.master

    def _connection_keys(self) -> tuple[str, ...]:
        # Not the settings: dbt prints these keys, and settings may hold keys of object stores.
        return "master", "schema", "ship_packages"


def setting_text(value: Any) -> str:
    """A YAML value as Spark configuration spells it: true, not True."""
    return str(value).lower() if isinstance(value, bool) else str(value)
