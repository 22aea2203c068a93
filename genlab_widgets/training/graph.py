"""Which of Spark NLP's NerDL graphs fits: dimension, tags and characters, checked before Spark starts.

Spark NLP 5.5.3 ships twenty graphs (its jar, folder ``ner-dl``). Without a fitting one the training would die after
minutes, inside the JVM.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from genlab_widgets.errors import GraphNotAvailable
from genlab_widgets.training.dataset import OUTSIDE, Sentence

DIMENSIONS = (100, 128, 256, 300, 384, 512, 768, 1024, 2048, 4096)
"""Embeddings dimensions for which the jar has graphs."""
_FEW_TAGS, _MANY_TAGS = 10, 38
_FEW_CHARACTERS, _MANY_CHARACTERS = 120, 200
_UNITS = 128
STAND_IN = "\ufffd"
"""Stands for every rare character where a graph has no place for all of them."""


class Graph(NamedTuple):
    """One shipped graph: its file in the jar, and the most it takes."""

    name: str
    dimension: int
    tags: int
    characters: int


class Demand(NamedTuple):
    """What training rows ask of a graph: tags with ``O``, and distinct characters as Java counts them."""

    tags: int
    characters: int


def shipped(dimension: int) -> list[Graph]:
    """Returns the graphs of one dimension, smallest first; none if the jar has none."""
    if dimension not in DIMENSIONS:
        return []
    many_characters = _FEW_CHARACTERS if dimension in (128, 256) else _MANY_CHARACTERS
    limits = ((_FEW_TAGS, _FEW_CHARACTERS), (_MANY_TAGS, many_characters))
    return [
        Graph(f"ner-dl/blstm_{tags}_{dimension}_{_UNITS}_{characters}.pb", dimension, tags, characters)
        for tags, characters in limits
    ]


def demand(train: Iterable[Sentence]) -> Demand:
    """Counts what the training rows ask for: tags that occur, and characters of tokens in UTF-16 units.

    NerDL sees Java characters, so an emoji counts as its two surrogates.
    """
    tags: set[str] = {OUTSIDE}
    characters: set[str] = set()
    for sentence in train:
        tags.update(sentence.tags)
        for token in sentence.tokens:
            characters.update(token.text)
    return Demand(len(tags), len(_units(characters)))


def _units(characters: Iterable[str]) -> set[int]:
    """Returns the UTF-16 units of characters."""
    units: set[int] = set()
    for character in characters:
        code = ord(character)
        units.update((code,) if code <= 0xFFFF else (0xD800 + ((code - 0x10000) >> 10), 0xDC00 + (code & 0x3FF)))
    return units


class Alphabet(NamedTuple):
    """The characters that a graph learns one by one, where it has no place for all.

    Attributes:
        common: The most frequent ones, as many as fit.
        rare: How many others share one place.
        share: Part of all characters of the training rows that are rare, 0 to 1.
    """

    common: frozenset[str]
    rare: int
    share: float

    def spell(self, word: str) -> str:
        """Returns the word with :data:`STAND_IN` for each rare character."""
        return word if self.common.issuperset(word) else "".join(c if c in self.common else STAND_IN for c in word)


def alphabet(train: Iterable[Sentence], graph: Graph) -> Alphabet | None:
    """Chooses the characters that a graph learns; None where it has a place for each.

    NerDL keeps one place for characters that it has never seen, and one more goes to :data:`STAND_IN`. A saved model
    treats rare characters as never seen, whose place is learned from none: what it knows of such words comes from
    their other characters and from the embeddings, which are never changed.
    """
    counts = Counter(character for sentence in train for token in sentence.tokens for character in token.text)
    if len(_units(counts)) < graph.characters:
        return None
    room = graph.characters - 2
    common: set[str] = set()
    units: set[int] = set()
    for character, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        wanted = units | _units(character)
        if len(wanted) <= room:
            units = wanted
            common.add(character)
    rare = {character: count for character, count in counts.items() if character not in common}
    return Alphabet(frozenset(common), len(rare), sum(rare.values()) / max(1, sum(counts.values())))


def choose(dimension: int, tags: int, characters: int) -> Graph:
    """Picks the smallest shipped graph that fits; where no graph has a place for all characters, the one with most.

    Args:
        dimension: Embeddings dimension.
        tags: Distinct BIO tags with ``O``.
        characters: Distinct characters of the training tokens; NerDL keeps one more place for unknown ones, so a
            graph for 200 takes 199. Rarer ones then share a place (:func:`alphabet`).

    Raises:
        GraphNotAvailable: No graph has the dimension or takes so many tags; ``details`` hold demand and limits.
    """
    fitting = [graph for graph in shipped(dimension) if tags <= graph.tags]
    for graph in fitting:
        if characters < graph.characters:
            return graph
    if fitting:
        return fitting[-1]
    facts = {"dimension": dimension, "tags": tags, "characters": characters}
    graphs = shipped(dimension)
    if not graphs:
        raise GraphNotAvailable(
            f"NerDL cannot train on embeddings of {dimension} dimensions.",
            f"Spark NLP has graphs for {', '.join(map(str, DIMENSIONS))} dimensions only.",
            "Choose embeddings with one of these dimensions.",
            **facts,
        )
    most_tags = graphs[-1].tags
    raise GraphNotAvailable(
        f"NerDL cannot train {tags // 2} labels at once.",
        f"They make {tags} tags; the largest graph takes {most_tags}, which is {(most_tags - 1) // 2} labels.",
        f"Train the fine_tuned architecture, which needs no graph, or leave out at least {-(-(tags - most_tags) // 2)} "
        "labels, the rarest first.",
        **facts,
    )
