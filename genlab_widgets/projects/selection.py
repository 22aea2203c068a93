"""Which completion of a task trains, and why each other task is left out.

The rules of the reference documentation ("Selection of Completions"): filter tasks by tags; a completion accepted by
a reviewer wins; rejected ones and drafts never train; else the submitted completion of the user with the highest
priority. Of one user's several the starred one, then the newest (exports can star one per user). Of several accepted
ones the same order chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal

from genlab_widgets.errors import BadInput
from genlab_widgets.projects.members import Members
from genlab_widgets.projects.tasks import Completion, Task

Part = Literal["train", "test"]


class Reason(StrEnum):
    """Why a task trains or not."""

    ACCEPTED = "accepted"
    PRIORITY = "priority"
    NO_COMPLETION = "no_completion"
    DRAFT_ONLY = "draft_only"
    REJECTED = "rejected"
    SKIPPED = "skipped"
    NOT_REVIEWED = "not_reviewed"
    OTHER_TAGS = "other_tags"
    EMPTY_TEXT = "empty_text"
    NO_WORDS = "no_words"

    @property
    def sentence(self) -> str:
        """Returns the reason as the pages show it."""
        return _SENTENCES[self]

    @property
    def trains(self) -> bool:
        """Tells whether tasks with this reason are used."""
        return self in (Reason.ACCEPTED, Reason.PRIORITY)


_SENTENCES = {
    Reason.ACCEPTED: "completion accepted by a reviewer",
    Reason.PRIORITY: "completion of the user with the highest priority",
    Reason.NO_COMPLETION: "no completion",
    Reason.DRAFT_ONLY: "draft only",
    Reason.REJECTED: "rejected by a reviewer",
    Reason.SKIPPED: "skipped by the annotator",
    Reason.NOT_REVIEWED: "not accepted by a reviewer yet",
    Reason.OTHER_TAGS: "none of the chosen tags",
    Reason.EMPTY_TEXT: "empty text",
    Reason.NO_WORDS: "no words on its pages",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the user chose to train on."""

    tags: tuple[str, ...] = ()
    completion_status: Literal["submitted", "reviewed"] = "submitted"
    test_train_tags: bool = False


@dataclass(frozen=True, slots=True)
class Selected:
    """A task with the completion that trains, or None and the reason. ``part`` is set with Test/Train tags only."""

    task: Task
    completion: Completion | None
    reason: Reason
    part: Part | None = None


def select(tasks: Iterable[Task], members: Members, filters: Filters) -> Iterator[Selected]:
    """Yields every task once, in order, used or not.

    Raises:
        BadInput: A task carries both the Test and the Train tag while the split follows them.
    """
    wanted = {tag.casefold() for tag in filters.tags}
    for task in tasks:
        tags = {tag.casefold() for tag in task.tags}
        part = _part(task, tags) if filters.test_train_tags else None
        if wanted and not wanted & tags:
            yield Selected(task, None, Reason.OTHER_TAGS, part)
        elif not task.has_text:
            yield Selected(task, None, Reason.EMPTY_TEXT if task.layout is None else Reason.NO_WORDS, part)
        else:
            completion, reason = choose(task.completions, members, filters.completion_status)
            yield Selected(task, completion, reason, part)


def choose(
    completions: tuple[Completion, ...], members: Members, status: Literal["submitted", "reviewed"] = "submitted"
) -> tuple[Completion | None, Reason]:
    """Chooses the completion of one task, or None with the reason that came closest."""
    submitted = [item for item in completions if item.submitted_at and not item.skipped]
    accepted = [item for item in submitted if item.review == "accepted"]
    if accepted:
        return _best(accepted, members), Reason.ACCEPTED
    candidates = [item for item in submitted if item.review != "rejected"]
    if not candidates:
        return None, _why_none(completions, submitted)
    if status == "reviewed":
        return None, Reason.NOT_REVIEWED
    return _best(candidates, members), Reason.PRIORITY


def _best(candidates: list[Completion], members: Members) -> Completion:
    """The highest priority decides, then the star, then the newest submission; people who aren't members come last."""
    return min(
        candidates, key=lambda item: (members.rank(item.username), not item.starred, -_submitted(item), -item.id)
    )


def _submitted(completion: Completion) -> float:
    """Returns when it was submitted, in seconds; exports write ``T`` or a blank, with or without a time zone."""
    try:
        when = datetime.fromisoformat(completion.submitted_at or "")
    except ValueError:
        return 0.0
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def _why_none(completions: tuple[Completion, ...], submitted: list[Completion]) -> Reason:
    if submitted:
        return Reason.REJECTED
    if any(item.skipped for item in completions):
        return Reason.SKIPPED
    return Reason.DRAFT_ONLY if completions else Reason.NO_COMPLETION


def _part(task: Task, tags: set[str]) -> Part:
    if {"test", "train"} <= tags:
        raise BadInput(
            f"Task {task.id} carries both the Test and the Train tag.",
            "With Test/Train tags a task is either tested on or trained on.",
            "Remove one of the two tags, or use a random split.",
            task_id=task.id,
        )
    return "test" if "test" in tags else "train"
