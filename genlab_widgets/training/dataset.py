"""Examples of a project as tokens with BIO tags, and the parquet folder that holds them.

Regions are cleaned (blanks at the edges taken off, equal ones merged), then laid over tokens. What cannot be laid
exactly is listed in an :class:`AlignmentReport`, never lost in silence.
"""

from __future__ import annotations

import os
import shutil
import uuid
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from genlab_widgets.errors import BadInput, WorkspaceUnusable
from genlab_widgets.projects.pages.layout import Layout, Word
from genlab_widgets.training.tokens import Token, token_sentences, trim

OUTSIDE = "O"


class Span(NamedTuple):
    """A labelled stretch of text: code points, ``end`` exclusive."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Example:
    """The text of one task with the spans of its chosen completion (or with predicted ones).

    A task of pages has a layout, too: its words are the tokens, and :attr:`text` is the layout's.

    Attributes:
        task_id: The task.
        text: Its text.
        spans: What is marked in it.
        layout: The words of its pages.
        scores: How sure a model was of each span, 0 to 1; None where it gave no figure. Empty where no model spoke, and
            after any change of the spans. Two examples with the same spans are equal, however sure a model was.
    """

    task_id: int
    text: str
    spans: tuple[Span, ...]
    layout: Layout | None = None
    scores: tuple[float | None, ...] = field(default=(), compare=False)

    @property
    def scored(self) -> list[tuple[Span, float | None]]:
        """The spans, each with its score."""
        return list(zip(self.spans, self.scores or [None] * len(self.spans), strict=True))

    def with_spans(self, spans: Iterable[Span]) -> Example:
        """Returns the same task with other spans, of which no score is known."""
        return replace(self, spans=tuple(spans), scores=())

    def from_score(self, least: float) -> Example:
        """Returns the task without the spans whose score is lower; those without a score stay."""
        kept = [(span, score) for span, score in self.scored if score is None or score >= least]
        return replace(self, spans=tuple(span for span, _ in kept), scores=tuple(score for _, score in kept))


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a task.

    Attributes:
        task_id: The task it comes from.
        index: Its place in the task, from 0.
        start: Code point of its first token in the task's text.
        tokens: Tokens with offsets in the task's text.
        tags: One BIO tag a token.
    """

    task_id: int
    index: int
    start: int
    tokens: list[Token]
    tags: list[str]


class Problem(StrEnum):
    """Why a span could not be laid over tokens as it was marked."""

    INSIDE_TOKEN = "inside_token"  # noqa: S105 - a reason, no secret
    OVERLAP = "overlap"
    SENTENCE_BOUND = "sentence_bound"
    OUTSIDE_TEXT = "outside_text"

    @property
    def sentence(self) -> str:
        """What happened to the span, for people."""
        return _PROBLEM_SENTENCES[self]

    @property
    def dropped(self) -> bool:
        """Whether the span is left out of the training rows (else it is widened or cut)."""
        return self in (Problem.OVERLAP, Problem.OUTSIDE_TEXT)


_PROBLEM_SENTENCES = {
    Problem.INSIDE_TOKEN: "starts or ends inside a token; it is widened to whole tokens",
    Problem.OVERLAP: "shares tokens with a longer span; the longer one is kept",
    Problem.SENTENCE_BOUND: "crosses the end of a sentence; it is cut there",
    Problem.OUTSIDE_TEXT: "lies outside the text or on blanks only; it is left out",
}


class Misalignment(NamedTuple):
    """One span that tokens cannot show as it was marked."""

    task_id: int
    span: Span
    text: str
    problem: Problem


@dataclass
class AlignmentReport:
    """What happened to the spans on their way to BIO tags: each is aligned or has one problem.

    Spans that differ only in blanks at their edges count once.
    """

    spans: int = 0
    aligned: int = 0
    problems: list[Misalignment] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """How many spans met each problem."""
        return dict(Counter(str(item.problem) for item in self.problems))


class _Placed(NamedTuple):
    first: int
    last: int
    span: Span


def cleaned(example: Example) -> Example:
    """Returns the example with spans inside the text, blanks at their edges taken off, equal spans merged, in order."""
    kept = {span for span in (_trimmed(example.text, raw) for raw in example.spans) if span is not None}
    return example.with_spans(sorted(kept))


