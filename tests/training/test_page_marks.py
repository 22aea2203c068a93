"""Where spans lie on a page, and what is said of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from genlab_widgets.errors import BadInput
from genlab_widgets.projects.pages.format import Page
from genlab_widgets.projects.pages.layout import Layout, Word
from genlab_widgets.projects.tasks import Task
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.page_marks import Box, boxes, marked_pages
from genlab_widgets.training.runfolder import RunFolder


def word(text: str, column: int, row: int, page: int = 0) -> Word:
    """Returns a word on a page of ten columns and ten rows."""
    return Word(text, column / 10, row / 10, column / 10 + 0.08, row / 10 + 0.05, page)


LAYOUT = Layout.of(
    [
        [word("ACME", 1, 1), word("Ltd", 2, 1)],
        [word("12", 1, 2), word("High", 2, 2), word("Street", 3, 2)],
        [word("Total", 1, 9), word("9.50", 8, 9)],
        [word("Thanks", 1, 1, page=1)],
    ]
)
"""ACME Ltd / 12 High Street / Total 9.50, and on a second page: Thanks."""


def span(text: str, label: str) -> Span:
    """Returns the span of a text of the layout."""
    start = LAYOUT.text.index(text)
    return Span(start, start + len(text), label)


def pages_of(gold: list[Span], predicted: list[Span], *sources: Page) -> list:
    """Marks one task."""
    wanted = Example(7, LAYOUT.text, tuple(gold), LAYOUT)
    return marked_pages([wanted], [Example(7, LAYOUT.text, tuple(predicted))], [Task(7, "", "bill", pages=sources)])


def test_a_span_of_several_lines_has_a_box_a_line() -> None:
    found = boxes(LAYOUT, span("ACME Ltd\n12 High", "COMPANY"))
    assert [page for page, _ in found] == [0, 0]
    first, second = (box for _, box in found)
    assert first == pytest.approx(Box(0.1, 0.1, 0.28, 0.15))
    assert second == pytest.approx(Box(0.1, 0.2, 0.28, 0.25))


def test_a_part_of_a_word_is_shown_as_the_word() -> None:
    start = LAYOUT.text.index("9.50")
    assert boxes(LAYOUT, Span(start, start + 1, "TOTAL")) == boxes(LAYOUT, span("9.50", "TOTAL"))


def test_a_span_over_two_pages_is_marked_on_both() -> None:
    both = span("9.50\nThanks", "TOTAL")
    assert [page for page, _ in boxes(LAYOUT, both)] == [0, 1]
    assert [page.finding for page in pages_of([both], [])] == ["1 missed", "1 missed"]


def test_every_verdict_stands_first_to_last_with_both_sides() -> None:
    gold = [
        span("Ltd", "COMPANY"),
        span("12 High Street", "ADDRESS"),
        span("Total", "TOTAL"),
        span("ACME", "COMPANY"),
    ]
    predicted = [
        span("ACME", "COMPANY"),
        span("12 High", "ADDRESS"),
        span("Total", "DATE"),
        span("9.50", "TOTAL"),
    ]
    first, second = pages_of(gold, predicted)
    assert [mark.verdict for mark in first.marks] == ["missed", "spurious", "wrong_label", "wrong_bounds", "right"]
    missed, spurious, wrong_label, wrong_bounds, right = first.marks
    assert (missed.gold_text, missed.predicted) == ("Ltd", [])
    assert (spurious.predicted_label, spurious.gold) == ("TOTAL", [])
    assert (wrong_label.gold_label, wrong_label.predicted_label) == ("TOTAL", "DATE")
    assert wrong_bounds.gold[0].right > wrong_bounds.predicted[0].right
    assert right.gold == right.predicted
    assert first.errors == 4
    assert first.finding == "1 missed, 1 false alarm, 1 wrong label, 1 wrong bounds, 1 right"
    assert wrong_label.sentence == "wrong label: annotated TOTAL \u201cTotal\u201d, predicted DATE \u201cTotal\u201d"
    assert right.sentence == "right: COMPANY \u201cACME\u201d"
    assert second.finding == "nothing marked, nothing found"
    assert second.name == "Task 7 (bill), page 2 of 2"


def test_pages_with_most_errors_come_first() -> None:
    texts = {number: Example(number, LAYOUT.text, (span("ACME", "COMPANY"),), LAYOUT) for number in (1, 2, 3)}
    predicted = [Example(2, LAYOUT.text, (span("Ltd", "DATE"),)), texts[3]]
    found = marked_pages(list(texts.values()), predicted, [])
    assert [(page.task_id, page.page, page.errors) for page in found][:3] == [(2, 0, 2), (1, 0, 1), (1, 1, 0)]


def test_a_text_has_no_page() -> None:
    assert marked_pages([Example(1, "a text", (Span(0, 1, "A"),))], [], []) == []


def test_a_page_without_words_is_still_a_page() -> None:
    empty = Layout.of([])
    (page,) = marked_pages([Example(1, "", (), empty)], [], [Task(1, "", pages=(Page("images/a.png", 0, 10, 20),))])
    assert (page.marks, page.source.file) == ([], "images/a.png")


def test_the_run_folder_keeps_pages_and_says_when_they_are_damaged(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.read_pages() == []
    pages = pages_of([span("ACME", "COMPANY")], [], Page("images/a.png", 0, 100, 200))
    folder.write_pages(pages)
    assert folder.read_pages() == pages
    folder.pages.write_text("[{}]")
    with pytest.raises(BadInput, match=r"pages\.json of this run is damaged"):
        folder.read_pages()
