"""A linear-chain CRF on words and their shapes: any language, no download, seconds to train.

Word, lower-case word, shape and affixes in a window of two; c1 = c2 = 0.1 as in sklearn-crfsuite's tutorial. L-BFGS
starts from zero, so training is deterministic. It is the baseline beside every NER model, a part of the fine-tuned ones
(as features), and a model of its own (:mod:`genlab_widgets.training.trainers.crf`).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from genlab_widgets.training.dataset import OUTSIDE, Example, Sentence, Span, spans_from_tags

if TYPE_CHECKING:
    from sklearn_crfsuite import CRF

MOST_TOKENS = 300_000
"""Training rows beyond this are left out by the seed: a minute is the most that a baseline may take."""
MOST_TOKENS_ALONE = 3_000_000
"""The same where it is the model itself: some ten minutes and 6 GB."""
ITERATIONS = 100
USUAL_TAGS = 41
"""Tags of twenty labels. A CRF of more has less to learn from: a pass costs crfsuite tokens x tags^2."""
_FEWEST_TOKENS, _FEWEST_PASSES = 30_000, 25
"""What a CRF of hundreds of labels keeps; one that costs more even so is left to those who ask for it."""
AFFIXES = (2, 3, 4)
_WINDOW = (-2, -1, 1, 2)
_REPEATED = re.compile(r"(.)\1+")


class Effort(NamedTuple):
    """What a CRF may learn from.

    Attributes:
        tokens: Most tokens.
        passes: Most passes of L-BFGS over them.
        affordable: Whether so much costs no more than a CRF of twenty labels on the most tokens.
    """

    tokens: int
    passes: int
    affordable: bool


def effort(tokens: int, tags: int, most: int = MOST_TOKENS, passes: int = ITERATIONS) -> Effort:
    """Returns what a CRF of so many tags may learn from: fewer tokens first, then fewer passes.

    Args:
        tokens: Tokens of the training rows.
        tags: Tags with ``O``.
        most: Most tokens of up to twenty labels.
        passes: Most passes.
    """
    dearer = max(1.0, (tags / USUAL_TAGS) ** 2)
    kept = min(tokens, max(int(most / dearer), min(most, _FEWEST_TOKENS)))
    within = int(most * max(passes, ITERATIONS) / (max(kept, 1) * dearer))
    fewest = min(passes, _FEWEST_PASSES)
    return Effort(kept, max(fewest, min(passes, within)), within >= fewest)


def effort_on(sentences: Sequence[Sentence], most: int = MOST_TOKENS, passes: int = ITERATIONS) -> Effort:
    """Returns what a CRF may learn from of these sentences; see :func:`effort`."""
    tokens = sum(len(sentence.tokens) for sentence in sentences)
    return effort(tokens, tags_in([sentence.tags for sentence in sentences]), most, passes)


def tags_in(sentences: Sequence[Sequence[str]]) -> int:
    """Counts the tags of sentences, ``O`` included."""
    return len({OUTSIDE, *(tag for tags in sentences for tag in tags)})


def learn(
    sentences: Sequence[Sentence],
    seed: int,
    seen: Callable[[Sentence], list[list[str]]] | None = None,
    iterations: int = ITERATIONS,
    heard: Callable[[int, float], None] | None = None,
    most: int = MOST_TOKENS,
) -> CRF | None:
    """Trains a CRF; None where there is no entity to learn from.

    Args:
        sentences: Sentences with BIO tags.
        seed: Chooses the sentences when there are more than ``most`` tokens.
        seen: Features of each word of a sentence; :func:`features` without.
        iterations: Most passes of L-BFGS over the sentences.
        heard: Gets the number and the loss of each finished pass.
        most: Most tokens, of up to twenty labels.
    """
    spent = effort_on(sentences, most, iterations)
    kept = _capped([sentence for sentence in sentences if sentence.tokens], seed, spent.tokens)
    if not any(tag != OUTSIDE for sentence in kept for tag in sentence.tags):
        return None
    model = untrained(spent.passes, None if heard is None else _told(heard))
    # Generators: crfsuite copies each sequence, so the Python features of only one need to exist at a time.
    found = seen or _seen
    model.fit((found(sentence) for sentence in kept), (sentence.tags for sentence in kept))
    return model


def untrained(iterations: int = ITERATIONS, trainer: type[Any] | None = None) -> CRF:
    """Returns a CRF that has learned nothing yet.

    Args:
        iterations: Most passes of L-BFGS.
        trainer: A trainer of crfsuite's that says how far it is.
    """
    from sklearn_crfsuite import CRF

    return CRF(
        algorithm="lbfgs",
        c1=0.1,
        c2=0.1,
        max_iterations=iterations,
        all_possible_transitions=False,
        trainer_cls=trainer,
    )


def tagged(
    model: CRF, sentences: Sequence[Sentence], seen: Callable[[Sentence], list[list[str]]] | None = None
) -> list[list[str]]:
    """Returns the tags that a CRF gives the words of sentences; ``seen`` as it has learned with."""
    return [list(model.predict_single((seen or _seen)(sentence))) for sentence in sentences]


def predict(
    model: CRF,
    examples: Sequence[Example],
    sentences: Sequence[Sentence],
    seen: Callable[[Sentence], list[list[str]]] | None = None,
) -> list[Example]:
    """Returns examples with the spans that a CRF finds in their sentences."""
    spans: dict[int, list[Span]] = {item.task_id: [] for item in examples}
    for sentence, tags in zip(sentences, tagged(model, sentences, seen), strict=True):
        spans[sentence.task_id] += spans_from_tags(sentence.tokens, tags)
    return [item.with_spans(spans[item.task_id]) for item in examples]


def _seen(sentence: Sentence) -> list[list[str]]:
    return features([token.text for token in sentence.tokens])


def features(words: Sequence[str], more: Sequence[Sequence[str]] = ()) -> list[list[str]]:
    """Returns the features of each word of a sentence, as names that are either there or not.

    Args:
        words: The words.
        more: Further features of each word.
    """
    lowered = [word.lower() for word in words]
    shapes = [shape(word) for word in words]
    found = [_features(index, words, lowered, shapes) for index in range(len(words))]
    return [[*own, *added] for own, added in zip(found, more, strict=True)] if more else found


def _features(index: int, words: Sequence[str], lowered: Sequence[str], shapes: Sequence[str]) -> list[str]:
    word = words[index]
    found = [
        "bias",
        f"w={word}",
        f"l={lowered[index]}",
        f"s={shapes[index]}",
        f"z={folded(shapes[index])}",
    ]
    for length in AFFIXES:
        if len(word) > length:
            found += (f"p{length}={lowered[index][:length]}", f"e{length}={lowered[index][-length:]}")
    for offset in _WINDOW:
        place = index + offset
        if 0 <= place < len(words):
            found += (f"{offset}l={lowered[place]}", f"{offset}s={shapes[place]}", f"{offset}e={lowered[place][-3:]}")
        else:
            found.append(f"{offset}none")
    return found


def shape(word: str) -> str:
    """Returns ``Xx0`` for letters and digits, other signs as they are: ``B-12`` gives ``X-00``."""
    return "".join(
        "X" if sign.isupper() else "x" if sign.isalpha() else "0" if sign.isdigit() else sign for sign in word
    )


def folded(word: str) -> str:
    """Returns a word with one sign for each run of equal ones: ``Xxxx-00`` gives ``Xx-0``."""
    return _REPEATED.sub(r"\1", word)


def _capped(sentences: list[Sentence], seed: int, most: int) -> list[Sentence]:
    if sum(len(sentence.tokens) for sentence in sentences) <= most:
        return sentences
    shuffled = sentences[:]
    random.Random(seed).shuffle(shuffled)
    kept: list[Sentence] = []
    tokens = 0
    for sentence in shuffled:
        tokens += len(sentence.tokens)
        if tokens > most:
            break
        kept.append(sentence)
    return kept


def _told(heard: Callable[[int, float], None]) -> type[Any]:
    """Returns crfsuite's trainer with a listener in place of what it prints."""
    import pycrfsuite

    class Told(pycrfsuite.Trainer):  # type: ignore[misc]  # a compiled class without types
        def message(self, message: str) -> None:
            if self.logparser.feed(message) == "iteration":
                heard(int(self.logparser.last_iteration["num"]), float(self.logparser.last_iteration["loss"]))

    return Told
