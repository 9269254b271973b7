"""New raw rows taken in as they arrive: what they touch is built, tested and published; what they do not, stands."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from upswing.quality import watch_graph
from upswing.quality.watch_adoption import is_whole_build
from upswing.quality.watch_builds import Built, WarmDbt
from upswing.quality.watch_files import RawFile, raw_files, unfinished
from upswing.quality.watch_rounds import Round, described
from upswing.quality.watch_state import WatchState, read_state, write_state

LONGEST_PAUSE = 300.0
"""Seconds at most between two tries of what failed, where nothing new arrives."""


class Watch:
    """Looks at the raw data again and again.

    A look costs a listing of the folder. Where it shows something new, a first short build takes it into the parsed
    tables and sets the clock; then what is below the touched tables is built, tested and published in a second one. A
    day that is new to the clock touches everything: then the whole project is built, and what is due is fitted. The
    code is that of the start: a watch is started again to take up another.
    """

    def __init__(
        self, dbt: WarmDbt, raw: str | None, tell: Callable[[str], None], business_time_zone: str = "UTC"
    ) -> None:
        """Nothing is looked at before :meth:`look`.

        Args:
            dbt: builds; its project has been read.
            raw: folder of the raw files; None where the raw tables are in a database, which is asked at each look.
            tell: told what goes on, a line at a time.
            business_time_zone: IANA name of the zone whose midnight may move the clock.
        """
        self._dbt = dbt
        self._raw = raw
        self._tell = tell
        self._zone = ZoneInfo(business_time_zone)
        self._tables = watch_graph.raw_tables(dbt.manifest)
        self._code = watch_graph.code_digest(dbt.manifest, dbt.variables)
        self._seen: dict[str, RawFile] | None = None
        self._seen_on: str | None = None
        self._told_of: set[str] = set()
        self._failures = 0
        self._try_again_at = 0.0

    def run(self, every: float, stop: threading.Event) -> None:
        """Look every so many seconds until told to stop; a round that has begun is ended first."""
        while not stop.is_set():
            self.look(every)
            stop.wait(every)

    def look(self, every: float = 0.0) -> Round | None:
        """Take in what is new; None where there is nothing, or where another process builds.

        Args:
            every: seconds until what failed is tried again; twice that after the second failure, and so on.
        """
        files = raw_files(self._raw, self._tables) if self._raw else {}
        not_yet = unfinished(file for path, file in files.items() if (self._seen or {}).get(path) != file)
        self._tell_of_unfinished(not_yet)
        if self._are_missed(files, not_yet):
            return None
        for path in not_yet:
            del files[path]
        if not self._is_worth_building(files):
            return None
        if self._dbt.is_busy():
            self._tell_once("busy", "another process has the warehouse open; waiting until it lets go of it")
            return None
        self._told_of.discard("busy")
        done = self._round(files, not_yet)
        if done.built.is_locked:
            self._tell_once("busy", "another process began to build first; waiting until it has ended")
            return None
        self._settle(files, done, every)
        return done

    def _are_missed(self, files: dict[str, RawFile], not_yet: list[str]) -> bool:
        """Whether a file that is being written anew, or is all there is of its table, must be waited for."""
        whole = {file.table for path, file in files.items() if path not in not_yet}
        return any(path in (self._seen or {}) or files[path].table not in whole for path in not_yet)

    def _is_worth_building(self, files: dict[str, RawFile]) -> bool:
        if self._seen is None or self._raw is None or files != self._seen or self._today() != self._seen_on:
            return True
        return self._failures > 0 and time.monotonic() >= self._try_again_at

    def _round(self, files: dict[str, RawFile], not_yet: list[str]) -> Round:
        started = time.perf_counter()
        new = [file for path, file in files.items() if (self._seen or {}).get(path) != file]
        state, reason = self._standing()

        def ended(built: Built, tables: list[str], reason: str, is_whole: bool) -> Round:
            arrived = min((file.modified_ns / 1e9 for file in new), default=None) if self._seen is not None else None
            waited = time.time() - arrived if arrived is not None else None
            return Round(tables, reason, is_whole, built, time.perf_counter() - started, waited, not_yet)

        if state is None:
            return ended(self._build_all(not_yet), [], reason, True)
        arrived = self._dbt.build(watch_graph.arriving_models(self._dbt.manifest), not_yet)
        if arrived.is_locked or not arrived.is_green:
            self._remember(state)
            return ended(arrived, [], "the new rows could not be taken in", False)
        now, clock = self._deliveries(), self._clock()
        tables = sorted(name for name, is_now in now.items() if is_now != state.deliveries.get(name) or not is_now)
        if clock != state.as_of_date:
            self._tell(f"the clock moves from {state.as_of_date} to {clock}: everything is built")
            return ended(self._build_all(not_yet), tables, "a new day", True)
        if not tables and not state.unsettled:
            self._remember(state)
            return ended(arrived, [], "nothing changed", False)
        models = set(watch_graph.touched_models(self._dbt.manifest, tables)) | set(state.unsettled)
        # What arrives from here on waits for the next round; so does what the list below comes too late for.
        later = [path for path in (raw_files(self._raw, self._tables) if self._raw else {}) if path not in files]
        built = self._dbt.build(models, sorted({*not_yet, *later}))
        if not built.is_locked:
            is_settled = built.is_green
            state.unsettled = [] if is_settled else sorted(models)
            if is_settled:
                state.deliveries |= {name: text for name, text in self._deliveries().items() if name in tables}
            self._remember(state)
        return ended(built, tables, ", ".join(tables) or "what failed before", False)

    def _build_all(self, not_yet: list[str]) -> Built:
        built = self._dbt.build(None, not_yet)
        if built.is_green:
            self._remember(WatchState(self._code, as_of_date=self._clock(), deliveries=self._deliveries()))
        return built

    def _standing(self) -> tuple[WatchState | None, str]:
        """What of the warehouse is settled; None, and why, where that is not known and everything has to be built."""
        state = read_state(self._dbt.warehouse)
        if is_whole_build(self._dbt, self._invocation()):
            state = WatchState(self._code, self._invocation(), self._clock(), self._deliveries())
        if state is None:
            return None, "the first build of this watch"
        if state.code != self._code:
            return None, "the code or a var changed"
        if state.invocation_id is None or state.invocation_id != self._invocation():
            return None, "another command, or a watch that was killed, built since"
        return state, ""

    def _remember(self, state: WatchState) -> None:
        state.invocation_id = self._invocation()
        write_state(self._dbt.warehouse, state)

    def _settle(self, files: dict[str, RawFile], done: Round, every: float) -> None:
        self._seen, self._seen_on = files, self._today()
        self._failures = 0 if done.built.is_green else self._failures + 1
        pause = min(every * 2 ** min(self._failures, 20), LONGEST_PAUSE)
        self._try_again_at = time.monotonic() + pause
        for line in described(done, pause):
            self._tell(line)

    def _invocation(self) -> str | None:
        rows = self._dbt.read_one("select invocation_id from raw.invocation")
        return str(rows[0][0]) if rows else None

    def _clock(self) -> str | None:
        rows = self._dbt.read_one("select cast(as_of_date as varchar) from staging.base_raw__clock")
        return rows[0][0] if rows else None

    def _deliveries(self) -> dict[str, str]:
        """State of each raw table; empty for one whose rows have no state that could be compared."""
        rows = self._dbt.read_one(
            "select table_name, is_present, part_count, parts_hash, contract_hash from raw.deliveries"
        )
        return {
            str(name): f"{parts} {contract}" if count or not is_present else ""
            for name, is_present, count, parts, contract in rows
        }

    def _today(self) -> str:
        return datetime.now(self._zone).date().isoformat()

    def _tell_of_unfinished(self, paths: list[str]) -> None:
        for path in paths:
            self._tell_once(path, f"{path} is not wholly written yet; it waits")
        self._told_of -= {told for told in self._told_of if told != "busy" and told not in paths}

    def _tell_once(self, about: str, line: str) -> None:
        if about not in self._told_of:
            self._told_of.add(about)
            self._tell(line)
