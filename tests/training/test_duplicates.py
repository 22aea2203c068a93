"""Texts that stand in both parts, to the letter and nearly."""

from __future__ import annotations

import pytest

from genlab_widgets.training.dataset import Example
from genlab_widgets.training.duplicates import Pair, across, normalise


def docs(*texts: str, first: int = 1) -> list[Example]:
    return [Example(first + index, text, ()) for index, text in enumerate(texts)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Room 12, ward 3.", "room 4 -- ward 77"),
        ("STRASSE", "straße"),
        ("\uff21\uff22\uff23", "abc"),  # full width
        ("cafe\u0301", "caf\u00e9"),
        ("  a\tb\n", "A_b"),
        ("१२ मरीज़", "३ मरीज़"),
    ],
)
def test_what_a_template_changes_makes_no_difference(one: str, other: str) -> None:
    assert normalise(one) == normalise(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("कि", "की"),  # vowel signs are marks, not punctuation
        ("ที่", "ทิ้"),
        ("a b", "ab"),
        ("caf\u00e9", "cafe"),
    ],
)
def test_other_words_stay_other_words(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


def test_exact_before_near_and_the_first_training_task_is_named() -> None:
    train = docs("Take two.", "other", "Take two.", "take two")
    test = docs("Take two.", "TAKE TWO", "take three", first=10)
    found = across(train, test)
    assert found.exact == [Pair(10, 1)]
    assert found.near == [Pair(11, 1)]


def test_empty_texts_and_texts_of_punctuation_are_no_duplicates() -> None:
    found = across(docs("", "  ", "--", "😀"), docs("", "  ", "...", "👍", first=10))
    assert (found.exact, found.near) == ([], [])
    assert across(docs("😀"), docs("😀", first=10)).exact == [Pair(10, 1)]


def test_nothing_given() -> None:
    assert across([], docs("a")) == ([], [])
    assert across(docs("a"), []) == ([], [])
