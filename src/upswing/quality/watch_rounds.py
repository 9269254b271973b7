"""What a round of a watch did, and how it is told."""

from __future__ import annotations

from dataclasses import dataclass

from upswing.quality.watch_builds import Built


@dataclass(frozen=True)
class Round:
    """What one look led to.

    Attributes:
        tables: raw tables whose delivery changed; empty where all was built for another reason.
        reason: why, in words.
        is_whole: everything was built.
        built: what dbt did in the step that counts.
        seconds: of the whole round, from the look to the end.
        waited_seconds: from when the oldest of the new files was written to the end of the round; None where no file is
            new.
        left_out: files that are not wholly written yet.
    """

    tables: list[str]
    reason: str
    is_whole: bool
    built: Built
    seconds: float
    waited_seconds: float | None
    left_out: list[str]


def described(done: Round, pause: float) -> list[str]:
    """The lines that tell of a round."""
    built = done.built
    if built.is_green and done.reason == "nothing changed":
        return []
    what = f"{'everything' if done.is_whole else ', '.join(done.tables) or done.reason}"
    if done.is_whole:
        what += f" ({done.reason})"
    if not built.is_green:
        lines = [f"{what}: FAILED after {done.seconds:.0f} s; nothing was published, the last good version stands"]
        lines += [f"  {failure.name}: {failure.message}" for failure in built.failures[:10]]
        return [*lines, f"  tried again when a file changes, or in {pause:.0f} s"] if pause else lines
    waited = (
        f", {done.waited_seconds:.0f} s after the first of it was written" if done.waited_seconds is not None else ""
    )
    end = f"published in {done.seconds:.0f} s{waited}" if built.is_published else f"not published, {done.seconds:.0f} s"
    warned = f"; {len(built.warnings)} warned" if built.warnings else ""
    return [f"{what}: {built.models} models built, {built.tests} tests passed{warned}; {end}"]
