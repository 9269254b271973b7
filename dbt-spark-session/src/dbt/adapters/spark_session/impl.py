"""The adapter: what dbt and its macros may ask of Spark."""

from importlib import import_module
from typing import Any

from dbt.adapters.__about__ import version as base_version
from dbt.adapters.base.impl import PythonJobHelper
from dbt.adapters.base.meta import available
from dbt.adapters.base.relation import AdapterTrackingRelationInfo, BaseRelation
from dbt.adapters.contracts.relation import RelationConfig, RelationType
from dbt.adapters.spark.impl import SCHEMA_NOT_FOUND_MESSAGES, TABLE_OR_VIEW_NOT_FOUND_MESSAGES, SparkAdapter
from dbt_common.exceptions import DbtRuntimeError

from dbt.adapters.spark_session import files
from dbt.adapters.spark_session.__version__ import version
from dbt.adapters.spark_session.comments import commented
from dbt.adapters.spark_session.connections import SparkSessionConnectionManager, logger, spark_errors
from dbt.adapters.spark_session.literals import sql_literal
from dbt.adapters.spark_session.python_models import SessionPythonJob
from dbt.adapters.spark_session.session import get_session

SUBMISSION_METHOD = "session"


class SparkSessionAdapter(SparkAdapter):
    """dbt-spark's adapter on a session of this process."""

    ConnectionManager = SparkSessionConnectionManager

    @property
    def default_python_submission_method(self) -> str:
        """Where a Python model runs unless its configuration says otherwise."""
        return SUBMISSION_METHOD

    @property
    def python_submission_helpers(self) -> dict[str, type[PythonJobHelper]]:
        """The ways to run a Python model: there is one."""
        return {SUBMISSION_METHOD: SessionPythonJob}

    @available.parse(lambda *_args, **_kwargs: "''")
    def sql_literal(self, value: Any) -> str:
        """A literal of Spark SQL, quotes and backslashes escaped."""
        return sql_literal(value)

    @available.parse(lambda *_args, **_kwargs: "")
    def call_python(self, function: str, *arguments: str) -> str:
        """Call ``package.module:function`` in this process with texts: for what SQL cannot reach."""
        module, _, name = function.partition(":")
        return str(getattr(import_module(module), name)(*arguments))

    @available.parse_list
    def list_files(self, path_glob: str) -> list[dict[str, Any]]:
        """The files that a Hadoop glob matches: their path, name, size in bytes and time of change in ms."""
        with spark_errors():
            return files.list_files(self._session, path_glob)

    @available.parse_none
    def table_property(self, relation: BaseRelation, key: str) -> str | None:
        """A property of a table or view; None where it or the relation is missing."""
        try:
            _, rows = self.execute(f"show tblproperties {relation}", fetch=True)
        except DbtRuntimeError as error:
            if any(text in str(error.msg) for text in SCHEMA_NOT_FOUND_MESSAGES + TABLE_OR_VIEW_NOT_FOUND_MESSAGES):
                return None
            raise
        return next((str(row["value"]) for row in rows if row["key"] == key), None)

    @available.parse_none
    def set_table_property(self, relation: BaseRelation, key: str, value: str) -> None:
        """Set a property of a table or view."""
        kind = "view" if relation.type == RelationType.View else "table"
        self.execute(f"alter {kind} {relation} set tblproperties ({sql_literal(key)} = {sql_literal(value)})")

    @available.parse(lambda *_args, **_kwargs: {})
    def column_comments(self, relation: BaseRelation) -> dict[str, str]:
        """The comment of each column of a relation, '' for those without."""
        with spark_errors():
            fields = self._session.table(str(relation)).schema.fields
        return {field.name: field.metadata.get("comment", "") for field in fields}

    @available.parse_none
    def create_commented_view(self, view: BaseRelation, query: str, columns: dict[str, dict[str, Any]]) -> None:
        """Create a temporary view of a query whose columns carry their descriptions as comments.

        A table created from it has the comments from the start; Spark changes only one comment a statement, each of
        them a transaction of the catalog.
        """
        logger.debug(f"Creating the temporary view {view} of:\n{query}")
        comments = {name.lower(): column["description"] for name, column in columns.items() if column["description"]}
        with spark_errors():
            commented(self._session.sql(query), comments).createOrReplaceTempView(str(view))

    @available.parse_none
    def remove_leftover(self, relation: BaseRelation) -> None:
        """Delete the folder that a killed build left where Spark would put this relation.

        Spark creates no managed table in a folder that holds files. Where the catalog knows the relation, nothing is
        deleted.
        """
        catalog = self._session.catalog
        with spark_errors():
            if catalog.tableExists(f"{relation.schema}.{relation.identifier}"):
                return
            database = catalog.getDatabase(relation.schema).locationUri
            files.delete_folder(self._session, f"{database}/{str(relation.identifier).lower()}")

    @property
    def _session(self) -> Any:
        return get_session(self.config.credentials)

    @classmethod
    def get_adapter_run_info(cls, config: RelationConfig) -> AdapterTrackingRelationInfo:
        """The adapter's name and version; dbt's own derives the module's name from the class's, without underscore."""
        return AdapterTrackingRelationInfo(  # type: ignore[abstract]
            adapter_name=cls.type(),
            base_adapter_version=base_version,
            adapter_version=version,
            model_adapter_details=cls._get_adapter_specific_run_info(config),
        )
