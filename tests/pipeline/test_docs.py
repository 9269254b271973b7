"""What the docs say can be done is done: queries, commands, links, the tutorial, and dbt's own descriptions."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import duckdb
import pytest
import yaml
from warehouse import Warehouse
from warehouse_variables import PROJECT

from upswing.cli import main

PAGES = (PROJECT / "README.md", *sorted((PROJECT / "docs").rglob("*.md")))
TUTORIAL = PROJECT / "docs" / "tutorial.md"
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
QUERY = re.compile(r'upswing query "([^"]*)"')
TOOL = r"(?:upswing|dbt|make|mf|pytest|python (?:benchmarks|dashboard)/\S+)"
COMMAND = re.compile(rf"^(?:\$ )?(?:[A-Z_]+=\S+ )*(?:\.venv/bin/)?({TOOL}(?: .*)?)$")
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FOLDERS = ("benchmarks", "docs", "macros", "models", "profiles", "python_models", "seeds", "src", "tests")


@dataclass(frozen=True)
class Found:
    """Something that a page says.

    Attributes:
        page: where.
        line: of the page, from 1 on.
        text: what it is.
        header: of a query, the names above the table that stands right below it; none where no table does.
    """

    page: Path
    line: int
    text: str
    header: tuple[str, ...] | None = None

    def __str__(self) -> str:
        return f"{self.page.relative_to(PROJECT)}:{self.line}"


def without_code(text: str) -> str:
    """The page with its code as blanks, so that lines stay."""
    for pattern in (FENCE, SPAN):
        text = pattern.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)
    return text


def header_below(text: str, end: int) -> tuple[str, ...] | None:
    """The column names of the table that begins right below a block, after one empty line at most."""
    rows = re.match(r"(?:```)?\n\n?\|(.+)\|\n\|[-:| ]+\|\n", text[end:])
    return tuple(name.strip(" `*") for name in rows[1].split("|")) if rows else None


def queries(page: Path) -> Iterator[Found]:
    """Every query that the page gives; the output of a block stands below it where the block is one query."""
    text = page.read_text()
    blocks = [(block.start(), block.end()) for block in FENCE.finditer(text)]
    given = [query for query in QUERY.finditer(text) if " ... " not in query[1]]
    for query in given:
        around = [(start, end) for start, end in blocks if start < query.start() < end]
        alone = len(around) == 1 and sum(around[0][0] < other.start() < around[0][1] for other in given) == 1
        header = header_below(text, around[0][1]) if alone else None
        yield Found(page, text.count("\n", 0, query.start()) + 1, query[1], header)


def commands(page: Path) -> Iterator[Found]:
    """Every command of ours: lines of code, and code within a sentence."""
    text = page.read_text()
    for block in FENCE.finditer(text):
        if block[2] in ("", "sh", "bash"):
            code = QUERY.sub("upswing query", block[3]).replace("\\\n", "")
            for number, line in enumerate(code.split("\n")):
                if command := COMMAND.match(re.split(r"\s+#\s", line.strip())[0]):
                    yield Found(page, text.count("\n", 0, block.start()) + 2 + number, command[1])
    for span in SPAN.finditer(FENCE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), text)):
        if command := COMMAND.match(QUERY.sub("upswing query", span[1])):
            yield Found(page, text.count("\n", 0, span.start()) + 1, command[1])


def slugs(page: Path) -> set[str]:
    """The anchors that GitHub gives to the page's headings."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def told(page: Path) -> str:
    """The name of a page, for pytest."""
    return str(page.relative_to(PROJECT))


