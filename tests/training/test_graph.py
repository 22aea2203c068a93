"""Which graph fits, and the sentences when none does."""

from __future__ import annotations

import pytest

from genlab_widgets.errors import GraphNotAvailable
from genlab_widgets.training import graph
from genlab_widgets.training.dataset import Example, Span, build


@pytest.mark.parametrize(
    ("dimension", "tags", "characters", "name"),
    [
        (100, 10, 119, "blstm_10_100_128_120.pb"),
        (100, 11, 119, "blstm_38_100_128_200.pb"),
        (384, 9, 120, "blstm_38_384_128_200.pb"),
        (4096, 38, 199, "blstm_38_4096_128_200.pb"),
        (128, 38, 119, "blstm_38_128_128_120.pb"),
        (384, 9, 415, "blstm_38_384_128_200.pb"),
        (256, 9, 150, "blstm_38_256_128_120.pb"),
    ],
)
def test_smallest_fitting_graph(dimension: int, tags: int, characters: int, name: str) -> None:
    assert graph.choose(dimension, tags, characters).name == f"ner-dl/{name}"


@pytest.mark.parametrize(
    ("dimension", "tags", "characters", "words"),
    [
        (200, 3, 50, ["200 dimensions", "100, 128"]),
        (384, 41, 50, ["20 labels", "38", "18 labels", "at least 2 labels"]),
    ],
)
def test_no_graph(dimension: int, tags: int, characters: int, words: list[str]) -> None:
    with pytest.raises(GraphNotAvailable) as caught:
        graph.choose(dimension, tags, characters)
    for word in words:
        assert word in str(caught.value)
    assert caught.value.details == {"dimension": dimension, "tags": tags, "characters": characters}


def test_twenty_graphs_are_shipped() -> None:
    assert len({item.name for dimension in graph.DIMENSIONS for item in graph.shipped(dimension)}) == 20


def test_demand_counts_tags_that_occur_and_java_characters() -> None:
    rows, _ = build([Example(1, "ab 😀 ba 😁", (Span(0, 2, "X"),))])
    # a, b, one high surrogate that both emoji share, two low ones; tags B-X and O
    assert graph.demand(rows) == (2, 5)


def test_rare_characters_share_a_place() -> None:
    letters = [chr(0x4E00 + number) for number in range(300)]
    text = " ".join(f"{letter * (301 - number)}" for number, letter in enumerate(letters)) + " \U0001f600"
    rows, _ = build([Example(1, text, ())])
    small = graph.shipped(128)[0]
    found = graph.alphabet(rows, small)
    assert found is not None
    assert found.common == frozenset(letters[: small.characters - 2])
    assert found.rare == 300 - (small.characters - 2) + 1
    assert 0 < found.share < 0.5
    assert found.spell(letters[0] + letters[299]) == letters[0] + graph.STAND_IN
    assert found.spell(letters[0]) == letters[0]
    spelled = {character for sentence in rows for token in sentence.tokens for character in found.spell(token.text)}
    assert len(spelled) == small.characters - 1


def test_an_alphabet_that_fits_stays_whole() -> None:
    rows, _ = build([Example(1, "plain words", ())])
    assert graph.alphabet(rows, graph.shipped(100)[0]) is None