def build(examples: Iterable[Example]) -> tuple[list[Sentence], AlignmentReport]:
    """Splits examples into sentences of at most 128 tokens and tags their tokens; a page is one sentence of its words.

    A span that starts or ends inside a token is widened to whole tokens; of spans that share a token the longest
    wins (then the first); a span across a sentence bound is cut there. The report names each of these.

    Returns:
        Sentences in the order of the examples, and the report.
    """
    built: list[Sentence] = []
    report = AlignmentReport()
    for example in examples:
        parts = pages(example.layout) if example.layout is not None else list(token_sentences(example.text))
        tokens = [token for part in parts for token in part]
        bounds = _part_starts(parts)
        tags = _tags(example, tokens, bounds, report)
        for index, part in enumerate(parts):
            first = bounds[index]
            built.append(Sentence(example.task_id, index, part[0].start, part, tags[first : first + len(part)]))
    return built, report


def pages(layout: Layout) -> list[list[Token]]:
    """Returns the words of each page that has any, as tokens of the layout's text."""
    placed = zip(layout.words, layout.starts, strict=True)
    return [
        [Token(word.text, start, start + len(word.text)) for word, start in page]
        for _, page in groupby(placed, key=lambda item: item[0].page)
    ]


def spans_from_tags(tokens: Sequence[Token], tags: Sequence[str]) -> list[Span]:
    """Joins BIO tags to spans as Spark NLP's NerConverter does.

    An ``I-`` that continues nothing starts a span; one of another label goes on with the span and its label.
    """
    spans: list[Span] = []
    label = ""
    for token, tag in zip(tokens, tags, strict=True):
        prefix, _, name = tag.partition("-")
        if prefix == "I" and name and label:
            spans[-1] = spans[-1]._replace(end=token.end)
        elif name:
            spans.append(Span(token.start, token.end, name))
        label = name
    return spans


def count_labels(examples: Iterable[Example]) -> Counter[str]:
    """Counts spans by label, after cleaning."""
    return Counter(span.label for example in examples for span in cleaned(example).spans)


def write(
    folder: Path,
    train: Sequence[Sentence],
    test: Sequence[Sentence],
    train_examples: Sequence[Example] = (),
    test_examples: Sequence[Example] = (),
) -> None:
    """Writes ``train.parquet``, ``test.parquet`` (sentences) and ``train_tasks.parquet``, ``test_tasks.parquet``.

    Sentence columns: ``task_id`` int64, ``index`` and ``start`` int32, ``tokens`` list of string, ``starts`` and
    ``ends`` list of int32 (code points in the task's text), ``tags`` list of string. Task columns: ``task_id``,
    ``text``, ``spans`` list of struct (start, end, label), ``words`` (null without pages) list of struct (text, left,
    top, right, bottom, page, start, line). The folder appears whole or not at all.

    Raises:
        WorkspaceUnusable: The folder cannot be written.
    """
    scratch = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
    try:
        scratch.mkdir(parents=True)
        _write_table(scratch / "train.parquet", [_sentence_row(item) for item in train], "sentence")
        _write_table(scratch / "test.parquet", [_sentence_row(item) for item in test], "sentence")
        _write_table(scratch / "train_tasks.parquet", [_example_row(item) for item in train_examples], "task")
        _write_table(scratch / "test_tasks.parquet", [_example_row(item) for item in test_examples], "task")
        _put_in_place(scratch, folder)
    except OSError as error:
        raise WorkspaceUnusable(
            f"The dataset cannot be written to {folder}.",
            f"The system says: {error.strerror or error}.",
            "Free some space or choose a workspace folder that you may write, then train again.",
            path=str(folder),
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def read(folder: Path) -> tuple[list[Sentence], list[Sentence]]:
    """Reads the training and the test sentences that :func:`write` stored.

    Raises:
        BadInput: A file is missing or damaged.
    """
    return _read_sentences(folder / "train.parquet"), _read_sentences(folder / "test.parquet")


def read_examples(folder: Path) -> tuple[list[Example], list[Example]]:
    """Reads the training and the test tasks (text and cleaned spans) that :func:`write` stored.

    Raises:
        BadInput: A file is missing or damaged.
    """
    return _read_examples(folder / "train_tasks.parquet"), _read_examples(folder / "test_tasks.parquet")


def _trimmed(text: str, span: Span) -> Span | None:
    if not 0 <= span.start < span.end <= len(text):
        return None
    bounds = trim(text, span.start, span.end)
    return Span(bounds.start, bounds.end, span.label) if bounds else None


def _part_starts(parts: Sequence[Sequence[Token]]) -> list[int]:
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + len(part))
    return starts