@pytest.fixture(scope="module")
def marts(built: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(built.folder / "marts.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def manifest(built: Warehouse) -> dict[str, Any]:
    return built.manifest()


@pytest.mark.parametrize("page", PAGES, ids=told)
def test_queries_run_and_their_tables_have_their_columns(page: Path, marts: duckdb.DuckDBPyConnection) -> None:
    for query in queries(page):
        try:
            columns = tuple(column[0] for column in marts.execute(query.text).description)
        except duckdb.Error as error:
            pytest.fail(f"{query}: {error}")
        assert query.header in (None, columns), (
            f"{query}: the table below has {query.header}, the query gives {columns}"
        )


def options_of(command: click.Command) -> set[str]:
    """Every way in which an option of a command may be written."""
    return {"--help", *(name for option in command.params for name in (*option.opts, *option.secondary_opts))}


def wrong_click(command: click.Command, words: list[str]) -> str | None:
    """What is wrong with a call of a command; None where nothing is."""
    context = click.Context(command)
    while isinstance(command, click.Group) and words:
        name, *words = words
        found = command.get_command(context, name)
        if found is None:
            return f"there is no command {name}"
        command = found
    for word, after in pairwise([*words, ""]):
        if not word.startswith("--"):
            continue
        name = word.split("=")[0]
        if name not in options_of(command):
            return f"{command.name} has no option {name}"
        (option,) = [option for option in command.params if name in (*option.opts, *option.secondary_opts)]
        if isinstance(option.type, click.Choice) and after and after not in option.type.choices:
            return f"{name} may not be {after}"
    return None


def wrong_dbt(words: list[str], manifest: dict[str, Any]) -> str | None:
    """What is wrong with a call of dbt."""
    from dbt.cli.main import cli

    if mistake := wrong_click(cli, words):
        return mistake
    declared = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
    known = {node["name"] for node in (*manifest["nodes"].values(), *manifest["exposures"].values())}
    for word, after in pairwise(words):
        if word == "--vars" and (unknown := set(yaml.safe_load(after)) - set(declared)):
            return f"there is no var {unknown}"
        if word in ("--select", "--exclude"):
            for name in re.split(r"[ ,]", after):
                if ":" not in name and name.strip("+@") not in known:
                    return f"there is no model {name}"
    return None


@cache
def make_targets() -> frozenset[str]:
    """The targets of the Makefile."""
    text = (PROJECT / "Makefile").read_text().replace("$(VENV)", ".venv")
    return frozenset(re.findall(r"^([\w./-]+):(?!=)", text, re.MULTILINE))


def wrong_make(words: list[str]) -> str | None:
    """What is wrong with a call of make."""
    for word in words:
        variable, is_variable, _ = word.partition("=")
        if is_variable and variable not in (PROJECT / "Makefile").read_text():
            return f"the Makefile has no variable {variable}"
        if not is_variable and word not in make_targets():
            return f"the Makefile has no target {word}"
    return None


def wrong_metrics(words: list[str], manifest: dict[str, Any]) -> str | None:
    """What is wrong with a call of MetricFlow's command."""
    known = {metric["name"] for metric in manifest["metrics"].values()}
    for word, after in pairwise(words):
        if word == "--metrics" and (unknown := set(after.split(",")) - known):
            return f"there is no metric {unknown}"
    return None


def wrong_file(words: list[str]) -> str | None:
    """What is wrong with a call of a script, or of pytest."""
    script, *options = [word for word in words if "=" not in word] or ["tests"]
    file = PROJECT / script.split("::")[0]
    if not file.exists():
        return f"there is no {script}"
    if file.suffix == ".py" and script.startswith("benchmarks/"):
        unknown = [word for word in options if word.startswith("--") and f'"{word}"' not in file.read_text()]
        return f"{script} has no option {unknown}" if unknown else None
    return None


def wrong(command: str, manifest: dict[str, Any]) -> str | None:
    """What is wrong with a command; None where nothing is."""
    try:
        tool, *words = shlex.split(re.split(r" (?:\||&&|>) ", command)[0])
    except ValueError:
        return None  # A quotation that goes on in the next line: Python, which the page shows but does not promise.
    if tool == "upswing":
        return wrong_click(main, words)
    if tool == "dbt":
        return wrong_dbt(words, manifest)
    if tool == "make":
        return wrong_make(words)
    return wrong_metrics(words, manifest) if tool == "mf" else wrong_file(words)


@pytest.mark.parametrize("page", PAGES, ids=told)
def test_commands_exist_with_their_options(page: Path, manifest: dict[str, Any]) -> None:
    for command in commands(page):
        mistake = wrong(command.text, manifest)
        assert mistake is None, f"{command}: {command.text}: {mistake}"


@pytest.mark.parametrize("page", PAGES, ids=told)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in LINK.findall(without_code(text)) + re.findall(r'<img [^>]*src="([^"]+)"', text):
        if re.match(r"\w+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{told(page)} links to {path}"
        assert not anchor or anchor in slugs(file), f"{told(page)} links to {target}: no such heading"
    for named in re.findall(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+\.\w+)`", FENCE.sub("", text)):
        assert (PROJECT / named).exists(), f"{told(page)} names {named}"


def test_the_index_names_every_page() -> None:
    index = PROJECT / "docs" / "README.md"
    linked = {(index.parent / target.split("#")[0]).resolve() for target in LINK.findall(index.read_text())}
    assert {page for page in index.parent.glob("*.md") if page != index} <= linked


def test_a_page_that_is_wrong_is_found(manifest: dict[str, Any]) -> None:
    """The checks above would be green on any page if they found nothing."""
    page = PROJECT / "docs" / "products.md"
    assert len(list(queries(page))) >= 2
    assert any(query.header for query in queries(page))
    assert wrong_click(main, ["push", "--chanel", "email"]) == "push has no option --chanel"
    assert wrong_click(main, ["puhs"]) == "there is no command puhs"
    assert wrong_dbt(["build", "--vars", "{churn_week: 4}"], manifest) == "there is no var {'churn_week'}"
    assert wrong_dbt(["build", "--select", "breakout_product+"], manifest) == "there is no model breakout_product+"
    assert wrong_make(["biuld"]) == "the Makefile has no target biuld"
    assert wrong_file(["benchmarks/none.py"]) == "there is no benchmarks/none.py"


QUARANTINED = {"quantity is not a number", "ordered_at is not a date and time", "order_id is missing"}


def test_the_tutorial_from_an_export_to_clean_rows(own: Warehouse) -> None:
    """Each block of the tutorial that is a shell's is run as it stands, but for the builds: staging alone is built."""
    blocks = [block[3] for block in FENCE.finditer(TUTORIAL.read_text()) if block[2] == "sh"]
    (mending,) = [block for block in blocks if "shop/mend.sql" in block]
    folder = own.raw.parent
    (folder / ".venv").symlink_to(sys.prefix)

    def run(block: str) -> str:
        own_environment = os.environ | {"UPSWING_WAREHOUSE": str(own.folder), "UPSWING_RAW": str(own.raw)}
        shell = ["sh", "-e", "-c", block]
        return subprocess.run(shell, cwd=folder, env=own_environment, check=True, capture_output=True, text=True).stdout

    for block in blocks:
        if block is not mending and block.startswith(("mkdir", "cat >")):
            run(block)
    own.raw.rmdir()
    own.raw.symlink_to(folder / "data" / "shop" / "raw")
    staged = ("order_lines", "products", "opportunities", "visits")
    done = own.dbt("run", "--select", *(f"+stg_raw__{table}" for table in staged), "+quarantine_order_lines")
    assert done.returncode == 0, done.stdout[-3000:]
    for table, rows in zip(staged, (14_419, 240, 320, 805), strict=True):
        assert own.query(f"select count(*) from staging.stg_raw__{table}") == [(rows,)], table
    reasons = {reason for (reason,) in own.query("select rejection_reason from quarantine.order_lines")}
    assert reasons == QUARANTINED
    run(mending)
    lines = f"read_csv('{own.raw}/order_lines.csv', all_varchar = true)"
    mended = duckdb.sql(f"select quantity, ordered_at from {lines} where order_id like 'R900_' order by order_id")
    assert mended.fetchall() == [("2", "2025-02-20 11:05:00"), ("1", "2025-02-28 16:40:00")]


def described(things: Iterator[dict[str, Any]]) -> list[str]:
    """The names of those without a description, and of their columns without one."""
    without = []
    for thing in things:
        without += [] if thing["description"] else [thing["name"]]
        columns = thing.get("columns", {}).values()
        without += [f"{thing['name']}.{column['name']}" for column in columns if not column["description"]]
    return without


@pytest.mark.parametrize("kind", ["sources", "exposures", "metrics", "semantic_models"])
def test_everything_beside_the_models_is_described(kind: str, manifest: dict[str, Any]) -> None:
    assert described(thing for thing in manifest[kind].values()) == []


def test_seeds_and_singular_tests_are_described(manifest: dict[str, Any]) -> None:
    seeds = (node for node in manifest["nodes"].values() if node["resource_type"] == "seed")
    assert described(seeds) == []
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and not node.get("test_metadata"):
            assert node["description"], f"tests/singular/{node['name']}.sql"


def test_macros_and_generic_tests_are_described_with_all_their_arguments(manifest: dict[str, Any]) -> None:
    for macro in manifest["macros"].values():
        if macro["package_name"] != "upswing" or re.match(r"(duckdb|spark|default)__", macro["name"]):
            continue
        assert macro["description"], macro["name"]
        signature = re.search(r"{%-?\s*(?:macro|test)\s+\w+\s*\((.*?)\)\s*-?%}", macro["macro_sql"], re.DOTALL)
        if signature:
            named = [argument.split("=")[0].strip() for argument in signature[1].split(",") if argument.strip()]
            assert [argument["name"] for argument in macro["arguments"]] == named, macro["name"]
            assert all(argument["description"] for argument in macro["arguments"]), macro["name"]


def test_the_overview_names_every_domain_and_only_marts_that_exist(manifest: dict[str, Any]) -> None:
    overview = manifest["docs"]["doc.upswing.__overview__"]["block_contents"]
    models = {node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"}
    linked = set(re.findall(r"#!/model/model\.upswing\.(\w+)", overview))
    assert linked
    assert linked <= models
    for domain in ("products", "opportunities", "customers", "sales", "marketing", "quality"):
        assert f"**{domain.capitalize()}**" in overview, domain
