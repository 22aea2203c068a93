"""Reads the log of NerDL or ClassifierDL while it grows.

Format: one line an epoch with seconds and loss, then a quality block for the validation part and one for the test
set. Numbers are Java's: ``NaN``, ``1.0E-4``, and a decimal comma where the machine's locale has one. Scores are per
token tag (``B-``, ``I-``, without ``O``); macro averages take recall and precision first, then F1.
"""

from __future__ import annotations

import math
import re

from pydantic import BaseModel, ConfigDict

_NUMBER = r"(NaN|[-+]?(?:Infinity|\d[\d.,]*(?:[eE][-+]?\d+)?))"
_STARTED = re.compile(
    r"Training started - (?:total )?epochs: (\d+) .*?labels: (\d+) - chars: (\d+) - training examples: (\d+)"
)
_GRAPH = re.compile(r"Name of the selected graph: (\S+)")
_EPOCH_STARTED = re.compile(rf"Epoch (\d+)/(\d+) started, lr: {_NUMBER}, dataset size: (\d+)")
_EPOCH_DONE = re.compile(rf"Epoch (\d+)/(\d+) - {_NUMBER}s - loss: {_NUMBER}(?: - batches: (\d+))?")
_CLASSIFIER_STARTED = re.compile(
    rf"Training started - epochs: (\d+) - learning_rate: {_NUMBER} .*?training_examples: (\d+)"
)
_CLASSIFIER_EPOCH = re.compile(rf"Epoch (\d+)/(\d+) - {_NUMBER}s - loss: {_NUMBER} - acc: {_NUMBER} - batches: (\d+)")
_QUALITY = re.compile(r"Quality on (\w+) dataset")
_TAG = re.compile(rf"(\S.*?)\s+(\d+)\s+(\d+)\s+(\d+)\s+{_NUMBER}\s+{_NUMBER}\s+{_NUMBER}$")
_AVERAGE = re.compile(rf"(Macro|Micro)-average\s+prec: {_NUMBER}, rec: {_NUMBER}, f1: {_NUMBER}")


class Average(BaseModel):
    """Precision, recall and F1 of one kind of average."""

    model_config = ConfigDict(frozen=True)

    precision: float = 0.0
    recall: float = 0.0
    f1: float = 0.0


class TagScore(Average):
    """Scores of one BIO tag with its counts of tokens."""

    tp: int = 0
    fp: int = 0
    fn: int = 0


class Scores(BaseModel):
    """One quality block; token level."""

    model_config = ConfigDict(frozen=True)

    micro: Average | None = None
    macro: Average | None = None
    tags: dict[str, TagScore] = {}


class Epoch(BaseModel):
    """One epoch of a training. ``loss`` is the sum over batches; None when it was not a number."""

    model_config = ConfigDict(frozen=True)

    number: int
    total: int
    seconds: float
    loss: float | None
    train_rows: int | None = None
    learning_rate: float | None = None
    batches: int | None = None
    test: Scores | None = None
    validation: Scores | None = None

    @property
    def diverged(self) -> bool:
        """Whether the loss was no number: nothing more can be learned."""
        return self.loss is None


