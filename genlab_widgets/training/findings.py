"""What there is to know before a training: findings, and the examples of each label."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

Level = Literal["ok", "warn", "fail"]
Grade = Literal["none", "red", "amber", "ok", "good"]

RED_BELOW, AMBER_BELOW, GOOD_FROM = 15, 40, 50
"""Examples of a label: 40 to 50 are recommended, below 15 a model rarely learns it."""
TASKS_SHOWN = 50


class Finding(NamedTuple):
    """One thing to know before training.

    Attributes:
        level: ``fail`` blocks the training.
        code: Stable name of the rule.
        message: One sentence with the figures.
        next_step: One sentence, or empty when there is nothing to do.
        label: The label concerned, if it is one.
        task_ids: Tasks concerned, at most 50, for "Show tasks".
    """

    level: Level
    code: str
    message: str
    next_step: str = ""
    label: str | None = None
    task_ids: tuple[int, ...] = ()


class LabelCount(NamedTuple):
    """Examples of a label in each part; ``grade`` is the colour, ``level`` says whether it blocks."""

    label: str
    train: int
    test: int
    level: Level

    @property
    def total(self) -> int:
        """Examples in both parts."""
        return self.train + self.test

    @property
    def grade(self) -> Grade:
        """``none`` at 0, ``red`` under 15, ``amber`` under 40, ``good`` from 50."""
        steps: tuple[tuple[int, Grade], ...] = ((1, "none"), (RED_BELOW, "red"), (AMBER_BELOW, "amber"))
        named = next((grade for limit, grade in steps if self.total < limit), None)
        return named or ("good" if self.total >= GOOD_FROM else "ok")


def by_level(findings: Iterable[Finding]) -> list[Finding]:
    """Returns findings with blocking ones first, then warnings."""
    return sorted(findings, key=lambda finding: ("fail", "warn", "ok").index(finding.level))


def listed(names: Sequence[str]) -> str:
    """Returns "A", "A and B", "A, B and C"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def plural(count: int, noun: str, several: str | None = None) -> str:
    """Returns ``1 task`` or ``1,204 tasks``."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"
