"""Benchmarks in plain sentences: what one model finds and misses, and whether two really differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from genlab_widgets.errors import WrongParameters
from genlab_widgets.training.bootstrap import difference_interval
from genlab_widgets.training.findings import listed
from genlab_widgets.training.scores import Benchmark, Comparison, LabelScore

_GOOD_RECALL = 0.85
_LOW_RECALL = 0.8
_LOW_PRECISION = 0.7
_LABELS_NAMED = 2
_SHARES = (
    (0.95, "nearly all"),
    (0.85, "9 of 10"),
    (0.7, "three quarters"),
    (0.58, "two thirds"),
    (0.42, "half"),
    (0.29, "a third"),
    (0.225, "a quarter"),
    (0.0, "a fifth"),
)
"""Least share and the words for it."""


def compare(a: Benchmark, b: Benchmark, seed: int = 42) -> Comparison:
    """Says whether ``b`` is really better or worse than ``a``: a paired bootstrap over the documents of both.

    Args:
        a: The benchmark to compare with (an earlier run, the baseline).
        b: The benchmark in question.
        seed: Seed of the bootstrap.

    Raises:
        WrongParameters: The two were not measured on the same documents, so F1 cannot be compared.
    """
    documents_a = {row[0]: row[1:] for row in a.documents}
    documents_b = {row[0]: row[1:] for row in b.documents}
    same = documents_a.keys() == documents_b.keys() and all(
        documents_a[task_id][2] == documents_b[task_id][2] for task_id in documents_a
    )
    if not same or not documents_a:
        raise WrongParameters(
            "These two results cannot be compared.",
            f"They were measured on different test rows ({len(documents_a)} and {len(documents_b)} tasks).",
            "Train both with the same Test/Train tags, or with the same seed and test part.",
        )
    counts = [(*documents_a[task_id], *documents_b[task_id]) for task_id in sorted(documents_a)]
    interval = difference_interval(counts, seed)
    difference = b.resampled.f1 - a.resampled.f1  # what the documents' counts can be resampled for
    span = f"({interval.low:+.2f} to {interval.high:+.2f})".replace("-", "\u2212")
    better: Literal["a", "b"] | None = None
    sentence = f"No real difference: F1 differs by {abs(difference):.2f} {span}."
    if interval.low > 0 or interval.high < 0:
        better = "b" if difference > 0 else "a"
        sentence = f"F1 is {'higher' if difference > 0 else 'lower'} by {abs(difference):.2f} {span}."
    return Comparison(difference=difference, interval=interval, better=better, documents=len(counts), sentence=sentence)


def against_baseline(
    model: Benchmark, baseline: Benchmark | None, baseline_title: str = "CRF", step: str = "", itself: bool = False
) -> str:
    """Says in one sentence how good a model is, and whether it beats the baseline on the same rows.

    Args:
        model: The model's scores.
        baseline: The baseline's.
        baseline_title: What the baseline is.
        step: What to do where the baseline is better.
        itself: Whether the model is of the baseline's kind.
    """
    interval = model.f1_interval
    name = "F1" if model.average == "micro" else "Macro F1"
    score = f"{name} {model.f1:.2f} ({interval.low:.2f} to {interval.high:.2f})"
    if itself:
        return f"{score}; the model is the {baseline_title} itself."
    if baseline is None:
        return f"{score}; there is no baseline to compare with."
    other = baseline.f1
    better = compare(baseline, model).better
    if better == "b":
        return f"{score}, better than the baseline ({other:.2f})."
    if better == "a":
        return (
            f"{score}, worse than the baseline ({other:.2f}): {baseline_title} does better here.{step and f' {step}'}"
        )
    return f"{score}, no real difference to the baseline ({other:.2f})."


def summary(benchmark: Benchmark) -> list[str]:
    """Says in up to five sentences what the model finds, misses, confuses, marks wrongly and was not tested on."""
    tested = sorted((score for score in benchmark.by_label if score.support), key=lambda score: -score.support)
    if not tested:
        return ["The test part has no marked span, so nothing can be said about the quality."]
    sentences = [_found_and_missed(tested), _confused(benchmark), _bounds(tested), _spurious(tested)]
    untested = [score.label for score in benchmark.by_label if not score.support]
    if untested:
        sentences.append(f"Nothing is known about {listed(untested)}: no example in the test part.")
    return [sentence for sentence in sentences if sentence]


def _found_and_missed(tested: Sequence[LabelScore]) -> str:
    found = [score for score in tested if score.exact.recall >= _GOOD_RECALL][:1]
    low = [score for score in tested if score.exact.recall < _LOW_RECALL]
    low.sort(key=lambda score: (score.exact.correct - score.support, score.label))
    parts = [f"finds {_share(score.exact.recall)} {_of(score.exact.recall)}{score.label}" for score in found]
    parts += [_missed(score) for score in low[:_LABELS_NAMED]]
    if not parts:
        best = tested[0]
        parts = [f"finds {round(best.exact.recall * 10)} of 10 {best.label}"]
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _missed(score: LabelScore) -> str:
    examples = f"({score.support:,} example{'' if score.support == 1 else 's'})"
    if not score.exact.correct:
        return f"finds none of {score.label} {examples}"
    missed = 1 - score.exact.recall
    return f"misses {_share(missed)} of {score.label} {examples}"


def _share(value: float) -> str:
    return "all" if value >= 1 else next(words for least, words in _SHARES if value >= least)


def _of(recall: float) -> str:
    return "of " if recall < 1 and _share(recall) == "nearly all" else ""


def _confused(benchmark: Benchmark) -> str:
    """Names the pair of labels that is confused most, if it happens twice and to 5 % of the label's spans."""
    names, counts = benchmark.confusion.labels, benchmark.confusion.counts
    nothing = len(names) - 1
    cells = [
        (count, row, column)
        for row, line in enumerate(counts)
        for column, count in enumerate(line)
        if row != column and nothing not in (row, column)
    ]
    count, row, column = max(cells, key=lambda cell: cell[0], default=(0, 0, 0))
    if count < 2 or count < 0.05 * sum(counts[row]):
        return ""
    return f"Confuses {names[row]} with {names[column]} ({count:,} times)."


def _bounds(tested: Sequence[LabelScore]) -> str:
    """Names the label whose bounds are most often wrong, if that costs 5 % of all spans."""

    def wrong(score: LabelScore) -> int:
        return score.partial.correct - score.exact.correct

    total = sum(map(wrong, tested))
    if total < 2 or total < 0.05 * sum(score.support for score in tested):
        return ""
    most = max(tested, key=wrong)
    return f"Finds the place but not the exact bounds of {total:,} spans, most often {most.label}."


def _spurious(tested: Sequence[LabelScore]) -> str:
    low = [score for score in tested if score.exact.predicted >= 5 and score.exact.precision < _LOW_PRECISION]
    if not low:
        return ""
    worst = max(low, key=lambda score: score.exact.predicted - score.exact.correct)
    wrong = round((1 - worst.exact.precision) * 10)
    return f"{wrong} of 10 spans that it marks as {worst.label} are wrong."
