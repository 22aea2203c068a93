"""Texts that stand in both parts: scores on them say nothing about new text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

from genlab_widgets.training.dataset import Example
from genlab_widgets.training.tokens import words

_DIGITS = re.compile(r"\d+")


class Pair(NamedTuple):
    """A test task and the first training task with the same (or nearly the same) text."""

    test_id: int
    train_id: int


class Duplicates(NamedTuple):
    """Test tasks whose text stands in training: ``exact`` to the letter, ``near`` after :func:`normalise`."""

    exact: list[Pair]
    near: list[Pair]


def normalise(text: str) -> str:
    """Returns the text without what a template changes: case, digits (each run becomes 0), punctuation, blanks."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    # Not the words of ``re``: its \W takes away the vowel signs of Hindi or Thai, and other words become equal.
    return " ".join(words(_DIGITS.sub("0", folded)))


def across(train: Sequence[Example], test: Sequence[Example]) -> Duplicates:
    """Finds test tasks whose text stands in training; exact pairs are not near ones too, empty texts do not count."""
    exact_texts: dict[str, int] = {}
    near_texts: dict[str, int] = {}
    for item in train:
        exact_texts.setdefault(item.text, item.task_id)
        near_texts.setdefault(normalise(item.text), item.task_id)
    found = Duplicates([], [])
    for item in test:
        reduced = normalise(item.text)
        if item.text in exact_texts and item.text.strip():
            found.exact.append(Pair(item.task_id, exact_texts[item.text]))
        elif reduced and reduced in near_texts:
            found.near.append(Pair(item.task_id, near_texts[reduced]))
    return found
