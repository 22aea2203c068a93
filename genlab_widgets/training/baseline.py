"""The cheap baseline that stands beside every NER result: a linear-chain CRF, trained in seconds.

On pages its features also say where a word stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from genlab_widgets.training import word_crf
from genlab_widgets.training.dataset import Example, Sentence, build

if TYPE_CHECKING:
    from genlab_widgets.projects.pages.layout import Layout

_LINES_COUNTED = 15
"""Lines from an edge of the page that are told apart."""


def crf(train: Sequence[Example], test: Sequence[Example], seed: int = 42) -> list[Example]:
    """Trains on the training examples and predicts the test examples.

    Args:
        train: Examples with gold spans.
        test: Examples to predict; their spans are not looked at.
        seed: Chooses the rows when there are more than :data:`word_crf.MOST_TOKENS` tokens.

    Returns:
        The test examples, in their order, with predicted spans. Without any span to learn from, all are empty.
    """
    places = places_on_pages([*train, *test])

    def seen(sentence: Sentence) -> list[list[str]]:
        return word_crf.features([token.text for token in sentence.tokens], _of(places, sentence))

    model = word_crf.learn(build(train)[0], seed, seen)
    if model is None:
        return [item.with_spans(()) for item in test]
    return word_crf.predict(model, test, build(item.with_spans(()) for item in test)[0], seen)


def _of(places: dict[int, dict[int, list[str]]], sentence: Sentence) -> list[list[str]]:
    """Returns the features of the places of a sentence's words."""
    known = places.get(sentence.task_id, {})
    return [known.get(token.start, []) for token in sentence.tokens]


def places_on_pages(examples: Sequence[Example]) -> dict[int, dict[int, list[str]]]:
    """Returns the features that places on pages give, by task id and start of the word in the text.

    Tenths of the page, its lines counted from the top and from the bottom, begin and end of a line, height against the
    page's usual one.
    """
    return {item.task_id: _places(item.layout) for item in examples if item.layout is not None}


def _places(layout: Layout) -> dict[int, list[str]]:
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for word, line in zip(layout.words, layout.lines, strict=True):
        first[word.page] = min(first.get(word.page, line), line)
        last[word.page] = max(last.get(word.page, line), line)
    usual = median(word.bottom - word.top for word in layout.words) if layout.words else 0.0
    found = {}
    for index, (word, start, line) in enumerate(zip(layout.words, layout.starts, layout.lines, strict=True)):
        around = [layout.lines[place] if 0 <= place < len(layout.lines) else -1 for place in (index - 1, index + 1)]
        height = round(2 * (word.bottom - word.top) / usual) if usual else 0
        found[start] = [
            f"left={int(10 * word.left)}",
            f"right={int(10 * word.right)}",
            f"down={int(10 * word.top)}",
            f"top={min(line - first[word.page], _LINES_COUNTED)}",
            f"bottom={min(last[word.page] - line, _LINES_COUNTED)}",
            f"height={min(height, 6)}",
            f"begins={line != around[0]}",
            f"ends={line != around[1]}",
        ]
    return found