def _tags(example: Example, tokens: list[Token], bounds: list[int], report: AlignmentReport) -> list[str]:
    """Tags all tokens of one example; ``bounds`` are the token indexes at which sentences start."""
    tags = [OUTSIDE] * len(tokens)
    starts, ends = [token.start for token in tokens], [token.end for token in tokens]
    sentence_starts = set(bounds)
    placed: set[_Placed] = set()
    for raw in dict.fromkeys(example.spans):
        span = _trimmed(example.text, raw)
        first = bisect_right(ends, span.start) if span else 0
        last = bisect_left(starts, span.end) - 1 if span else -1
        if span is None or first > last:
            report.spans += 1
            report.problems.append(_misaligned(example, raw, Problem.OUTSIDE_TEXT))
        else:
            placed.add(_Placed(first, last, span))
    report.spans += len(placed)
    for first, last, span in sorted(placed, key=lambda item: (item.span.start - item.span.end, item.span)):
        if any(tag != OUTSIDE for tag in tags[first : last + 1]):
            report.problems.append(_misaligned(example, span, Problem.OVERLAP))
            continue
        if starts[first] != span.start or ends[last] != span.end:
            report.problems.append(_misaligned(example, span, Problem.INSIDE_TOKEN))
        elif bisect_right(bounds, first) != bisect_right(bounds, last):
            report.problems.append(_misaligned(example, span, Problem.SENTENCE_BOUND))
        else:
            report.aligned += 1
        for position in range(first, last + 1):
            begins = position == first or position in sentence_starts
            tags[position] = f"{'B' if begins else 'I'}-{span.label}"
    return tags


def _misaligned(example: Example, span: Span, problem: Problem) -> Misalignment:
    return Misalignment(example.task_id, span, example.text[max(span.start, 0) : max(span.end, 0)], problem)


def _sentence_row(sentence: Sentence) -> dict[str, Any]:
    return {
        "task_id": sentence.task_id,
        "index": sentence.index,
        "start": sentence.start,
        "tokens": [token.text for token in sentence.tokens],
        "starts": [token.start for token in sentence.tokens],
        "ends": [token.end for token in sentence.tokens],
        "tags": sentence.tags,
    }


def _example_row(example: Example) -> dict[str, Any]:
    spans = [span._asdict() for span in cleaned(example).spans]
    words = _word_rows(example.layout) if example.layout is not None else None
    return {"task_id": example.task_id, "text": example.text, "spans": spans, "words": words}


def _word_rows(layout: Layout) -> list[dict[str, Any]]:
    placed = zip(layout.words, layout.starts, layout.lines, strict=True)
    return [{**word._asdict(), "start": start, "line": line} for word, start, line in placed]


def _layout(row: dict[str, Any]) -> Layout | None:
    if row["words"] is None:
        return None
    words = tuple(Word(**{name: word[name] for name in Word._fields}) for word in row["words"])
    starts, lines = (tuple(word[name] for word in row["words"]) for name in ("start", "line"))
    return Layout(words, starts, lines, row["text"])


def _write_table(path: Path, rows: list[dict[str, Any]], kind: str) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    integers, strings = pa.list_(pa.int32()), pa.list_(pa.string())
    span = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())])
    box = [(side, pa.float64()) for side in ("left", "top", "right", "bottom")]
    places = [(name, pa.int32()) for name in ("page", "start", "line")]
    word = pa.struct([("text", pa.string()), *box, *places])
    sentence_columns = [("index", pa.int32()), ("start", pa.int32()), ("tokens", strings), ("starts", integers)]
    columns = {
        "sentence": [*sentence_columns, ("ends", integers), ("tags", strings)],
        "task": [("text", pa.string()), ("spans", pa.list_(span)), ("words", pa.list_(word))],
    }[kind]
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema([("task_id", pa.int64()), *columns])), path)


def _put_in_place(scratch: Path, folder: Path) -> None:
    """Renames the finished folder; an earlier one steps aside first, because a rename cannot replace a full folder."""
    if not folder.exists():
        scratch.replace(folder)
        return
    aside = folder.with_name(f"{scratch.name}-old")
    os.replace(folder, aside)
    scratch.replace(folder)
    shutil.rmtree(aside, ignore_errors=True)


def _read_table(path: Path) -> list[dict[str, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise BadInput(
            f"The dataset file {path.name} cannot be read.",
            str(error).splitlines()[0].rstrip(".") + ".",
            "Train again: the dataset is made anew from the project.",
            path=str(path),
        ) from error
    return rows


def _read_sentences(path: Path) -> list[Sentence]:
    return [
        Sentence(
            row["task_id"],
            row["index"],
            row["start"],
            [Token(*values) for values in zip(row["tokens"], row["starts"], row["ends"], strict=True)],
            row["tags"],
        )
        for row in _read_table(path)
    ]


def _read_examples(path: Path) -> list[Example]:
    return [
        Example(row["task_id"], row["text"], tuple(Span(**span) for span in row["spans"]), _layout(row))
        for row in _read_table(path)
    ]
