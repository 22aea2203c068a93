"""The part of the training rows that picks the best epoch; test rows never do."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

from genlab_widgets.training.dataset import OUTSIDE, Sentence

SHARE = 0.1
"""Of the training tasks. More would cost the training what it costs to choose an epoch badly."""
MOST_TASKS = 300
"""More say no more about an epoch, and each costs a prediction after every epoch."""


class Parts(NamedTuple):
    """Sentences to learn from and sentences to choose by."""

    train: list[Sentence]
    validation: list[Sentence]


def hold_out(sentences: Sequence[Sentence], seed: int, share: float = SHARE) -> Parts:
    """Divides sentences by task; seed and task id decide, so the order of the export does not.

    Tasks with entities and tasks without are divided apart, so that a rare entity is not left out by chance alone.
    With fewer than two tasks the same sentences do both.
    """
    tasks: dict[int, bool] = {}
    for sentence in sentences:
        tagged = any(tag != OUTSIDE for tag in sentence.tags)
        tasks[sentence.task_id] = tasks.get(sentence.task_id, False) or tagged
    if len(tasks) < 2:
        return Parts(list(sentences), list(sentences))
    held: set[int] = set()
    for tagged in (True, False):
        group = sorted((task for task, has in tasks.items() if has is tagged), key=lambda task: _rank(seed, task))
        held.update(group[: min(round(len(group) * share), MOST_TASKS)])
    if not held:
        held.add(min((task for task, has in tasks.items() if has), default=min(tasks)))
    return Parts(
        [sentence for sentence in sentences if sentence.task_id not in held],
        [sentence for sentence in sentences if sentence.task_id in held],
    )


def _rank(seed: int, task_id: int) -> bytes:
    return hashlib.sha256(f"validation:{seed}:{task_id}".encode()).digest()
