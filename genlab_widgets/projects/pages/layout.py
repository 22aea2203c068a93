"""A task of pages as a text with a layout: each word of the text knows its box.

Words stand in reading order, words of a line joined by a blank, lines by a line end. So a region on a page is one span
of the text (or several), and selection, split, readiness and benchmark need to know nothing of pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from genlab_widgets.projects.pages import order


class Word(NamedTuple):
    """A word on a page. Box in shares of the page's width and height (0..1); ``page`` counts from 0."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    page: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """Words in reading order, with their places in the text.

    Attributes:
        words: The words; none holds white space.
        starts: Code point of each word in :attr:`text`.
        lines: Number of the line of each word, counted from 0 over all pages.
        text: The words joined.
    """

    words: tuple[Word, ...]
    starts: tuple[int, ...]
    lines: tuple[int, ...]
    text: str

    @classmethod
    def of(cls, lines: Iterable[Sequence[Word]]) -> Layout:
        """Joins lines of words that stand in reading order; lines without words do not count."""
        kept = [line for line in lines if line]
        numbered = [(number, word) for number, line in enumerate(kept) for word in line]
        starts, place = [], 0
        for _, word in numbered:
            starts.append(place)
            place += len(word.text) + 1
        text = "\n".join(" ".join(word.text for word in line) for line in kept)
        return cls(tuple(word for _, word in numbered), tuple(starts), tuple(number for number, _ in numbered), text)


def in_order(words: Sequence[Word]) -> Layout:
    """Returns the layout of words that come in any order, page by page."""
    return Layout.of([words[index] for index in line] for line in order.lines(words))
