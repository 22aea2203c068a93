"""The CRF baseline: it learns, repeats itself, and keeps to its limit."""

from __future__ import annotations

import random

from genlab_widgets.training.baseline import crf
from genlab_widgets.training.benchmark import evaluate_entities
from genlab_widgets.training.dataset import Example, Span

DRUGS = ("aspirin", "ibuprofen", "codeine", "naproxen")


def toy(count: int, first: int = 1, seed: int = 1) -> list[Example]:
    generator = random.Random(seed)
    found = []
    for number in range(first, first + count):
        drug, dose = generator.choice(DRUGS), f"{generator.randint(1, 900)} mg"
        text = f"Ann took {drug} {dose} at home {'😀' * generator.randint(0, 1)}."
        start = text.index(drug)
        spans = Span(start, start + len(drug), "DRUG"), Span(text.index(dose), text.index(dose) + len(dose), "DOSE")
        found.append(Example(number, text, spans))
    return found


def test_it_learns_a_toy_and_finds_words_it_has_not_seen() -> None:
    test = toy(20, 100, seed=2)
    unseen = "Ann took paracetin 5 mg at home ."
    test.append(Example(999, unseen, (Span(9, 18, "DRUG"), Span(19, 23, "DOSE"))))
    found = crf(toy(60), test)
    assert [item.task_id for item in found] == [item.task_id for item in test]
    assert [item.text for item in found] == [item.text for item in test]
    assert evaluate_entities(test, found, ["DRUG", "DOSE"]).exact.micro.f1 > 0.95
    assert found[-1].spans == test[-1].spans


def test_it_repeats_itself_and_never_looks_at_the_spans_of_the_test() -> None:
    train, test = toy(40), toy(15, 100, seed=3)
    first = crf(train, test)
    assert crf(train, test) == first
    blind = [Example(item.task_id, item.text, ()) for item in test]
    assert crf(train, blind) == first
    assert crf(train, test, seed=99) == first  # the seed only chooses rows beyond the limit


def test_nothing_to_learn_gives_empty_predictions() -> None:
    test = toy(3, 100)
    without = [Example(number, "nothing here", ()) for number in range(5)]
    for train in ([], without):
        assert [item.spans for item in crf(train, test)] == [(), (), ()]
    assert crf(toy(20), []) == []
    assert crf(toy(20), [Example(1, "", ()), Example(2, " \n ", ())])[1] == Example(2, " \n ", ())


def test_hostile_labels_and_words() -> None:
    label = "a b:c=1\\t|\u2028<x>"
    train = [Example(number, "a:b w=c\\ took it", (Span(0, 1, label),)) for number in range(10)]
    found = crf(train, [Example(50, "a:b w=c\\ took it", ())])
    assert found[0].spans == (Span(0, 1, label),)
