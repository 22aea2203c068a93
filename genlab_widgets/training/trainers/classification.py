"""Classes of whole texts, on averaged word embeddings: the better of two heads, or the one that was asked for."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import TooFewCompletions
from genlab_widgets.training import embeddings, split
from genlab_widgets.training.dataset import Example, Sentence, Span
from genlab_widgets.training.runfolder import Candidate
from genlab_widgets.training.spark import annotations as rows_in_spark
from genlab_widgets.training.spark import texts
from genlab_widgets.training.spark.annotations import DOCUMENT
from genlab_widgets.training.trainers.base import Clock, Rows, Trained, about
from genlab_widgets.training.trainers.heads import (
    STRENGTHS,
    Classes,
    Logistic,
    Neural,
    Texts,
    choose_logistic,
    micro_f1,
    require_head,
)

if TYPE_CHECKING:
    from pyspark.ml import PipelineModel
    from pyspark.sql import SparkSession

    from genlab_widgets.training.reporting import Reporter
    from genlab_widgets.training.spec import TrainingSpec


class Classifier:
    """The open trainer ``annotator`` of kind ``classification``."""

    needs_graph = False

    def fit(self, spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Trained:
        """Embeds the texts, chooses a head on a part of the training texts, and lets it learn from all of them."""
        return compare(spark, rows, spec, scratch, reporter).learn(reporter)

    def read(self, spark: SparkSession, model: PipelineModel, examples: Sequence[Example]) -> list[Example]:
        """Returns the examples with the classes that a saved pipeline gives their texts."""
        return texts.read(spark, model, examples)

    def graph(self, sentences: Sequence[Sentence], labels: Sequence[str], dimension: int) -> None:
        """A classifier needs no NerDL graph."""


@dataclass
class Compared:
    """Heads that have been compared, before the best one learns from all training texts.

    Attributes:
        base: The embeddings.
        first: Stages from ``text`` to its vector.
        data: All texts as vectors.
        rows: Training and test rows.
        truth: The classes of the training texts.
        race: What was compared, the best one marked.
        spec: What was asked for.
        clock: Seconds so far.
    """

    base: embeddings.Embeddings
    first: list[Any]
    data: Texts
    rows: Rows
    truth: Classes
    race: list[tuple[Logistic | Neural, Candidate]]
    spec: TrainingSpec
    clock: Clock

    @property
    def f1(self) -> float | None:
        """F1 of the best head on the held-out training texts; None where there were too few to compare on."""
        return next(told.f1 for _, told in self.race if told.chosen)

    def learn(self, reporter: Reporter) -> Trained:
        """Lets the best head learn from all training texts, and predicts the test texts."""
        from pyspark.ml import PipelineModel

        head = next(candidate for candidate, told in self.race if told.chosen)
        if isinstance(head, Neural):
            reporter.expect(head.spec.epochs)
            head = replace(head, reporter=reporter)
        fitted = head.fit(self.data, sorted(self.truth), self.truth)
        self.clock.mark("training")
        predicted = fitted.predict(self.data, [item.task_id for item in self.rows.test_examples])
        self.clock.mark("prediction")
        self.drop()
        return Trained(
            model=PipelineModel(stages=[*self.first, *fitted.stages()]),
            predicted=_examples(self.rows.test_examples, predicted),
            embeddings=about(self.base),
            race=[told for _, told in self.race],
            durations=self.clock.seconds,
            spec=self.spec.model_copy(update={"architecture": "annotator", "head": head.name}),
        )

    def drop(self) -> None:
        """Frees the vectors."""
        self.data.frame.unpersist()


def compare(spark: SparkSession, rows: Rows, spec: TrainingSpec, scratch: Path, reporter: Reporter) -> Compared:
    """Embeds all texts and compares the heads on a part of the training texts.

    Raises:
        TooFewCompletions: All training texts have the same class.
        WrongParameters: The head that was asked for cannot learn so many classes.
    """
    from pyspark.ml import PipelineModel

    require_two_classes(rows)
    truth = {item.task_id: frozenset(span.label for span in item.spans) for item in rows.train_examples}
    require_head(spec.head, len(frozenset().union(*truth.values())))
    clock = Clock()
    base = embeddings.resolve(spec.embeddings, rows.language)
    reporter.log(f"Embeddings: {base.title} ({base.dimension} dimensions), averaged over each text.")
    first = texts.stages(base.stage(spark, rows_in_spark.sentence_rows(spark, rows.train)), base)
    examples = [*rows.train_examples, *rows.test_examples]
    embedded = PipelineModel(stages=first).transform(rows_in_spark.text_rows(spark, examples))
    frame = embedded.select("task_id", DOCUMENT, texts.VECTORS).persist()
    known = {item.task_id: item.text for item in examples}
    data = Texts(frame, *texts.matrix(frame), known, rows.labels, rows.multiple)
    clock.mark("embeddings")
    race = _race(data, rows, truth, spec, scratch, reporter)
    return Compared(base, first, data, rows, truth, race, spec, clock)


def require_two_classes(rows: Rows) -> None:
    """Refuses training texts with nothing to tell apart: equal texts stay on one side of the split.

    Raises:
        TooFewCompletions: All training texts have the same class.
    """
    found = sorted({span.label for item in rows.train_examples for span in item.spans})
    if not rows.multiple and len(found) < 2:
        raise TooFewCompletions(
            "There is nothing to tell apart.",
            f"All texts of the training part have the class {' '.join(found)}; the others are in the test part.",
            "Complete more tasks, of different texts, or change the seed or the share of test tasks.",
        )


def _race(
    data: Texts, rows: Rows, truth: Classes, spec: TrainingSpec, scratch: Path, reporter: Reporter
) -> list[tuple[Logistic | Neural, Candidate]]:
    """Compares the heads on held-out training texts; one that was asked for runs alone, to choose its settings."""
    parts = _held_out(rows, spec)
    if parts is None:
        reporter.log("Too few texts to compare settings on.")
        told = Candidate(name=Logistic.name, title=Logistic.title, chosen=True, note="too few texts to compare on")
        return [(Logistic(STRENGTHS[1]), told)] if spec.head != Neural.name else [_neural_alone(spec, scratch)]
    ids, held_out = parts
    found: list[tuple[Logistic | Neural, float, float]] = []
    if spec.head in ("automatic", Logistic.name):
        started = time.monotonic()
        settings, f1 = choose_logistic(data, ids, held_out, truth)
        found.append((settings, f1, time.monotonic() - started))
    # MultiClassifierDL of Spark NLP 5.5.3 keeps native memory of every step (7 GB after 240 steps on 45 texts): it is
    # left to those who ask for it.
    neural, left_out = Neural(spec, scratch), ""
    if spec.head == Neural.name or (spec.head == "automatic" and not rows.multiple):
        left_out = Neural.refusal(len(frozenset().union(*truth.values())))
        if not left_out:
            started = time.monotonic()
            f1 = micro_f1(neural.fit(data, ids, truth).predict(data, held_out), truth)
            found.append((neural, f1, time.monotonic() - started))
    best = max(found, key=lambda item: item[1])[0]
    race: list[tuple[Logistic | Neural, Candidate]] = []
    for head, f1, seconds in found:
        note = head.note(rows.multiple)
        told = Candidate(
            name=head.name, title=head.title, f1=f1, seconds=round(seconds, 1), chosen=head is best, note=note
        )
        reporter.log(f"{told.title} ({note}): F1 {f1:.3f} on {len(held_out)} held-out training texts, {seconds:.1f} s.")
        race.append((head, told))
    if left_out:
        reporter.log(f"{Neural.title} is left out: it {left_out}.")
        race.append((neural, Candidate(name=Neural.name, title=Neural.title, note=f"left out: {left_out}")))
    return race


def _neural_alone(spec: TrainingSpec, scratch: Path) -> tuple[Neural, Candidate]:
    return Neural(spec, scratch), Candidate(name=Neural.name, title=Neural.title, chosen=True)


def _held_out(rows: Rows, spec: TrainingSpec) -> tuple[list[int], list[int]] | None:
    """Divides the training texts as the test part was divided; None where a part would not hold two classes."""
    if len(rows.train_examples) < 10:
        return None
    parts = split.hold_out(rows.train_examples, spec.seed)
    learned = {span.label for item in parts.train for span in item.spans}
    if len(learned) < 2 and (not rows.multiple or spec.head == Neural.name):
        return None
    return [item.task_id for item in parts.train], [item.task_id for item in parts.test]


def _examples(examples: Sequence[Example], predicted: Classes) -> list[Example]:
    return [
        Example(
            item.task_id,
            item.text,
            tuple(Span(0, len(item.text), label) for label in sorted(predicted.get(item.task_id, ()))),
        )
        for item in examples
    ]
