"""Pages for a fine-tuned model: words with their place, look and tags, cut into windows that the encoder can see.

A page is read in reading order. What a word is told beside its word pieces are *channels*: its place on the page, its
line, how often it stands on the page, what it looks like. Each is a step of :data:`STEPS`, which the model embeds. So
training rows and the saved model compute the same from words and boxes alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from genlab_widgets.projects.pages.layout import Word
from genlab_widgets.training import dataset
from genlab_widgets.training.finetune.rows import Row, in_order
from genlab_widgets.training.finetune.wordpieces import END, START, UNKNOWN, Vocabulary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from genlab_widgets.training.dataset import Example
    from genlab_widgets.training.finetune.rows import Batch

STEPS = 64
"""Steps of a channel: a narrower place tells more than a few hundred pages can teach."""
CHANNELS = ("left", "right", "centre", "height", "from_top", "from_bottom", "repeats", "rank", "look")
_PREDICTION_BATCH = 4
_MEDIAN_HEIGHT = 16
"""Step of a word as high as the page's median word."""
_MOST_PIECES = 48
"""Of one word: what follows in a longer one (a link, a row of dots) tells nothing new."""
_NUMBER = re.compile(r"\W{0,3}(?:[A-Za-z]{1,3}\W?)?(\d[\d.,']*\d|\d)\W?(?:[A-Za-z]{1,3})?\W?")
_MONEY = re.compile(r"[.,]\d{2}$")
_DATE = re.compile(r"\d{1,4}[-/.]\w{1,3}[-/.]\d{2,4}")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a task.

    Attributes:
        words: Its words in reading order.
        lines: Number of each word's line, growing.
        tags: One BIO tag a word; empty where none are known.
        task_id: Its task.
        first: Place of its first word among all words of the task.
    """

    words: tuple[Word, ...]
    lines: tuple[int, ...]
    tags: tuple[str, ...] = ()
    task_id: int = 0
    first: int = 0


class Window(NamedTuple):
    """Words that go through the encoder together, and those of them whose scores count (ends exclusive)."""

    start: int
    end: int
    own_start: int
    own_end: int


def pages_of(example: Example) -> list[Page]:
    """Cuts a task with a layout into its pages, words tagged by its spans; pages without words are left out."""
    layout, found, first = example.layout, [], 0
    if layout is None:
        return []
    for sentence in dataset.build([example])[0]:
        end = first + len(sentence.tokens)
        page = Page(layout.words[first:end], layout.lines[first:end], tuple(sentence.tags), example.task_id, first)
        found.append(page)
        first = end
    return found


def channels(page: Page) -> NDArray[np.int32]:
    """Returns the steps of :data:`CHANNELS` for each word (words x channels).

    Places are shares of the box around all words, not of the sheet: how much white a scanner left tells nothing.
    """
    import numpy as np

    boxes = np.asarray([word[1:5] for word in page.words], "float64").reshape(-1, 4)
    low, high = boxes.min(axis=0), boxes.max(axis=0)
    width, height = max(high[2] - low[0], 1e-6), max(high[3] - low[1], 1e-6)
    left, right = ((boxes[:, side] - low[0]) / width for side in (0, 2))
    centre = ((boxes[:, 1] + boxes[:, 3]) / 2 - low[1]) / height
    heights = boxes[:, 3] - boxes[:, 1]
    usual = max(float(np.median(heights)), 1e-6)
    lines = np.asarray(page.lines) - page.lines[0]
    found = np.stack(
        [
            *(share * (STEPS - 1) for share in (left, right, centre)),
            heights / usual * _MEDIAN_HEIGHT,
            lines,
            lines[-1] - lines,
            *_of_texts([word.text for word in page.words]),
        ],
        axis=1,
    )
    return np.asarray(np.clip(np.nan_to_num(found), 0, STEPS - 1), "int32")


def alike(text: str) -> str:
    """Returns what two words have in common that count as the same."""
    return text.casefold()


def _of_texts(texts: Sequence[str]) -> list[NDArray[np.float64]]:
    """Returns how often each word stands on the page, its rank among the amounts (0: none), and its look."""
    import numpy as np

    counts = Counter(alike(text) for text in texts)
    amounts = [_amount(text) for text in texts]
    ranked = sorted({amount for amount in amounts if amount is not None}, reverse=True)
    ranks = {amount: place + 1 for place, amount in enumerate(ranked)}
    return [
        np.asarray([counts[alike(text)] for text in texts], "float64"),
        np.asarray([0 if amount is None else ranks[amount] for amount in amounts], "float64"),
        np.asarray([_look(text) for text in texts], "float64"),
    ]


def _amount(text: str) -> float | None:
    """Reads an amount of money: a number with two decimals after a point or a comma; None for any other word."""
    found = _NUMBER.fullmatch(text)
    if found is None or not _MONEY.search(found[1]):
        return None
    digits = re.sub(r"\D", "", found[1])
    return int(digits) / 100 if len(digits) < 16 else None


def _look(text: str) -> int:
    """Numbers what a word looks like: letters, digits, an amount, a date, a time, a mix, signs only."""
    looks = (
        text.isalpha(),
        text.isdigit(),
        _amount(text) is not None,
        _DATE.search(text) is not None,
        re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", text) is not None,
        any(sign.isdigit() for sign in text),
        any(sign.isalpha() for sign in text),
        True,
    )
    return looks.index(True)


def pieces(vocabulary: Vocabulary, page: Page, most: int) -> list[tuple[int, ...]]:
    """Returns the ids of the word pieces of each word, at least one and at most ``most``."""
    unknown = (vocabulary.id_of(UNKNOWN),)
    limit = min(_MOST_PIECES, most)
    return [(vocabulary.encode_whole(word.text) or unknown)[:limit] for word in page.words]


def windows(lengths: Sequence[int], room: int) -> list[Window]:
    """Cuts words into windows of at most ``room`` pieces that overlap by half.

    A word counts where it has most context on both sides: two windows divide what they share in its middle.

    Args:
        lengths: Pieces of each word, none more than ``room``.
        room: Most pieces of a window, [CLS] and [SEP] left out.
    """
    places = [0]
    for length in lengths:
        places.append(places[-1] + length)
    bounds, start = [], 0
    while True:
        end = bisect_right(places, places[start] + room) - 1
        bounds.append((start, end))
        if end >= len(lengths):
            break
        start = max(start + 1, bisect_left(places, (places[start] + places[end]) / 2))
    cuts = [bisect_left(places, (places[after[0]] + places[before[1]]) / 2) for before, after in pairwise(bounds)]
    owned = pairwise([0, *cuts, len(lengths)])
    return [Window(*bound, *own) for bound, own in zip(bounds, owned, strict=True)]


@dataclass(frozen=True)
class Reader:
    """Pages as rows for the encoder, and its scores as those of words; training and saved model share it.

    Attributes:
        vocabulary: Word pieces.
        tags: BIO tags in the order of the scores.
        longest: Most pieces of a row.
    """

    vocabulary: Vocabulary
    tags: tuple[str, ...]
    longest: int

    def rows(self, page: Page) -> list[Row]:
        """Returns the windows of a page as rows.

        The target is -1 where a piece does not count: it is not the first one of a word, or its word counts in another
        window. A region that was cut there has no target in its second part, as no path may begin inside a region;
        without tags the target of what counts is 0.
        """
        import numpy as np

        if not page.words:
            return []
        numbers = {tag: place for place, tag in enumerate(self.tags)}
        parts, steps = pieces(self.vocabulary, page, self.longest - 2), channels(page)
        targets = np.asarray([numbers[tag] for tag in page.tags] or [0] * len(parts), "int32")
        found = []
        for start, end, own_start, own_end in windows([len(part) for part in parts], self.longest - 2):
            ids, words = self._framed(parts[start:end], start)
            while page.tags and own_start < own_end and page.tags[own_start].startswith("I-"):
                own_start += 1
            counted = (words != np.roll(words, 1)) & (words >= own_start) & (words < own_end)
            target = np.where(counted, targets[words], -1).astype("int32")
            places = np.where(words[:, None] >= 0, steps[words], 0)
            found.append(Row(self.vocabulary.base[ids], self.vocabulary.case[ids], words, target, places=places))
        return found

    def _framed(self, parts: Sequence[Sequence[int]], start: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Joins the pieces of a window's words; returns ids and the word of each, -1 for [CLS] and [SEP]."""
        import numpy as np

        ids = [self.vocabulary.id_of(START), *(piece for part in parts for piece in part), self.vocabulary.id_of(END)]
        words = [-1, *(start + place for place, part in enumerate(parts) for _ in part), -1]
        return np.asarray(ids, "int32"), np.asarray(words, "int32")

    def scores(self, pages: Sequence[Page], emit: Callable[[Batch], NDArray[np.float32]]) -> list[NDArray[np.float32]]:
        """Returns the scores of each page's words (words x tags), from the window where a word has most context.

        Args:
            pages: The pages; their tags are not looked at.
            emit: Turns a batch of rows into scores (batch x length x tags).
        """
        import numpy as np

        found = [np.zeros((len(page.words), len(self.tags)), "float32") for page in pages]
        cut = [(row, number) for number, page in enumerate(pages) for row in self.rows(replace(page, tags=()))]
        for places, batch in in_order([row for row, _ in cut], _PREDICTION_BATCH):
            scored = emit(batch)
            for line, place in enumerate(places):
                row, number = cut[place]
                counted = row.target >= 0
                found[number][row.words[counted]] = scored[line, : len(row.ids)][counted]
        return found
