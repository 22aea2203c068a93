"""How good predictions are: exact, partial and token scores, confusion, interval, errors worth reading."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, TypeAlias

from genlab_widgets.errors import InternalError
from genlab_widgets.training.bootstrap import f1_interval, macro_f1_interval
from genlab_widgets.training.dataset import OUTSIDE, Example, Span, build, cleaned
from genlab_widgets.training.epochs import Average, TagScore
from genlab_widgets.training.matching import Pair, match
from genlab_widgets.training.scores import (
    Benchmark,
    Comparison,
    Confusion,
    Entities,
    ErrorExample,
    ErrorKind,
    Interval,
    LabelScore,
    Score,
    TokenLevel,
    WordLevel,
)
from genlab_widgets.training.verdict import compare, summary

if TYPE_CHECKING:
    from genlab_widgets.training.kinds import Kind

__all__ = [
    "Benchmark",
    "Comparison",
    "Confusion",
    "Doc",
    "Entities",
    "ErrorExample",
    "Interval",
    "LabelScore",
    "Score",
    "TokenLevel",
    "WordLevel",
    "compare",
    "evaluate",
    "evaluate_entities",
    "summary",
]

Doc: TypeAlias = Example
"""A text with spans: gold or predicted."""

_CONTEXT = 60
_ERRORS_SHOWN = 60
_LONGEST_SHOWN = 400
"""Characters of a span that an error quotes: a class covers the whole text."""


def evaluate_entities(
    gold: Sequence[Doc], predicted: Sequence[Doc], labels: Sequence[str], seed: int = 42
) -> Benchmark:
    """Compares predicted with gold entities; see :func:`evaluate`."""
    from genlab_widgets.training.kinds import kind_of

    return evaluate(kind_of("ner"), gold, predicted, labels, seed)


def evaluate(
    kind: Kind, gold: Sequence[Doc], predicted: Sequence[Doc], labels: Sequence[str], seed: int = 42
) -> Benchmark:
    """Compares predicted with gold spans.

    Spans are cleaned first (blanks at edges, spans outside the text). Macro averages take labels that occur in gold or
    prediction, as seqeval does. F1 is 0 where nothing is there.

    Args:
        kind: Which F1 is the headline, and whether bounds can be wrong.
        gold: Test tasks with the spans of their completions.
        predicted: The same tasks (by id) with predicted spans; a task without prediction has none.
        labels: Labels to report, in this order; others that occur are added.
        seed: Seed of the bootstrap.

    Raises:
        InternalError: A predicted task is not among the gold ones.
    """
    given = {doc.task_id: doc for doc in predicted}
    strangers = given.keys() - {doc.task_id for doc in gold}
    if strangers:
        raise InternalError(f"Predictions for tasks that are not tested: {sorted(strangers)[:5]}.")
    wanted_docs = [cleaned(doc) for doc in gold]
    given_docs = [cleaned(doc.with_spans(given[doc.task_id].spans if doc.task_id in given else ())) for doc in gold]
    pairs = [match(wanted.spans, given.spans) for wanted, given in zip(wanted_docs, given_docs, strict=True)]
    every_pair = [pair for document in pairs for pair in document]
    named = _all_labels(labels, every_pair)
    by_label = _by_label(every_pair, named)
    errors, error_counts = _errors(wanted_docs, pairs)
    tags = _tags(wanted_docs, given_docs) if kind.spans_matter else []
    token = _token_level(tags) if kind.spans_matter else None
    words = _word_level(tags, named) if kind.counts == "words" else None
    counts = [_word_counts(document) for document in tags] if words else [_counts(document) for document in pairs]
    return Benchmark(
        labels=named,
        exact=_entities([score.exact for score in by_label]),
        partial=_entities([score.partial for score in by_label]),
        words=words,
        token=token,
        average=kind.average,
        accuracy=token.accuracy if token else _accuracy(kind, counts),
        by_label=by_label,
        confusion=_confusion(every_pair, named),
        f1_interval=_interval(kind, pairs, counts, named, seed),
        errors=errors,
        error_counts=error_counts,
        documents=[(doc.task_id, *count) for doc, count in zip(wanted_docs, counts, strict=True)],
        seed=seed,
    )


def _accuracy(kind: Kind, counts: Sequence[tuple[int, int, int]]) -> float:
    """Returns the share of entities with the right status, or of texts with exactly the right classes."""
    if kind.name == "assertion":
        right, total = sum(correct for correct, _, _ in counts), sum(wanted for _, _, wanted in counts)
    else:
        right, total = sum(correct == given == wanted for correct, given, wanted in counts), len(counts)
    return right / total if total else 0.0


def _interval(
    kind: Kind,
    pairs: Sequence[Sequence[Pair]],
    counts: Sequence[tuple[int, int, int]],
    labels: Sequence[str],
    seed: int,
) -> Interval:
    if kind.average == "micro":
        return f1_interval(counts, seed)
    by_document = (_by_label(document, labels) for document in pairs)
    triples = [
        [(item.exact.correct, item.exact.predicted, item.exact.support) for item in scores] for scores in by_document
    ]
    return macro_f1_interval(triples, seed)


def _all_labels(labels: Sequence[str], pairs: Iterable[Pair]) -> list[str]:
    seen = {span.label for pair in pairs for span in pair if span is not None}
    return [*dict.fromkeys(labels), *sorted(seen - set(labels))]


def _counts(pairs: Sequence[Pair]) -> tuple[int, int, int]:
    return (
        sum(pair.exact for pair in pairs),
        sum(pair.predicted is not None for pair in pairs),
        sum(pair.gold is not None for pair in pairs),
    )


def _by_label(pairs: Sequence[Pair], labels: Sequence[str]) -> list[LabelScore]:
    support = Counter(pair.gold.label for pair in pairs if pair.gold)
    predicted = Counter(pair.predicted.label for pair in pairs if pair.predicted)
    exact = Counter(pair.gold.label for pair in pairs if pair.gold and pair.exact)
    partial = Counter(pair.gold.label for pair in pairs if pair.gold and pair.partial)
    return [
        LabelScore(
            label=label,
            exact=Score.of(exact[label], predicted[label], support[label]),
            partial=Score.of(partial[label], predicted[label], support[label]),
        )
        for label in labels
    ]


def _entities(scores: Sequence[Score]) -> Entities:
    micro = Score.of(
        sum(score.correct for score in scores),
        sum(score.predicted for score in scores),
        sum(score.support for score in scores),
    )
    occurring = [score for score in scores if score.support or score.predicted]
    return Entities(micro=micro, macro=_mean(occurring))


def _mean(scores: Sequence[Score]) -> Average:
    if not scores:
        return Average()
    return Average(
        precision=sum(score.precision for score in scores) / len(scores),
        recall=sum(score.recall for score in scores) / len(scores),
        f1=sum(score.f1 for score in scores) / len(scores),
    )


def _tags(gold: Sequence[Doc], predicted: Sequence[Doc]) -> list[Counter[tuple[str, str]]]:
    """Counts the gold and predicted tags of the tokens of each document."""
    cells: dict[int, Counter[tuple[str, str]]] = {doc.task_id: Counter() for doc in gold}
    for wanted, given in zip(build(gold)[0], build(predicted)[0], strict=True):
        cells[wanted.task_id].update(zip(wanted.tags, given.tags, strict=True))
    return list(cells.values())


def _word_level(documents: Sequence[Counter[tuple[str, str]]], labels: Sequence[str]) -> WordLevel:
    """Counts a word as right when its label is; where a region begins does not matter."""
    cells = Counter[tuple[str, str]]()
    for document in documents:
        cells.update(_of_labels(document))
    scores = {
        label: Score.of(
            cells[label, label],
            sum(count for (_, given), count in cells.items() if given == label),
            sum(count for (wanted, _), count in cells.items() if wanted == label),
        )
        for label in labels
    }
    return WordLevel(micro=_entities(list(scores.values())).micro, by_label=scores)


def _word_counts(document: Counter[tuple[str, str]]) -> tuple[int, int, int]:
    cells = _of_labels(document)
    right = sum(count for (wanted, given), count in cells.items() if wanted == given != "")
    wanted, given = (sum(count for pair, count in cells.items() if pair[side]) for side in (0, 1))
    return right, given, wanted


def _of_labels(document: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """Returns the counts by label instead of by tag; the empty label stands for ``O``."""
    cells = Counter[tuple[str, str]]()
    for (wanted, given), count in document.items():
        cells[wanted.partition("-")[2], given.partition("-")[2]] += count
    return cells


def _token_level(documents: Sequence[Counter[tuple[str, str]]]) -> TokenLevel:
    cells = Counter[tuple[str, str]]()
    for document in documents:
        cells.update(document)
    support, guesses, right = Counter[str](), Counter[str](), Counter[str]()
    for (wanted_tag, given_tag), count in cells.items():
        support[wanted_tag] += count
        guesses[given_tag] += count
        right[wanted_tag] += count if wanted_tag == given_tag else 0
    names = sorted((support.keys() | guesses.keys()) - {OUTSIDE})
    scores = [Score.of(right[name], guesses[name], support[name]) for name in names]
    micro = _entities(scores).micro
    mean = _mean(scores)
    both = mean.precision + mean.recall
    tags = {
        name: TagScore(
            precision=score.precision,
            recall=score.recall,
            f1=score.f1,
            tp=score.correct,
            fp=score.predicted - score.correct,
            fn=score.support - score.correct,
        )
        for name, score in zip(names, scores, strict=True)
    }
    return TokenLevel(
        micro=Average(precision=micro.precision, recall=micro.recall, f1=micro.f1),
        macro=mean.model_copy(update={"f1": 2 * mean.precision * mean.recall / both if both else 0.0}),
        accuracy=sum(right.values()) / total if (total := sum(support.values())) else 0.0,
        tags=tags,
    )


def _confusion(pairs: Iterable[Pair], labels: Sequence[str]) -> Confusion:
    names = [*labels, OUTSIDE]
    place = {name: index for index, name in enumerate(labels)}
    counts = [[0] * len(names) for _ in names]
    for gold, predicted in pairs:
        row, column = (place[span.label] if span else len(labels) for span in (gold, predicted))
        counts[row][column] += 1
    return Confusion(labels=names, counts=counts)


def _errors(docs: Sequence[Doc], pairs: Sequence[Sequence[Pair]]) -> tuple[list[ErrorExample], dict[ErrorKind, int]]:
    """Collects errors in groups of kind and labels, and shows some of each group, the frequent groups first."""
    groups: dict[tuple[ErrorKind, str, str], list[tuple[Doc, Pair]]] = defaultdict(list)
    totals: Counter[ErrorKind] = Counter()
    for doc, document in zip(docs, pairs, strict=True):
        for pair in document:
            kind = pair.error
            if kind is not None:
                totals[kind] += 1
                names = [span.label if span else OUTSIDE for span in pair]
                groups[kind, names[0], names[1]].append((doc, pair))
    order = sorted(groups, key=lambda group: (-len(groups[group]), group))
    shown: list[tuple[int, int, ErrorExample]] = []
    for turn in range(_ERRORS_SHOWN):  # turn by turn, so that no group crowds out the others
        for rank, group in enumerate(order):
            if turn < len(groups[group]) and len(shown) < _ERRORS_SHOWN:
                doc, pair = groups[group][turn]
                shown.append((rank, turn, _error(group[0], doc, pair, len(groups[group]))))
    return [error for _, _, error in sorted(shown, key=lambda item: item[:2])], dict(totals)


def _error(kind: ErrorKind, doc: Doc, pair: Pair, times: int) -> ErrorExample:
    spans = [span for span in pair if span is not None]
    start, end = min(span.start for span in spans), max(span.end for span in spans)

    def text_of(span: Span | None) -> str | None:
        return _cut(doc.text[span.start : span.end]) if span else None

    return ErrorExample(
        kind=kind,
        task_id=doc.task_id,
        gold_label=pair.gold.label if pair.gold else None,
        gold_text=text_of(pair.gold),
        predicted_label=pair.predicted.label if pair.predicted else None,
        predicted_text=text_of(pair.predicted),
        start=start,
        end=end,
        before=doc.text[max(0, start - _CONTEXT) : start],
        text=_cut(doc.text[start:end]),
        after=doc.text[end : end + _CONTEXT],
        times=times,
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN].rstrip()} \u2026"
