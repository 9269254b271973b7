"""Whether the audit holds, by itself and by all places that know of its hashes."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from upswing.quality import audit, audit_heads
from upswing.quality.audit_chain import Anchor, Break, Entry, Signer
from upswing.quality.audit_publish import changed_marts, published_anchors
from upswing.quality.backup import known_anchors

TRIES, SECONDS_BETWEEN = 5, 0.2


@dataclass(frozen=True)
class Examined:
    """What was found of an audit.

    Attributes:
        breaks: where it, or the published marts, do not hold; none where all is well.
        head: the newest entry; None where there is none, or where the audit does not hold.
        newest: what each place that knows of the audit knows last, by place.
        lost: what the restores that brought an older audit back lost, as far as another place knows of it.
    """

    breaks: list[Break]
    head: Entry | None
    newest: dict[str, Anchor]
    lost: list[Anchor]


def examine(warehouse: Path, backups: Path, files: Iterable[Path]) -> Examined:
    """Hold an audit against all places that know of its hashes, and the published marts against it.

    Args:
        warehouse: the folder of the warehouse.
        backups: folder of the backups.
        files: more files with heads, as the system log or another machine has them.

    Raises:
        UserError: a file cannot be read, or the audit key is none.
    """
    signer = audit.standing_signer()
    # The places first: what is recorded meanwhile is then in the audit at least.
    files = list(dict.fromkeys((audit_heads.heads_file(warehouse), *files)))
    heads = [audit_heads.read(file, warehouse, signer) for file in files]
    known = [*published_anchors(warehouse), *known_anchors(backups)]
    known += [anchor for found in heads for anchor in found.anchors]
    restores = audit.taken_back(warehouse)
    lost = [anchor for anchor in known if any(restore.has_lost(anchor) for restore in restores)]
    held = set(known) - set(lost)
    newest = {anchor.place: anchor for anchor in sorted(held, key=lambda anchor: anchor.entry)}
    breaks = [line for found in heads for line in found.breaks] + audit.verify(warehouse, known)
    head = None if breaks else audit.head(warehouse)
    breaks = breaks or _unknown(warehouse, head, signer, heads[0].anchors)
    # What the record says of the marts counts only while the record holds.
    return Examined(breaks or changed_marts(warehouse), head, newest, lost)


def _unknown(warehouse: Path, head: Entry | None, signer: Signer | None, known: list[Anchor]) -> list[Break]:
    """Whether the newest entry is not where each entry is added when it is recorded."""
    if head is None or signer is None:
        return []
    if head.key_id is None:
        what = f"it is not signed, although there is the audit key {signer.key_id}; the next entry will be"
        return [Break(head.entry, what)]
    file = audit_heads.heads_file(warehouse)
    for _ in range(TRIES):
        if any(anchor.entry == head.entry for anchor in known):
            return []
        # What another process has just recorded is added a moment later.
        time.sleep(SECONDS_BETWEEN)
        known = audit_heads.read(file, warehouse, signer).anchors
    return [
        Break(
            head.entry,
            f"{file} does not know of it, and each entry is added there. Either somebody removed the file or its end, "
            f"or it could not be written, or the warehouse was moved or {audit_heads.HEADS_VARIABLE} changed. Compare "
            "with another copy: `upswing audit verify --heads FILE`. The next entry is added there again",
        )
    ]
