"""The pages of the test tasks with what people marked on them and what the model found: what the page view shows.

A span of a page's text lies on the page as one box a line: the smallest that holds the span's words of that line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict

from genlab_widgets.projects.pages.format import Page
from genlab_widgets.projects.pages.layout import Layout, Word
from genlab_widgets.training.dataset import Example, Span, cleaned
from genlab_widgets.training.matching import Pair, match

if TYPE_CHECKING:
    from genlab_widgets.projects.tasks import Task

Verdict = Literal["missed", "spurious", "wrong_label", "wrong_bounds", "right"]
VERDICTS: dict[Verdict, str] = {
    "missed": "missed",
    "spurious": "false alarm",
    "wrong_label": "wrong label",
    "wrong_bounds": "wrong bounds",
    "right": "right",
}
"""What is said of a mark, in the order in which marks are shown: errors first."""


class Box(NamedTuple):
    """A rectangle on a page, in shares of its width and height (0..1)."""

    left: float
    top: float
    right: float
    bottom: float


class Mark(BaseModel):
    """One region of a page: marked by people, by the model, or by both. The side that is not there has no boxes."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    gold_label: str | None = None
    gold_text: str | None = None
    gold: list[Box] = []
    predicted_label: str | None = None
    predicted_text: str | None = None
    predicted: list[Box] = []

    @property
    def sentence(self) -> str:
        """What happened: 'wrong label: annotated DATE "1 May", predicted TOTAL "1 May"'."""
        sides = [
            ("annotated", self.gold_label, self.gold_text),
            ("predicted", self.predicted_label, self.predicted_text),
        ]
        if self.verdict == "right":
            sides = [("", self.gold_label, self.gold_text)]
        told = [f"{side} {label} \u201c{text}\u201d".strip() for side, label, text in sides if label]
        return f"{VERDICTS[self.verdict]}: {', '.join(told)}"


_A4 = (210.0, 297.0)
"""Proportions of a page of which nothing is known."""


class MarkedPage(BaseModel):
    """One page of a test task.

    Attributes:
        task_id: The task.
        title: The task's title; may be empty.
        page: Place among the task's pages, from 0.
        pages: How many pages the task has.
        source: File, size and turn of the page.
        marks: Errors first, then in reading order.
    """

    model_config = ConfigDict(frozen=True)

    task_id: int
    title: str = ""
    page: int = 0
    pages: int = 1
    source: Page = Page()
    marks: list[Mark] = []

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the upright page, in any unit."""
        width, height = (self.source.width, self.source.height) if self.source.width else _A4
        return (height, width) if self.source.turn % 2 else (width, height)

    @property
    def counts(self) -> Counter[str]:
        """Marks by verdict."""
        return Counter(mark.verdict for mark in self.marks)

    @property
    def errors(self) -> int:
        """Marks that are not right."""
        return sum(mark.verdict != "right" for mark in self.marks)

    @property
    def name(self) -> str:
        """What the page is called: 'Task 12 (invoice 7), page 2 of 3'."""
        title = f" ({self.title})" if self.title else ""
        place = f", page {self.page + 1} of {self.pages}" if self.pages > 1 else ""
        return f"Task {self.task_id}{title}{place}"

    @property
    def finding(self) -> str:
        """What is on the page, for a heading or an alternative text: '1 missed, 4 right'."""
        counts = self.counts
        told = [f"{counts[verdict]} {words}" for verdict, words in VERDICTS.items() if counts[verdict]]
        return ", ".join(told) or "nothing marked, nothing found"


def marked_pages(gold: Sequence[Example], predicted: Sequence[Example], tasks: Iterable[Task]) -> list[MarkedPage]:
    """Lays annotated and predicted spans over the pages of their tasks.

    Args:
        gold: The test tasks with the spans of their completions; those without a layout have no page.
        predicted: The same tasks (by id) with what was found; one without prediction has none.
        tasks: Tasks of the project; of those that are tested, titles and pages are taken.

    Returns:
        Every page, those with most errors first, then by task and page.
    """
    found = {example.task_id: example.spans for example in predicted}
    tested = {example.task_id for example in gold}
    about = {task.id: (task.title, task.pages) for task in tasks if task.id in tested}
    pages: list[MarkedPage] = []
    for example in gold:
        if example.layout is not None:
            title, sources = about.get(example.task_id, ("", ()))
            pages += _pages(example, found.get(example.task_id, ()), example.layout, sources, title)
    return sorted(pages, key=lambda page: (-page.errors, page.task_id, page.page))


def boxes(layout: Layout, span: Span) -> list[tuple[int, Box]]:
    """Returns where a span lies: one box a line that holds its words, each with its page."""
    lines: dict[tuple[int, int], list[int]] = {}
    for place, (start, word) in enumerate(zip(layout.starts, layout.words, strict=True)):
        if start < span.end and span.start < start + len(word.text):
            lines.setdefault((word.page, layout.lines[place]), []).append(place)
    return [(page, _around([layout.words[place] for place in places])) for (page, _), places in lines.items()]


def _around(words: Sequence[Word]) -> Box:
    return Box(
        min(word.left for word in words),
        min(word.top for word in words),
        max(word.right for word in words),
        max(word.bottom for word in words),
    )


def _pages(
    example: Example, spans: Sequence[Span], layout: Layout, sources: Sequence[Page], title: str
) -> Iterator[MarkedPage]:
    count = max([len(sources), 1, *(word.page + 1 for word in layout.words)])
    marks: list[list[Mark]] = [[] for _ in range(count)]
    found = cleaned(Example(example.task_id, example.text, tuple(spans)))
    for pair in match(cleaned(example).spans, found.spans):
        for page, mark in _marks(example, layout, pair):
            marks[page].append(mark)
    order = list(VERDICTS)
    for page, listed in enumerate(marks):
        yield MarkedPage(
            task_id=example.task_id,
            title=title,
            page=page,
            pages=count,
            source=sources[page] if page < len(sources) else Page(),
            marks=sorted(listed, key=lambda mark: order.index(mark.verdict)),
        )


def _marks(example: Example, layout: Layout, pair: Pair) -> Iterator[tuple[int, Mark]]:
    """Returns a mark for each page on which one of the two spans lies."""
    gold, predicted = (_by_page(layout, span) for span in pair)
    shared = {
        "verdict": pair.error or "right",
        **{f"{side}_label": span.label for side, span in pair._asdict().items() if span},
        **{f"{side}_text": _told(example, span) for side, span in pair._asdict().items() if span},
    }
    for page in sorted(gold.keys() | predicted.keys()):
        yield page, Mark(**shared, gold=gold.get(page, []), predicted=predicted.get(page, []))


def _by_page(layout: Layout, span: Span | None) -> dict[int, list[Box]]:
    found: dict[int, list[Box]] = {}
    for page, box in boxes(layout, span) if span else ():
        found.setdefault(page, []).append(box)
    return found


def _told(example: Example, span: Span) -> str:
    return " ".join(example.text[span.start : span.end].split())
