"""From scores to regions: the best legal path, probabilities, and the habits of the training pages."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from genlab_widgets.training.finetune import decoding, pages
from genlab_widgets.training.finetune.decoding import Decoder, Habits, Region
from genlab_widgets.training.finetune.pages import Page
from tests.training.finetune import page_samples

TAGS = ("O", "B-A", "I-A", "B-B", "I-B")


def _decoder(habits: Habits | None = None) -> Decoder:
    return Decoder.legal(TAGS, habits or Habits())


def _page(*lines: str) -> Page:
    made = page_samples.layout([line.split() for line in lines])
    return Page(made.words, made.lines)


def _scores(*tags: str, by: float = 3.0) -> np.ndarray:
    scores = np.zeros((len(tags), len(TAGS)), "float32")
    for place, tag in enumerate(tags):
        scores[place, TAGS.index(tag)] = by
    return scores


def test_path_and_probabilities_are_those_of_all_paths() -> None:
    numbers = np.random.default_rng(1)
    decoder = _decoder()
    transitions = decoder.transitions + numbers.standard_normal((5, 5)).astype("float32")
    scores = numbers.standard_normal((4, 5))
    total = {
        path: decoder.starts[path[0]]
        + sum(scores[place, tag] for place, tag in enumerate(path))
        + sum(transitions[pair] for pair in itertools.pairwise(path))
        for path in itertools.product(range(5), repeat=4)
    }
    assert tuple(decoding.best_path(scores, transitions, decoder.starts)) == max(total, key=lambda path: total[path])
    weights = {path: np.exp(value) for path, value in total.items()}
    expected = np.zeros((4, 5))
    for path, weight in weights.items():
        for place, tag in enumerate(path):
            expected[place, tag] += weight / sum(weights.values())
    assert decoding.posteriors(scores, transitions, decoder.starts) == pytest.approx(expected, abs=1e-6)


def test_regions_are_legal_scored_and_in_order() -> None:
    found = _decoder().regions(_page("a b c d"), _scores("I-A", "I-A", "O", "B-B"))
    assert [item[:3] for item in found] == [("A", 0, 1), ("B", 3, 3)]
    assert all(0 < item.score <= 1 for item in found)
    assert _decoder().regions(Page((), ()), np.zeros((0, 5), "float32")) == []


def test_a_region_ends_with_its_line_where_that_is_a_habit() -> None:
    page, scores = _page("a b", "c"), _scores("B-A", "I-A", "I-A")
    assert [item[:3] for item in _decoder().regions(page, scores)] == [("A", 0, 2)]
    found = _decoder(Habits(within_lines=True)).regions(page, scores)
    assert [item[:3] for item in found] == [("A", 0, 1), ("A", 2, 2)]


def test_the_best_of_a_label_that_occurs_once_is_kept() -> None:
    scores = _scores("B-A", "O", "B-A", "O", "B-B", "O", "B-B")
    scores[2] *= 2
    found = _decoder(Habits(single=("A",))).regions(_page("a b c d e f g"), scores)
    assert [item[:3] for item in found] == [("A", 2, 2), ("B", 4, 4), ("B", 6, 6)]


def test_words_that_are_the_same_agree_where_that_is_a_habit() -> None:
    page = _page("cash 5.00", "total 5.00 x")
    scores = _scores("O", "O", "O", "B-A", "O")
    scores[1] *= 0.2
    plain, agreed = _decoder(), _decoder(Habits(agreeing=("A",)))
    assert [item.first for item in plain.regions(page, scores)] == [3]
    assert [item.first for item in agreed.regions(page, scores)] == [1, 3]
    scores[1] *= 20
    assert agreed.regions(page, scores) == []
    other = replace(agreed, habits=Habits(agreeing=("B", "unseen")))
    assert [item.first for item in other.regions(page, scores)] == [3]


def test_habits_are_counted_where_they_could_fail() -> None:
    receipts = [page for item in page_samples.receipts(20) for page in pages.pages_of(item)]
    assert Habits.of(receipts) == Habits(within_lines=False, single=("ORG",), agreeing=("TOTAL",))
    assert Habits.of(receipts[:4]) == Habits()
    assert Habits.of([]) == Habits()
    torn = [replace(page, tags=("O", *page.tags[1:-1], "O")) for page in receipts]
    assert Habits.of(torn).agreeing == ()


def test_lines_are_a_habit_only_if_regions_keep_to_them() -> None:
    kept = [replace(_page("a b", "c"), tags=("B-A", "I-A", "O")) for _ in range(10)]
    crossed = [replace(_page("a b", "c"), tags=("O", "B-A", "I-A")) for _ in range(2)]
    assert Habits.of(kept).within_lines
    assert not Habits.of([*kept, *crossed]).within_lines


def test_habits_survive_json_and_are_told() -> None:
    habits = Habits(True, ("A",), ("B", "C"))
    assert Habits.from_dict(habits.to_dict()) == habits
    assert len(habits.sentences()) == 3
    assert Habits().sentences() == []


def test_an_inside_that_continues_nothing_begins_a_region() -> None:
    assert decoding.regions_of(["I-A", "I-A", "I-B", "O", "B-B", "B-B"]) == [
        Region("A", 0, 1),
        Region("B", 2, 2),
        Region("B", 4, 4),
        Region("B", 5, 5),
    ]
