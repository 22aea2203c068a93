"""The shapes of a benchmark, as stored in ``result.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from genlab_widgets.training.epochs import Average, TagScore

ErrorKind = Literal["missed", "spurious", "wrong_label", "wrong_bounds"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Score(_Frozen):
    """Precision, recall and F1 with the counts they come from (spans)."""

    precision: float
    recall: float
    f1: float
    correct: int
    predicted: int
    support: int

    @classmethod
    def of(cls, correct: int, predicted: int, support: int) -> Score:
        """Computes the ratios; 0 where nothing was predicted or nothing is there."""
        precision = correct / predicted if predicted else 0.0
        recall = correct / support if support else 0.0
        f1 = 2 * correct / (predicted + support) if predicted + support else 0.0
        return cls(precision=precision, recall=recall, f1=f1, correct=correct, predicted=predicted, support=support)


class LabelScore(_Frozen):
    """One label: exact (same bounds) and partial (bounds overlap) scores."""

    label: str
    exact: Score
    partial: Score

    @property
    def support(self) -> int:
        """Spans of this label in the gold rows."""
        return self.exact.support


class Entities(_Frozen):
    """Micro scores over all spans, and macro averages over labels that occur."""

    micro: Score
    macro: Average


class TokenLevel(_Frozen):
    """Scores per BIO tag without ``O``, in the way Spark NLP logs them; macro F1 is made of macro P and R."""

    micro: Average
    macro: Average
    accuracy: float
    tags: dict[str, TagScore]


class WordLevel(_Frozen):
    """Scores of words: one counts as right when its label is, whatever region it was given to."""

    micro: Score
    by_label: dict[str, Score]


class Interval(_Frozen):
    """A 95 % interval."""

    low: float
    high: float


class Confusion(_Frozen):
    """Gold labels in rows, predicted ones in columns, both ending with ``O`` (nothing there)."""

    labels: list[str]
    counts: list[list[int]]


class ErrorExample(_Frozen):
    """One error worth reading. Offsets are code points in the task's text; the missing side is None."""

    kind: ErrorKind
    task_id: int
    gold_label: str | None
    gold_text: str | None
    predicted_label: str | None
    predicted_text: str | None
    start: int
    end: int
    before: str
    text: str
    after: str
    times: int
    """How many errors of this kind with these labels there are."""


class Benchmark(_Frozen):
    """Quality of predicted entities on the held-out tasks.

    Attributes:
        labels: Every label, in the order asked for.
        exact: Spans count when bounds and label agree.
        partial: Spans count when the label agrees and bounds overlap, one to one.
        words: Scores of words, where they are the headline (pages); else None.
        token: Scores of tokens; None where the bounds of spans are given (classes, assertion status).
        average: Which F1 is the headline: over all spans, or the mean over the labels.
        accuracy: Share of tokens (NER), of tasks with exactly the right classes, or of entities with the right status.
        f1_interval: Bootstrap over documents of the headline F1.
        documents: One row a task: id, correct, predicted and gold (exact spans, or words where they are the headline),
            for paired comparison.
        seed: Seed of the bootstrap.
    """

    labels: list[str]
    exact: Entities
    partial: Entities
    words: WordLevel | None = None
    token: TokenLevel | None = None
    average: Literal["micro", "macro"] = "micro"
    accuracy: float | None = None
    by_label: list[LabelScore]
    confusion: Confusion
    f1_interval: Interval
    errors: list[ErrorExample]
    error_counts: dict[ErrorKind, int]
    documents: list[tuple[int, int, int, int]]
    seed: int

    @property
    def f1(self) -> float:
        """The headline F1."""
        return self.headline.f1

    @property
    def headline(self) -> Average:
        """Precision, recall and F1 of the headline: of words where they are scored, else of spans."""
        if self.words is None and self.average == "macro":
            return self.exact.macro
        micro = self.resampled
        return Average(precision=micro.precision, recall=micro.recall, f1=micro.f1)

    @property
    def resampled(self) -> Score:
        """The micro scores that :attr:`documents` add up to."""
        return self.words.micro if self.words is not None else self.exact.micro

    def of_pages(self) -> dict[str, Average]:
        """Returns precision, recall and F1 of ``words`` and of whole ``regions``; empty where no pages are scored."""
        if self.words is None:
            return {}
        levels = {"words": self.words.micro, "regions": self.exact.micro}
        return {name: Average.model_validate(score.model_dump()) for name, score in levels.items()}

    def counted(self, label: LabelScore) -> Score:
        """Returns what the headline counts of one label: words on pages, else exact spans."""
        return self.words.by_label.get(label.label, label.exact) if self.words is not None else label.exact

    @property
    def curve_f1(self) -> float:
        """The F1 that stands beside a trainer's own by epoch: of words on pages, on tokens in texts."""
        return self.token.micro.f1 if self.token is not None and self.words is None else self.f1


class Comparison(_Frozen):
    """Two benchmarks on the same documents; ``difference`` is F1 of ``b`` minus F1 of ``a``."""

    difference: float
    interval: Interval
    better: Literal["a", "b"] | None
    documents: int
    sentence: str
