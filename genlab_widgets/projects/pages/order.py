"""Reading order of the words on a page, whatever the skew of the scan and the number of its columns.

A page is levelled first: the slope of its lines is the median of the slopes between neighbours on a line. Words are
then chained to lines from left to right, so that a line may also bend. Last, columns: lines in a row that leave the
same wide stretch empty are read side by side, but only where both sides are prose. A receipt's "item ... price" is not.
(The recursive XY cut of Nagy and Seth, 1984, on lines instead of pixels.)
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from genlab_widgets.projects.pages.layout import Word

_LETTER_PROPORTION = 0.45
"""Width of a letter by the height of its line, in pixels: tells a page's proportions without its size."""
_NEIGHBOUR_LETTERS = 5.0
"""Words of a line that stand further apart say little of its slope."""
_GUTTER_LETTERS = 2.5
"""Least width of the empty stretch between two columns."""
_COLUMN_LINES = 4
_COLUMN_WORDS = 2.5
"""Words that a line of a column has, on average; labels and values of a form have fewer."""
_COLUMN_PROSE = 0.6
"""Share of a column's words that begin with a letter; columns of prices and amounts have fewer."""
_Interval = tuple[float, float]


class _Box(NamedTuple):
    """A word on the levelled page."""

    place: int
    left: float
    right: float
    middle: float
    height: float
    is_prose: bool


def lines(words: Sequence[Word]) -> list[list[int]]:
    """Returns the indexes of the words, line by line in reading order, page by page."""
    by_page: dict[int, list[int]] = defaultdict(list)
    for index, word in enumerate(words):
        by_page[word.page].append(index)
    return [
        [box.place for box in line]
        for page in sorted(by_page)
        for line in _page([(i, words[i]) for i in by_page[page]])
    ]


def slope(words: Sequence[Word]) -> float:
    """Returns how far lines sink on their way over the page, in shares of its height; 0 where nothing tells."""
    letter, _ = _letter(words)
    found = 0.0
    for _ in range(2):  # once levelled, neighbours that the slope hid are seen
        found = _slope_between_neighbours(words, found, letter)
    return found


def _page(words: Sequence[tuple[int, Word]]) -> list[list[_Box]]:
    alone = [word for _, word in words]
    sink, (letter, proportion) = slope(alone), _letter(alone)
    lean = sink * proportion**2  # the same angle, for what stands upright on the page
    boxes = []
    for index, word in words:
        across, down = (word.left + word.right) / 2, (word.top + word.bottom) / 2
        shift, height = lean * down, word.bottom - word.top
        is_prose = word.text[:1].isalpha()
        boxes.append(_Box(index, word.left + shift, word.right + shift, down - sink * across, height, is_prose))
    return _read(_chained(boxes), letter)


def _letter(words: Sequence[Word]) -> tuple[float, float]:
    """Returns the usual width of a letter, and the page's height by its width as the letters tell it."""
    known = [word for word in words if word.bottom > word.top and word.right > word.left and word.text]
    if not known:
        return 0.01, 1.0
    width = median((word.right - word.left) / len(word.text) for word in known)
    return width, width / median(word.bottom - word.top for word in known) / _LETTER_PROPORTION


def _slope_between_neighbours(words: Sequence[Word], sink: float, letter: float) -> float:
    """Returns the median slope between words and their next neighbours to the right, weighted by distance."""
    ordered = sorted(words, key=lambda word: word.left)
    pairs: list[tuple[float, float]] = []
    for place, word in enumerate(ordered):
        across, down = (word.left + word.right) / 2, (word.top + word.bottom) / 2
        for other in ordered[place + 1 :]:
            if other.left > word.right + _NEIGHBOUR_LETTERS * letter:
                break
            far, deep = (other.left + other.right) / 2 - across, (other.top + other.bottom) / 2 - down
            least = min(word.bottom - word.top, other.bottom - other.top)
            if other.left >= word.right - letter and far > 0 and abs(deep - sink * far) < least / 2:
                pairs.append((deep / far, far))
                break
    pairs.sort()
    half, reached = sum(weight for _, weight in pairs) / 2, 0.0
    for value, weight in pairs:
        reached += weight
        if reached >= half:
            return value
    return sink


