"""Entities and the words around them, with markers at their ends."""

from __future__ import annotations

from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.finetune import targets
from genlab_widgets.training.finetune.wordpieces import MARKERS

BEFORE, BEHIND = MARKERS


def marked(text: str, *entities: str, longest: int = 512) -> list[list[str] | None]:
    spans = tuple(Span(text.index(said), text.index(said) + len(said), "x") for said in entities)
    return targets.marked(Example(1, text, spans), longest)


def test_the_words_of_the_entitys_sentence_with_markers_at_its_ends() -> None:
    found = marked("He is well. No chest pain 😀 today, but fever. Later: cough.", "chest pain", "fever")
    assert found == [
        ["No", BEFORE, "chest", "pain", BEHIND, "😀", "today", ",", "but", "fever", "."],
        ["No", "chest", "pain", "😀", "today", ",", "but", BEFORE, "fever", BEHIND, "."],
    ]


def test_a_word_that_an_entity_only_touches_is_marked_whole() -> None:
    assert marked("a feverish child", "fever") == [["a", BEFORE, "feverish", BEHIND, "child"]]


def test_an_entity_without_a_word_has_none() -> None:
    assert targets.marked(Example(1, "a   b", (Span(2, 3, "x"),)), 512) == [None]
    assert targets.marked(Example(1, "", ()), 512) == []


def test_what_is_far_away_is_left_out() -> None:
    text = "word " * 10_000 + "fever" + " word" * 10_000
    (found,) = marked(text, "fever")
    assert found is not None
    assert found[found.index(BEFORE) + 1] == "fever"
    assert found.index(BEFORE) == len(found) - found.index(BEHIND) - 1 == targets.reach(512) // len("word ")


def test_a_short_encoder_sees_less() -> None:
    (found,) = marked("word " * 100 + "fever", "fever", longest=64)
    assert found is not None
    assert len(" ".join(found)) < 64
