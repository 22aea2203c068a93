"""The cheap baseline that stands beside every NER result: a linear-chain CRF, trained in seconds.

Word, lower-case word, shape and affixes in a window of two, and on pages the word's place; c1 = c2 = 0.1 as in
sklearn-crfsuite's tutorial. L-BFGS starts from zero, so training is deterministic.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING

from genlab_widgets.training.dataset import OUTSIDE, Example, Sentence, Span, build, spans_from_tags
from genlab_widgets.training.tokens import Token

if TYPE_CHECKING:
    from genlab_widgets.projects.pages.layout import Layout

MOST_TOKENS = 300_000
"""Training rows beyond this are left out by the seed: a minute is the most that a baseline may take."""
_ITERATIONS = 100
_AFFIXES = (2, 3, 4)
_WINDOW = (-2, -1, 1, 2)
_LINES_COUNTED = 15
"""Lines from an edge of the page that are told apart."""
_REPEATED = re.compile(r"(.)\1+")
_ONCE = r"\1"


def crf(train: Sequence[Example], test: Sequence[Example], seed: int = 42) -> list[Example]:
    """Trains on the training examples and predicts the test examples.

    Args:
        train: Examples with gold spans.
        test: Examples to predict; their spans are not looked at.
        seed: Chooses the rows when there are more than :data:`MOST_TOKENS` tokens.

    Returns:
        The test examples, in their order, with predicted spans. Without any span to learn from, all are empty.
    """
    from sklearn_crfsuite import CRF

    sentences = _capped(build(train)[0], seed)
    if not any(tag != OUTSIDE for sentence in sentences for tag in sentence.tags):
        return [item.with_spans(()) for item in test]
    model = CRF(algorithm="lbfgs", c1=0.1, c2=0.1, max_iterations=_ITERATIONS, all_possible_transitions=False)
    # Generators: crfsuite copies each sequence, so the Python features of only one need to exist at a time.
    places = places_on_pages([*train, *test])

    def seen(sentence: Sentence) -> list[list[str]]:
        return features(sentence.tokens, places.get(sentence.task_id, {}))

    model.fit((seen(sentence) for sentence in sentences), (sentence.tags for sentence in sentences))
    spans: dict[int, list[Span]] = defaultdict(list)
    for sentence in build(item.with_spans(()) for item in test)[0]:
        tags = model.predict_single(seen(sentence))
        spans[sentence.task_id].extend(spans_from_tags(sentence.tokens, tags))
    return [item.with_spans(spans[item.task_id]) for item in test]


def places_on_pages(examples: Sequence[Example]) -> dict[int, dict[int, list[str]]]:
    """Returns the features that places on pages give, by task id and start of the word in the text.

    Tenths of the page, its lines counted from the top and from the bottom, begin and end of a line, height against the
    page's usual one.
    """
    return {item.task_id: _places(item.layout) for item in examples if item.layout is not None}


def features(tokens: Sequence[Token], places: Mapping[int, Sequence[str]] | None = None) -> list[list[str]]:
    """Returns the features of each token of a sentence, as names that are either there or not.

    Args:
        tokens: The tokens.
        places: Further features, by start of the token in the text.
    """
    words = [token.text for token in tokens]
    lowered = [word.lower() for word in words]
    shapes = [_shape(word) for word in words]
    more = places or {}
    return [
        [*_features(index, words, lowered, shapes), *more.get(token.start, ())] for index, token in enumerate(tokens)
    ]


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


def _features(index: int, words: Sequence[str], lowered: Sequence[str], shapes: Sequence[str]) -> list[str]:
    word = words[index]
    found = [
        "bias",
        f"w={word}",
        f"l={lowered[index]}",
        f"s={shapes[index]}",
        f"z={_REPEATED.sub(_ONCE, shapes[index])}",
    ]
    for length in _AFFIXES:
        if len(word) > length:
            found += (f"p{length}={lowered[index][:length]}", f"e{length}={lowered[index][-length:]}")
    for offset in _WINDOW:
        place = index + offset
        if 0 <= place < len(words):
            found += (f"{offset}l={lowered[place]}", f"{offset}s={shapes[place]}", f"{offset}e={lowered[place][-3:]}")
        else:
            found.append(f"{offset}none")
    return found


def _shape(word: str) -> str:
    """Returns ``Xx0`` for letters and digits, other signs as they are: ``B-12`` gives ``X-00``."""
    return "".join(
        "X" if sign.isupper() else "x" if sign.isalpha() else "0" if sign.isdigit() else sign for sign in word
    )


def _capped(sentences: list[Sentence], seed: int) -> list[Sentence]:
    if sum(len(sentence.tokens) for sentence in sentences) <= MOST_TOKENS:
        return sentences
    shuffled = sentences[:]
    random.Random(seed).shuffle(shuffled)
    kept: list[Sentence] = []
    tokens = 0
    for sentence in shuffled:
        tokens += len(sentence.tokens)
        if tokens > MOST_TOKENS:
            break
        kept.append(sentence)
    return kept
