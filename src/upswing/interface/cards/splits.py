"""How the held-out rows of each split were held out, in words."""

from __future__ import annotations

SPLITS = {
    "time": "By time: what trained was known, with its outcome, before the tested rows were looked at.",
    "launch_order": (
        "By launch order: earlier launches trained, the latest test. Their cycles overlap in the calendar, so that "
        "these figures are kinder than those by time."
    ),
    "closed_later": "Opportunities that closed after all that trained.",
    "known_findings": "Audited opportunities of whose visits the truth is known (synthetic ones): they measure rules.",
    "two snapshots": "Two snapshots of the same customers: what is compared is whether clusters are clear and stay.",
    "served": "No test: how much each candidate counts in what is served.",
    "unlike texts": "Folds of texts: each is tested by what never saw a text put like it.",
    "customers": "Customers from whom nothing was learned and by whom nothing was chosen.",
}


def told(split: str) -> str:
    """What a split means; its name where nobody has said."""
    if split.startswith("last ") and split.endswith(" weeks"):
        return f"The {split} of history, forecast by what had not seen them and was chosen on earlier windows."
    return SPLITS.get(split, split)
