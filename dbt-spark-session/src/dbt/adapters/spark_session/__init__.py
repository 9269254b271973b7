"""A dbt adapter that runs SQL and Python models against one SparkSession inside the dbt process."""

try:
    import dbt.adapters.spark  # noqa: F401
except ModuleNotFoundError as error:
    from dbt_common.exceptions import DbtRuntimeError

    raise DbtRuntimeError(
        f"The adapter spark_session needs the Python package {error.name}. "
        "Install it with what it needs: `pip install dbt-spark-session`; "
        "where the adapter came with Upswing, `make install PART=spark`."
    ) from error

from dbt.adapters.base.plugin import AdapterPlugin

from dbt.adapters.spark_session.credentials import SparkSessionCredentials
from dbt.adapters.spark_session.impl import SparkSessionAdapter
from dbt.include import spark_session

Plugin = AdapterPlugin(
    adapter=SparkSessionAdapter,  # type: ignore[arg-type]
    credentials=SparkSessionCredentials,
    include_path=spark_session.PACKAGE_PATH,
    dependencies=["spark"],
)
