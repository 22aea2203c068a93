"""A CRF on word pieces, whose scores are added to the transformer's: the small terms that repeat are its strength.

All features of a word are functions of its first and its last piece and of those of the two words on each side. So the
trained weights add up to one table for each side and distance, and the exported graph looks the scores up by piece id:
the saved model stays one ``BertForTokenClassification``. Trained like the baseline
(:mod:`genlab_widgets.training.word_crf`), by L-BFGS from zero, so it is deterministic.

Measured, entity F1 (one seed): ``contracts_ner`` transformer 0.800, sum of both 0.852; ``tweets_ner`` 0.700 and 0.709.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.dataset import OUTSIDE
from genlab_widgets.training.finetune.wordpieces import CONTINUED, Vocabulary
from genlab_widgets.training.word_crf import AFFIXES, effort, folded, shape, tags_in, untrained

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FIRST, LAST, TRANSITIONS = "lexical.first", "lexical.last", "lexical.transitions"
"""Names of the tables: by distance, piece and tag; the row behind the last piece is where no word is."""
TABLES = (FIRST, LAST)
DISTANCES = (-2, -1, 0, 1, 2)
MOST_BYTES = 400_000_000
"""Of the tables in the saved model: ONNX holds no file of 2 GB, and the encoder has its weights in there, too."""


def refusal(vocabulary: Vocabulary, tags: Sequence[Sequence[str]]) -> str:
    """Returns why no CRF stands beside the transformer; empty where one does.

    Args:
        vocabulary: The word pieces.
        tags: The tags of the training sentences.
    """
    count, words = tags_in(tags), sum(map(len, tags))
    if not effort(words, count).affordable:
        return f"{count:,} tags would take it too long"
    if table_bytes(len(vocabulary.pieces), count) > MOST_BYTES:
        return f"the tables of {count:,} tags would make the model too large"
    return ""


def train(
    vocabulary: Vocabulary,
    sentences: Sequence[Sequence[str]],
    tags: Sequence[Sequence[str]],
    names: Sequence[str],
    seed: int,
) -> dict[str, NDArray[Any]]:
    """Trains the CRF and returns its tables.

    Args:
        vocabulary: The word pieces.
        sentences: Tokens by sentence.
        tags: One BIO tag a token.
        names: Tags in the order of the tables' last axis.
        seed: Chooses the sentences when there are more tokens than a CRF of so many tags learns from.

    Returns:
        ``FIRST`` and ``LAST`` (distances x pieces + 1 x tags, float16) and ``TRANSITIONS`` (before x after, float32).
    """
    rows = _rows(vocabulary, sentences, tags)
    spent = effort(sum(len(ends) for ends, _ in rows), tags_in(tags))
    rows = _capped(rows, seed, spent.tokens)
    if not any(tag != OUTSIDE for _, tagged in rows for tag in tagged):
        return _tables(vocabulary, {}, {}, names)
    model = untrained(spent.passes)
    model.fit((_features(vocabulary, ends) for ends, _ in rows), (tagged for _, tagged in rows))
    return _tables(vocabulary, model.state_features_, model.transition_features_, names)


def table_bytes(pieces: int, tags: int) -> int:
    """Returns what the tables of so many tags add to a saved model."""
    return 2 * len(TABLES) * len(DISTANCES) * (pieces + 1) * tags


def scores(tables: Mapping[str, Any], ends: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
    """Returns the scores of a row of words (words x tags).

    Args:
        tables: What :func:`train` returned.
        ends: Ids of the first and the last piece of each word.
    """
    import numpy as np

    nowhere = tables[FIRST].shape[1] - 1
    reach = max(DISTANCES)
    total = np.zeros((len(ends), tables[FIRST].shape[2]), "float32")
    for side, table in enumerate((tables[FIRST], tables[LAST])):
        ids = np.pad(np.asarray([pair[side] for pair in ends], "int64"), reach, constant_values=nowhere)
        for place, distance in enumerate(DISTANCES):
            start = reach + distance
            total += np.asarray(table[place])[ids[start : start + len(ends)]].astype("float32")
    return total


def _rows(
    vocabulary: Vocabulary, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]]
) -> list[tuple[list[tuple[int, int]], list[str]]]:
    """Returns first and last piece and the tag of each word that has pieces."""
    rows = []
    for words, tagged in zip(sentences, tags, strict=True):
        pieces = [vocabulary.encode(word) for word in words]
        ends = [(found[0], found[-1]) for found in pieces if found]
        rows.append((ends, [tag for tag, found in zip(tagged, pieces, strict=True) if found]))
    return [row for row in rows if row[0]]


def _capped(rows: list[Any], seed: int, most: int) -> list[Any]:
    if sum(len(ends) for ends, _ in rows) <= most:
        return rows
    shuffled = random.Random(seed).sample(rows, len(rows))
    kept, tokens = [], 0
    for row in shuffled:
        tokens += len(row[0])
        if tokens > most:
            break
        kept.append(row)
    return kept


def _features(vocabulary: Vocabulary, ends: Sequence[tuple[int, int]]) -> list[list[str]]:
    pieces = [(vocabulary.pieces[first], vocabulary.pieces[last]) for first, last in ends]
    found = []
    for place in range(len(pieces)):
        names: list[str] = []
        for distance in DISTANCES:
            if 0 <= place + distance < len(pieces):
                first, last = pieces[place + distance]
                names += [*_of_first(distance, first), *_of_last(distance, last)]
            else:
                names.append(f"{distance}none")
        found.append(names)
    return found


def _of_first(distance: int, piece: str) -> Iterator[str]:
    """Yields what is known of a word by its first piece; more of the word itself than of its neighbours."""
    lowered, outline = piece.lower(), shape(piece)
    yield from (f"{distance}l={lowered}", f"{distance}s={outline}")
    if distance == 0:
        yield from ("bias", f"w={piece}", f"z={folded(outline)}")
        yield from (f"p{length}={lowered[:length]}" for length in AFFIXES if len(piece) > length)


def _of_last(distance: int, piece: str) -> Iterator[str]:
    """Yields what is known of a word by its last piece."""
    letters = piece.removeprefix(CONTINUED)
    lowered = letters.lower()
    yield from (f"{distance}e={piece.lower()}", f"{distance}f={lowered[-3:]}")
    if distance == 0:
        yield from (f"x={piece}", f"t={shape(letters)}")
        yield from (f"e{length}={lowered[-length:]}" for length in AFFIXES if len(letters) > length)


def _tables(
    vocabulary: Vocabulary,
    states: Mapping[tuple[str, str], float],
    transitions: Mapping[tuple[str, str], float],
    names: Sequence[str],
) -> dict[str, NDArray[Any]]:
    import numpy as np

    number = {name: place for place, name in enumerate(names)}
    weights: dict[str, NDArray[np.float32]] = {}
    for (feature, tag), weight in states.items():
        weights.setdefault(feature, np.zeros(len(names), "float32"))[number[tag]] = weight
    size = (len(DISTANCES), len(vocabulary.pieces) + 1, len(names))
    first, last = np.zeros(size, "float32"), np.zeros(size, "float32")
    for place, distance in enumerate(DISTANCES):
        for row, piece in enumerate(vocabulary.pieces):
            for table, features in ((first, _of_first), (last, _of_last)):
                for feature in features(distance, piece):
                    if feature in weights:
                        table[place, row] += weights[feature]
        first[place, -1] = weights.get(f"{distance}none", 0.0)
    pairs = np.zeros((len(names), len(names)), "float32")
    for (before, after), weight in transitions.items():
        pairs[number[before], number[after]] = weight
    # Half precision halves the file; training side and graph add up the same rounded numbers.
    return {FIRST: first.astype("float16"), LAST: last.astype("float16"), TRANSITIONS: pairs}