class EpochLog:
    """Incremental parser: feed it text as it comes, in pieces of any size.

    Attributes:
        graph: File of the graph that Spark NLP took, once known.
        total: Epochs asked for, once known.
        train_rows: Sentences trained on, once known.
        labels: Distinct tags that Spark NLP counted, once known.
        characters: Distinct characters that Spark NLP counted, once known.
        started: The epoch that runs now (0 before the first).
    """

    def __init__(self) -> None:
        self.graph: str | None = None
        self.total: int | None = None
        self.train_rows: int | None = None
        self.labels: int | None = None
        self.characters: int | None = None
        self.started = 0
        self._rest = ""
        self._block: str | None = None
        self._learning_rate: float | None = None
        self._epochs: dict[int, Epoch] = {}
        self._current: int | None = None

    @property
    def epochs(self) -> list[Epoch]:
        """All epochs so far, in order."""
        return [self._epochs[number] for number in sorted(self._epochs)]

    def feed(self, text: str) -> list[Epoch]:
        """Takes the next piece of the log.

        Returns:
            Epochs that are new or have gained scores, each in its latest state; an epoch comes again when its
            quality block arrives later, so the last one of a number counts.
        """
        lines = (self._rest + text).split("\n")
        self._rest = lines.pop()
        return self._take(lines)

    def finish(self) -> list[Epoch]:
        """Takes a last line without line end; returns epochs that it changed."""
        lines, self._rest = [self._rest], ""
        return self._take(lines)

    def _take(self, lines: list[str]) -> list[Epoch]:
        before = dict(self._epochs)
        for line in lines:
            self._line(line.strip())
        return [epoch for number, epoch in sorted(self._epochs.items()) if before.get(number) != epoch]

    def _line(self, line: str) -> None:
        if not line:
            return
        if match := _CLASSIFIER_EPOCH.search(line):
            self._classifier_epoch(match)
        elif match := _EPOCH_DONE.search(line):
            self._epoch_done(match)
        elif match := _EPOCH_STARTED.search(line):
            self.started, self.total = int(match[1]), int(match[2])
            self._learning_rate, self.train_rows = _float(match[3]), int(match[4])
            self._block = None
        elif match := _QUALITY.search(line):
            self._block = match[1].lower() if match[1].lower() in ("test", "validation") else None
        elif match := _AVERAGE.search(line):
            self._average(match)
        elif self._block is not None and (match := _TAG.match(line)):
            self._tag(match)
        else:
            self._head(line)

    def _head(self, line: str) -> None:
        """Takes a line from before the first epoch."""
        if match := _CLASSIFIER_STARTED.search(line):
            self.total, self.train_rows, self.started = int(match[1]), int(match[3]), 1
            self._learning_rate = _float(match[2])
        elif match := _STARTED.search(line):
            self.total, self.labels = int(match[1]), int(match[2])
            self.characters, self.train_rows = int(match[3]), int(match[4])
        elif match := _GRAPH.search(line):
            self.graph = match[1]

    def _epoch_done(self, match: re.Match[str]) -> None:
        number = int(match[1])
        self.started = max(self.started, number)
        self._add(number, match, batches=match[5])

    def _classifier_epoch(self, match: re.Match[str]) -> None:
        """Takes an epoch of ClassifierDL, whose file counts from 0; its ``acc`` is no score (it divides by batches)."""
        number = int(match[1]) + 1
        self.started = number + 1
        self._add(number, match, batches=match[6])

    def _add(self, number: int, match: re.Match[str], batches: str | None) -> None:
        """Adds an epoch by a line that has the total, seconds and loss as its second to fourth group."""
        self._current, self._block, self.total = number, None, int(match[2])
        self._epochs[number] = Epoch(
            number=number,
            total=self.total,
            seconds=_float(match[3]) or 0.0,
            loss=_float(match[4]),
            train_rows=self.train_rows,
            learning_rate=self._learning_rate,
            batches=int(batches) if batches else None,
        )

    def _scores(self) -> Scores:
        epoch = self._epochs[self._current] if self._current is not None else None
        held = None if epoch is None else epoch.test if self._block == "test" else epoch.validation
        return held or Scores()

    def _store(self, scores: Scores) -> None:
        if self._current is not None and self._block is not None:
            epoch = self._epochs[self._current]
            self._epochs[self._current] = epoch.model_copy(update={self._block: scores})

    def _average(self, match: re.Match[str]) -> None:
        precision, recall, f1 = (_score(match[index]) for index in (2, 3, 4))
        average = Average(precision=precision, recall=recall, f1=f1)
        self._store(self._scores().model_copy(update={match[1].lower(): average}))

    def _tag(self, match: re.Match[str]) -> None:
        precision, recall, f1 = (_score(match[index]) for index in (5, 6, 7))
        tp, fp, fn = int(match[2]), int(match[3]), int(match[4])
        tag = TagScore(precision=precision, recall=recall, f1=f1, tp=tp, fp=fp, fn=fn)
        scores = self._scores()
        self._store(scores.model_copy(update={"tags": {**scores.tags, match[1]: tag}}))


def _float(text: str) -> float | None:
    """Reads a Java number; None for NaN and infinities. The last comma or dot is the decimal sign."""
    whole, sign, fraction = text.replace(",", ".").replace("Infinity", "inf").rpartition(".")
    value = float(whole.replace(".", "") + sign + fraction)
    return value if math.isfinite(value) else None


def _score(text: str) -> float:
    """Reads a score; NaN is what Java gives for 0/0 (nothing predicted or nothing there), a score of 0."""
    return _float(text) or 0.0
