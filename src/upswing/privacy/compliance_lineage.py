"""Personal columns by their tags: none of them, and nothing that carries their name, may stand in a mart."""

from __future__ import annotations

from typing import Any

from upswing.privacy.compliance import NOT_CHECKED, Finding, Project, judged

IDENTITIES = "identities"
"""The source that knows everybody, of which its own claim is made; elsewhere a `customer_id` is a pseudonym."""


def personal_columns(manifest: dict[str, Any]) -> set[str]:
    """Names of the columns that are tagged `pii` anywhere in the project but in :data:`IDENTITIES`."""
    return {
        column["name"]
        for node in [*manifest["nodes"].values(), *manifest["sources"].values()]
        for column in node.get("columns", {}).values()
        if node["name"] != IDENTITIES and is_personal(column)
    }


def is_personal(column: dict[str, Any]) -> bool:
    """Whether a column of the manifest is tagged."""
    config = column.get("config", {})
    tags = [*column.get("tags", []), *config.get("tags", [])]
    return "pii" in tags or bool(config.get("meta", {}).get("pii") or column.get("meta", {}).get("pii"))


def no_tagged_column_in_a_mart(project: Project, published: dict[str, list[str]]) -> Finding:
    """No column of a mart has the name of a tagged one, neither in its contract nor in the published file.

    Args:
        project: with its manifest.
        published: columns of each published mart.
    """
    personal = personal_columns(project.manifest)
    contracted = {name: list(node["columns"]) for name, node in project.marts.items()}
    breaches = sorted(
        {
            f"{mart}.{column}"
            for marts in (contracted, published)
            for mart, columns in marts.items()
            for column in columns
            if column in personal
        }
    )
    told = f"{len(personal)} personal columns ({', '.join(sorted(personal))}), {len(contracted)} marts"
    return judged(
        "No column that is tagged pii stands in a mart",
        breaches,
        told,
        "drop the column from the mart, or publish what it says of many",
    )


def only_the_vault_reads_identities(project: Project) -> Finding:
    """One model, the vault's, reads who stands behind a pseudonym, and no mart comes of it.

    The views of the raw tables hold masks and pseudonyms; `identities` alone holds names.
    """
    identities = [name for name, node in project.manifest["sources"].items() if node["name"] == IDENTITIES]
    if not identities:
        return Finding(
            "Only the vault reads who stands behind a pseudonym", NOT_CHECKED, "no source is called identities"
        )
    child_map = project.manifest["child_map"]
    readers = {name for source in identities for name in child_map.get(source, []) if name.startswith("model.")}
    after = {child for reader in readers for child in child_map.get(reader, []) if child.startswith("model.")}
    marts = {node["unique_id"] for node in project.marts.values()}
    waiting, reached = list(after), set(after)
    while waiting:
        for child in child_map.get(waiting.pop(), []):
            if child.startswith("model.") and child not in reached:
                reached.add(child)
                waiting.append(child)
    breaches = sorted(name.removeprefix("model.upswing.") for name in reached & marts)
    if len(readers) > 1:
        breaches = [f"read by {', '.join(sorted(readers))}", *breaches]
    return judged(
        "Only the vault reads who stands behind a pseudonym, and no mart comes of it",
        breaches,
        f"raw.identities is read by {len(readers)} model, behind which there are {len(reached & marts)} marts",
        "let the model read a staging model instead of raw.identities",
    )
