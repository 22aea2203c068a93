"""The part of the training rows that picks the best epoch; test rows never do."""

from __future__ import annotations

import hashlib
from collections import defaultdict
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


class _Text(NamedTuple):
    """Tasks of one text, the smallest id first, and whether an entity is marked in any of them."""

    tasks: list[int]
    tagged: bool


def hold_out(sentences: Sequence[Sentence], seed: int, share: float = SHARE) -> Parts:
    """Divides sentences by task; seed and task id decide, so the order of the export does not.

    Tasks with entities and tasks without are divided apart, so that a rare entity is not left out by chance alone.
    Tasks with the same text stay on one side: what has been learned by heart chooses nothing. With fewer than two texts
    the same sentences do both.
    """
    texts = _texts(sentences)
    if len(texts) < 2:
        return Parts(list(sentences), list(sentences))
    held: set[int] = set()
    for tagged in (True, False):
        ranked = sorted((text for text in texts if text.tagged is tagged), key=lambda text: _rank(seed, text.tasks[0]))
        wanted = min(round(sum(len(text.tasks) for text in ranked) * share), MOST_TASKS)
        size = 0
        for text in ranked:
            if size + len(text.tasks) / 2 <= wanted:
                held.update(text.tasks)
                size += len(text.tasks)
    if not held:
        held.update(min(texts, key=lambda text: (not text.tagged, len(text.tasks), text.tasks[0])).tasks)
    return Parts(
        [sentence for sentence in sentences if sentence.task_id not in held],
        [sentence for sentence in sentences if sentence.task_id in held],
    )


def _texts(sentences: Sequence[Sentence]) -> list[_Text]:
    """Groups tasks by their words, capitals aside, as the test part was divided."""
    words: dict[int, list[str]] = defaultdict(list)
    tagged = set()
    for sentence in sentences:
        words[sentence.task_id] += (token.text.casefold() for token in sentence.tokens)
        if any(tag != OUTSIDE for tag in sentence.tags):
            tagged.add(sentence.task_id)
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for task in sorted(words):
        groups[tuple(words[task])].append(task)
    return [_Text(tasks, not tagged.isdisjoint(tasks)) for tasks in groups.values()]


def _rank(seed: int, task_id: int) -> bytes:
    return hashlib.sha256(f"validation:{seed}:{task_id}".encode()).digest()
