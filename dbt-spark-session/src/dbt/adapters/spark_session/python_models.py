"""Runs a Python model in the dbt process, on dbt's worker thread."""

import linecache
import traceback
from types import ModuleType, TracebackType
from typing import Any

from dbt.adapters.base.impl import PythonJobHelper
from dbt_common.exceptions import DbtRuntimeError

from dbt.adapters.spark_session.arrow import to_dataframe
from dbt.adapters.spark_session.credentials import SparkSessionCredentials
from dbt.adapters.spark_session.session import get_session


class SessionPythonJob(PythonJobHelper):
    """One run of one Python model."""

    def __init__(self, parsed_model: dict[str, Any], credential: SparkSessionCredentials) -> None:
        self._path = parsed_model["original_file_path"]
        self._credentials = credential

    def submit(self, compiled_code: str) -> None:
        """Run the model and leave its result as the temporary view that the script names."""
        session = get_session(self._credentials)
        # The macro puts one newline before the script; without it, line numbers are those of the model's file.
        script = compiled_code.removeprefix("\n")
        try:
            self._run(script, session)
        except DbtRuntimeError:
            raise
        except Exception as error:
            raise DbtRuntimeError(f"Python model failed:\n{describe(error)}") from None

    def _run(self, script: str, session: Any) -> None:
        # Not in sys.modules: so cloudpickle sends the model's functions to the executors by value.
        module = ModuleType("dbt_python_model")
        module.__file__ = self._path
        linecache.cache[self._path] = (len(script), None, script.splitlines(keepends=True), self._path)
        exec(compile(script, self._path, "exec", dont_inherit=True), module.__dict__)
        result = module.model(module.dbtObj(session.table), session)
        to_dataframe(session, result).createOrReplaceTempView(module.dbt_result_view)


def describe(error: Exception) -> str:
    """An exception as Python prints it, without this file's frames at the start.

    An exception class that hides its traceback is shown by its message alone.
    """
    shown = error.__traceback__
    while _is_ours(shown):
        assert shown is not None
        shown = shown.tb_next
    return "".join(traceback.format_exception(type(error), error, shown))


def _is_ours(frame: TracebackType | None) -> bool:
    return frame is not None and frame.tb_frame.f_code.co_filename == __file__
