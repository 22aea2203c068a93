"""The part of the training rows that chooses the epoch: by task, and equal texts together."""

from __future__ import annotations

import hashlib

import pytest

from genlab_widgets.training.dataset import Example, Sentence, Span, build
from genlab_widgets.training.finetune import validation


def sentences(texts: list[str], every: int = 1) -> list[Sentence]:
    """One task a text; every so many has an entity."""
    return build(
        Example(number, text, (Span(0, 4, "X"),) if number % every == 0 else ()) for number, text in enumerate(texts)
    )[0]


def tasks(part: list[Sentence]) -> set[int]:
    return {sentence.task_id for sentence in part}


@pytest.mark.parametrize("every", [1, 3])
def test_of_different_texts_the_rank_of_the_task_decides(every: int) -> None:
    rows = sentences([f"text number {number}. Two sentences" for number in range(60)], every)
    expected: set[int] = set()
    for group in ([n for n in range(60) if n % every == 0], [n for n in range(60) if n % every]):
        ranked = sorted(group, key=lambda task: hashlib.sha256(f"validation:42:{task}".encode()).digest())
        expected.update(ranked[: round(len(group) * 0.1)])
    parts = validation.hold_out(rows, 42)
    assert tasks(parts.validation) == expected
    assert tasks(parts.train) == set(range(60)) - expected
    assert validation.hold_out(rows[::-1], 42).validation == parts.validation[::-1]


def test_equal_texts_stay_on_one_side() -> None:
    texts = [
        f"Text number {number // 4}".upper() if number % 2 else f"text  number {number // 4}" for number in range(160)
    ]
    parts = validation.hold_out(sentences(texts), 42)
    held = tasks(parts.validation)
    assert len(held) == 16
    assert not {number // 4 for number in held} & {number // 4 for number in tasks(parts.train)}


def test_a_text_that_is_most_of_the_tasks_is_learned_from() -> None:
    parts = validation.hold_out(sentences(["same words"] * 30 + ["other words", "more words"]), 42)
    assert tasks(parts.train) == set(range(30))
    assert tasks(parts.validation) == {30, 31}


@pytest.mark.parametrize("texts", [["one text"], ["one text"] * 5])
def test_the_sentences_of_one_text_do_both(texts: list[str]) -> None:
    rows = sentences(texts)
    assert validation.hold_out(rows, 42) == validation.Parts(rows, rows)


def test_very_many_tasks_hold_out_no_more_than_enough() -> None:
    rows = sentences([f"text number {number}" for number in range(4000)], 2)
    assert len(tasks(validation.hold_out(rows, 42).validation)) == 2 * 200