def _chained(boxes: Sequence[_Box]) -> list[list[_Box]]:
    """Chains boxes to lines from left to right: each goes on with the line whose last word is level with it."""
    if not boxes:
        return []
    usual = median(box.height for box in boxes)
    chains: list[list[_Box]] = []
    for box in sorted(boxes, key=lambda box: (box.left, box.middle)):
        best, least = None, 0.0
        for chain in chains:
            last = chain[-1]
            apart = abs(last.middle - box.middle)
            level = apart <= max(min(last.height, box.height), usual / 2) / 2
            if level and box.left >= (last.left + last.right) / 2 and (best is None or apart < least):
                best, least = chain, apart
        if best is None:
            chains.append([box])
        else:
            best.append(box)
    return sorted(chains, key=lambda chain: (sum(box.middle for box in chain) / len(chain), chain[0].left))


def _read(rows: list[list[_Box]], letter: float) -> list[list[_Box]]:
    """Reads lines from top to bottom, and the columns among them one after the other."""
    found = _columns(rows, _GUTTER_LETTERS * letter)
    if found is None:
        return rows
    first, end, gutter = found
    sides = [[part for row in rows[first:end] if (part := _side(row, gutter, right))] for right in (False, True)]
    return [
        *_read(rows[:first], letter),
        *(line for side in sides for line in _read(side, letter)),
        *_read(rows[end:], letter),
    ]


def _side(row: Sequence[_Box], gutter: _Interval, right: bool) -> list[_Box]:
    return [box for box in row if (box.left >= gutter[1]) is right]


def _columns(rows: Sequence[Sequence[_Box]], least: float) -> tuple[int, int, _Interval] | None:
    """Returns the longest run of lines that are two columns, and the gutter between them."""
    empty = [_gaps(row) for row in rows]
    found: tuple[int, int, _Interval] | None = None
    longest = _COLUMN_LINES - 1
    for first in range(len(rows) - longest):
        gaps = _wide(empty[first], least)
        for end in range(first + 1, len(rows) + 1):
            further = _wide(_shared(gaps, empty[end]), least) if end < len(rows) else []
            if end - first > longest:
                ending = (gap for gap in gaps if not _shared([gap], further))
                gutter = next((gap for gap in ending if _parts_columns(rows[first:end], gap)), None)
                if gutter is not None:
                    found, longest = (first, end, gutter), end - first
            gaps = further
            if not gaps:
                break
    return found


def _wide(gaps: Sequence[_Interval], least: float) -> list[_Interval]:
    return [gap for gap in gaps if gap[1] - gap[0] >= least]


def _gaps(row: Sequence[_Box]) -> list[_Interval]:
    """Returns the stretches that a line leaves empty, from the left to the right."""
    gaps, reached = [], float("-inf")
    for box in row:
        if box.left > reached:
            gaps.append((reached, box.left))
        reached = max(reached, box.right)
    return [*gaps, (reached, float("inf"))]


def _shared(one: Sequence[_Interval], other: Sequence[_Interval]) -> list[_Interval]:
    both = ((max(a[0], b[0]), min(a[1], b[1])) for a in one for b in other)
    return [gap for gap in both if gap[1] > gap[0]]


def _parts_columns(rows: Sequence[Sequence[_Box]], gutter: _Interval) -> bool:
    if gutter[0] == float("-inf") or gutter[1] == float("inf"):  # the margin of all these lines
        return False
    return all(_is_column([part for row in rows if (part := _side(row, gutter, right))]) for right in (False, True))


def _is_column(rows: Sequence[Sequence[_Box]]) -> bool:
    words = [box for row in rows for box in row]
    if len(rows) < _COLUMN_LINES or len(words) < _COLUMN_WORDS * len(rows):
        return False
    return sum(box.is_prose for box in words) >= _COLUMN_PROSE * len(words)
