"""The cheap baseline that stands beside every NER result: a linear-chain CRF, trained in seconds.

Word, lower-case word, shape and affixes in a window of two; c1 = c2 = 0.1 as in sklearn-crfsuite's tutorial. L-BFGS
starts from zero, so training is deterministic.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from collections.abc import Sequence

from genlab_widgets.training.dataset import OUTSIDE, Example, Sentence, Span, build, spans_from_tags
from genlab_widgets.training.tokens import Token

MOST_TOKENS = 300_000
"""Training rows beyond this are left out by the seed: a minute is the most that a baseline may take."""
_ITERATIONS = 100
_AFFIXES = (2, 3, 4)
_WINDOW = (-2, -1, 1, 2)
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
        return [Example(item.task_id, item.text, ()) for item in test]
    model = CRF(algorithm="lbfgs", c1=0.1, c2=0.1, max_iterations=_ITERATIONS, all_possible_transitions=False)
    # Generators: crfsuite copies each sequence, so the Python features of only one need to exist at a time.
    model.fit((features(sentence.tokens) for sentence in sentences), (sentence.tags for sentence in sentences))
    spans: dict[int, list[Span]] = defaultdict(list)
    for sentence in build(Example(item.task_id, item.text, ()) for item in test)[0]:
        tags = model.predict_single(features(sentence.tokens))
        spans[sentence.task_id].extend(spans_from_tags(sentence.tokens, tags))
    return [Example(item.task_id, item.text, tuple(spans[item.task_id])) for item in test]


def features(tokens: Sequence[Token]) -> list[list[str]]:
    """Returns the features of each token of a sentence, as names that are either there or not."""
    words = [token.text for token in tokens]
    lowered = [word.lower() for word in words]
    shapes = [_shape(word) for word in words]
    return [_features(index, words, lowered, shapes) for index in range(len(words))]


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
