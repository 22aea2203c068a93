"""From boxes on pages to spans of text: a mark holds the words that lie in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from genlab_widgets.projects.pages import format as formats
from genlab_widgets.projects.pages import order
from genlab_widgets.projects.pages.boxes import Box, turned
from genlab_widgets.projects.pages.format import Mark, Page
from genlab_widgets.projects.pages.layout import Layout
from genlab_widgets.projects.pages.ocr import word_on

LEAST_COVERED = 0.5
"""Share of a word that must lie in a mark (or of a small mark that must lie in a word)."""


class Unread(NamedTuple):
    """A mark that holds no word, and why."""

    id: str
    labels: tuple[str, ...]
    page: int
    why: str


class Marked(NamedTuple):
    """A mark with its stretches of the text: one, or several where its words are no neighbours in reading order."""

    mark: Mark
    stretches: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a task.

    Attributes:
        layout: Their words in reading order, upright.
        pages: File, size and turn of each page.
        boxes: Box of each word of the layout, on the file as it lies.
    """

    layout: Layout
    pages: tuple[Page, ...]
    boxes: tuple[Box, ...]

    def locate(self, marks: Iterable[Mark]) -> tuple[list[Marked], list[Unread]]:
        """Gives each word to the mark that covers most of it; marks of different controls do not compete."""
        located: list[Marked] = []
        unread: list[Unread] = []
        by_control: dict[str, list[Mark]] = defaultdict(list)
        for mark in marks:
            by_control[mark.from_name].append(mark)
        for listed in by_control.values():
            held = self._words_of(listed)
            for number, mark in enumerate(listed):
                if held[number]:
                    located.append(Marked(mark, self._stretches(held[number])))
                else:
                    unread.append(Unread(mark.id, tuple(mark.labels), mark.page, self._why(mark)))
        return located, unread

    def _words_of(self, marks: Sequence[Mark]) -> dict[int, list[int]]:
        """Returns the words of each mark, by their places in the layout."""
        on_page: dict[int, list[tuple[int, Box]]] = defaultdict(list)
        for number, mark in enumerate(marks):
            if 0 <= mark.page < len(self.pages):
                page = self.pages[mark.page]
                on_page[mark.page].append((number, mark.box.scaled(page.width / 100, page.height / 100)))
        held: dict[int, list[int]] = defaultdict(list)
        for place, (word, box) in enumerate(zip(self.layout.words, self.boxes, strict=True)):
            claims = ((drawn.covered(box), -drawn.area, -number) for number, drawn in on_page[word.page])
            share, _, number = max(claims, default=(0.0, 0.0, 0))
            if share >= LEAST_COVERED:
                held[-number].append(place)
        return held

    def _stretches(self, places: Sequence[int]) -> tuple[tuple[int, int], ...]:
        runs: list[list[int]] = []
        for place in places:
            if runs and runs[-1][-1] == place - 1:
                runs[-1].append(place)
            else:
                runs.append([place])
        starts, words = self.layout.starts, self.layout.words
        return tuple((starts[run[0]], starts[run[-1]] + len(words[run[-1]].text)) for run in runs)

    def _why(self, mark: Mark) -> str:
        if not 0 <= mark.page < len(self.pages):
            return f"lies on page {mark.page + 1}, and the task has {len(self.pages)}"
        box = mark.box.upright
        if box.x >= 100 or box.y >= 100 or box.x + box.width <= 0 or box.y + box.height <= 0:
            return "lies outside the page"
        return "covers no word"


def read(raw: dict[str, Any], data: dict[str, Any]) -> Pages:
    """Reads the pages of a task, whose words stand in ``data.ocr_text``.

    A page whose size nothing tells has that of another page of its task; where none is known, there are no words,
    because nothing would tell where these lie.

    Raises:
        TypeError: A field has the wrong shape.
        ValueError: A box is damaged.
    """
    shapes, known = formats.shapes(raw), formats.read_pages(data)
    given = formats.words_by_page(data)
    usual = next(iter(shapes.values()), formats.Shape(0, 0, 0))
    pages, words, boxes = [], [], []
    for number in range(max(len(given), len(known))):
        found = list(formats.read_words((given[number] if number < len(given) else None) or []))
        page = known[number] if number < len(known) else Page()
        if not page.width and shapes:  # nothing tells but its neighbours
            page = page._replace(width=usual.width, height=usual.height)
        page = sized(page, shapes.get(number), [box for _, box in found])
        pages.append(page)
        for text, box in found if page.width > 0 else ():
            upright = turned(box.upright, page.turn, page.width, page.height)
            size = (page.height, page.width) if page.turn % 2 else (page.width, page.height)
            words.append(word_on(text, upright, *size, number))
            boxes.append(box.upright)
    lines = order.lines(words)
    layout = Layout.of([words[index] for index in line] for line in lines)
    return Pages(layout, tuple(pages), tuple(boxes[index] for line in lines for index in line))


def sized(page: Page, shape: formats.Shape | None, boxes: Sequence[Box]) -> Page:
    """Returns a page with the size in which its words count: what regions say, else the file's.

    Exports count words of a large scan on a smaller picture of it: where words lie beyond the file's edges, its
    proportions are kept and its size is raised until all fit.
    """
    if shape is not None:
        return page._replace(width=shape.width, height=shape.height, turn=shape.turn or page.turn)
    if not page.width or not page.height:
        return page
    right = max((box.upright.x + box.upright.width for box in boxes), default=0.0) / page.width
    bottom = max((box.upright.y + box.upright.height for box in boxes), default=0.0) / page.height
    factor = max(right, bottom)
    if factor <= _ROUGHLY:
        return page
    return page._replace(width=page.width * factor, height=page.height * factor)


_ROUGHLY = 1.05
"""Boxes of words may reach over the edge a little."""
