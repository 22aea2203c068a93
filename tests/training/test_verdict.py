"""What is said of benchmarks: against the baseline, and in sentences."""

from __future__ import annotations

import random

import pytest

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training import verdict
from genlab_widgets.training.benchmark import Benchmark, Doc, evaluate_entities
from genlab_widgets.training.dataset import Span

WORDS = "alpha beta gamma delta"
PLACES = {"A": (0, 5), "B": (6, 10), "C": (11, 16)}


def measured(found: float, documents: int = 200, seed: int = 1) -> Benchmark:
    """A model that finds a share of one span a document."""
    generator = random.Random(seed)
    span = Span(0, 5, "A")
    gold = [Doc(number, WORDS, (span,)) for number in range(documents)]
    given = [Doc(number, WORDS, (span,) if generator.random() < found else ()) for number in range(documents)]
    return evaluate_entities(gold, given, ["A"])


def by_recall(**share: tuple[int, int]) -> Benchmark:
    """A model that finds so many of so many spans of each label, and nothing else."""
    gold, given = [], []
    for label, (correct, support) in share.items():
        for number in range(support):
            doc = Doc(len(gold), WORDS, (Span(*PLACES[label], label),))
            gold.append(doc)
            given.append(doc if number < correct else Doc(doc.task_id, WORDS, ()))
    return evaluate_entities(gold, given, list(share))


def test_against_the_baseline() -> None:
    good, bad = measured(0.9), measured(0.4)
    f1 = f"F1 {good.exact.micro.f1:.2f} ({good.f1_interval.low:.2f} to {good.f1_interval.high:.2f})"
    other = f"{bad.exact.micro.f1:.2f}"
    assert verdict.against_baseline(good, bad) == f"{f1}, better than the baseline ({other})."
    assert verdict.against_baseline(bad, good).endswith("CRF does better here.")
    assert verdict.against_baseline(bad, good, step="Train it.").endswith("CRF does better here. Train it.")
    assert verdict.against_baseline(good, good, itself=True).endswith("; the model is the CRF itself.")
    assert "worse than the baseline" in verdict.against_baseline(bad, good)
    assert "no real difference to the baseline" in verdict.against_baseline(good, measured(0.9, seed=2))
    assert verdict.against_baseline(good, None) == f"{f1}; there is no baseline to compare with."


def test_a_small_difference_on_few_documents_is_none() -> None:
    few = verdict.compare(measured(0.5, 12, 1), measured(0.8, 12, 3))
    many = verdict.compare(measured(0.5, 2000, 1), measured(0.8, 2000, 3))
    assert (few.better, many.better) == (None, "b")
    assert few.sentence.startswith("No real difference: F1 differs by ")
    assert many.documents == 2000
    assert many.interval.low < many.difference < many.interval.high


def test_comparison_turned_round_says_the_opposite() -> None:
    a, b = measured(0.4), measured(0.9)
    there, back = verdict.compare(a, b), verdict.compare(b, a)
    assert there.difference == pytest.approx(-back.difference)
    assert (there.better, back.better) == ("b", "a")
    assert back.sentence.startswith("F1 is lower by ")
    assert "\u2212" in back.sentence
    assert "-" not in back.sentence


def test_other_documents_and_other_gold_cannot_be_compared() -> None:
    whole = measured(0.5)
    with pytest.raises(WrongParameters, match="200 and 150 tasks"):
        verdict.compare(whole, measured(0.5, 150))
    same_ids = [Doc(number, WORDS, (Span(0, 5, "A"), Span(6, 10, "A"))) for number in range(200)]
    with pytest.raises(WrongParameters) as caught:
        verdict.compare(whole, evaluate_entities(same_ids, [], ["A"]))
    assert caught.value.next_step
    nothing = evaluate_entities([], [], ["A"])
    with pytest.raises(WrongParameters):
        verdict.compare(nothing, nothing)


@pytest.mark.parametrize(
    ("correct", "support", "sentence"),
    [
        (100, 100, "Finds all A."),
        (97, 100, "Finds nearly all of A."),
        (88, 100, "Finds 9 of 10 A."),
        (82, 100, "Finds 8 of 10 A."),
        (78, 100, "Misses a fifth of A (100 examples)."),
        (75, 100, "Misses a quarter of A (100 examples)."),
        (66, 100, "Misses a third of A (100 examples)."),
        (50, 100, "Misses half of A (100 examples)."),
        (34, 100, "Misses two thirds of A (100 examples)."),
        (25, 100, "Misses three quarters of A (100 examples)."),
        (10, 100, "Misses 9 of 10 of A (100 examples)."),
        (1, 100, "Misses nearly all of A (100 examples)."),
        (0, 1, "Finds none of A (1 example)."),
        (0, 1200, "Finds none of A (1,200 examples)."),
    ],
)
def test_shares_in_words(correct: int, support: int, sentence: str) -> None:
    assert verdict.summary(by_recall(A=(correct, support)))[0] == sentence


def test_the_worst_labels_are_named_by_what_they_cost() -> None:
    found = verdict.summary(by_recall(A=(90, 100), B=(1, 10), C=(10, 50)))
    assert found == ["Finds 9 of 10 A; misses three quarters of C (50 examples); misses 9 of 10 of B (10 examples)."]


def test_labels_that_were_not_tested() -> None:
    gold = [Doc(number, WORDS, (Span(0, 5, "A"),)) for number in range(5)]
    found = verdict.summary(evaluate_entities(gold, gold, ["A", "B", "C", "D"]))
    assert found == ["Finds all A.", "Nothing is known about B, C and D: no example in the test part."]


def test_a_label_named_o_is_not_taken_for_nothing() -> None:
    """Blood groups are labelled A, B and O."""
    gold = [Doc(number, WORDS, (Span(0, 5, "O"),)) for number in range(20)]
    given = [Doc(number, WORDS, (Span(0, 5, "A" if number < 10 else "O"),)) for number in range(20)]
    found = evaluate_entities(gold, given, ["A", "O"])
    assert found.confusion.labels == ["A", "O", "O"]
    assert found.confusion.counts == [[0, 0, 0], [10, 10, 0], [0, 0, 0]]
    assert "Confuses O with A (10 times)." in verdict.summary(found)
