"""Words into pieces, and rows that are never cut off."""

from __future__ import annotations

import re

import pytest
from tokenizers import BertWordPieceTokenizer

from genlab_widgets.errors import BadInput
from genlab_widgets.training.finetune import wordpieces
from genlab_widgets.training.finetune.wordpieces import LONGEST_STRETCH, Vocabulary, first_part, stretches, windows
from genlab_widgets.training.tokens import is_single, tokenize
from tests.training.finetune import samples
from tests.unspaced import UNSPACED, example


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.of(samples.PIECES, cased=False)


def pieces(vocabulary: Vocabulary, word: str) -> list[str]:
    return [vocabulary.pieces[place] for place in vocabulary.encode(word)]


@pytest.mark.parametrize(
    "word", ["bank", "banking", "Old", "oldest", "Riverbank", "é", "naïve", "!", "the0", "日", "x" * 60]
)
def test_pieces_are_those_of_bert(vocabulary: Vocabulary, word: str) -> None:
    reference = BertWordPieceTokenizer(
        vocab={piece: place for place, piece in enumerate(samples.PIECES)}, lowercase=True
    )
    assert pieces(vocabulary, word) == reference.encode(word, add_special_tokens=False).tokens


# What Spark NLP 5.5.3's BasicTokenizer gives for each; tests/spark compares more of them with the jar itself.
@pytest.mark.parametrize(
    ("word", "left"),
    [
        ("Café", "cafe"),
        ("!\ufe0f", "!"),
        ("’\u0301", "’"),
        ("a\ufffdb", "a"),
        ("\ufffdb", "b"),
        ("\ufffd", ""),
        ("中国", "中"),
        ("x中", "x"),
        ("が", "か\u3099"),
        ("กี", "กี"),
        ("한", "\u1112\u1161\u11ab"),
        ("İstanbul", "istanbul"),
        ("ΟΔΟΣ", "οδος"),
        ("x\u00ady", "x\u00ady"),
        ("don't", "don"),
        ("\u0301", ""),
    ],
)
def test_a_token_is_left_as_spark_nlp_leaves_it(word: str, left: str) -> None:
    assert first_part(word, cased=False) == left


def test_a_cased_vocabulary_keeps_capitals_and_strips_accents() -> None:
    assert first_part("École", cased=True) == "Ecole"


def test_a_word_of_more_than_200_units_is_unknown(vocabulary: Vocabulary) -> None:
    assert len(vocabulary.encode("a" * 200)) == 200
    assert pieces(vocabulary, "a" * 201) == ["[UNK]"]
    assert pieces(vocabulary, "😀") == ["[UNK]"]


def test_nothing_left_gives_no_piece(vocabulary: Vocabulary) -> None:
    assert vocabulary.encode("\ufffd") == ()


@pytest.mark.parametrize("broken", [samples.PIECES[1:], (*samples.PIECES, "bank"), ("x", *samples.PIECES)])
def test_no_vocabulary_of_a_bert(broken: tuple[str, ...]) -> None:
    with pytest.raises(BadInput):
        Vocabulary.of(broken, cased=False)


@pytest.mark.parametrize(
    ("word", "expected", "cases"),
    [
        ("bank", ["bank"], [0]),
        ("Bank", ["Bank"], [1]),
        ("BANK", ["BANK"], [2]),
        ("BANKING", ["BANK", "##ING"], [2, 2]),
        ("A", ["A"], [1]),
        ("0", ["0"], [0]),
        ("oldBank", ["old", "##B", "##a", "##n", "##k"], [0, 2, 0, 0, 0]),
    ],
)
def test_twins_carry_the_case(vocabulary: Vocabulary, word: str, expected: list[str], cases: list[int]) -> None:
    cased = vocabulary.with_case()
    assert pieces(cased, word) == expected
    assert [cased.case[place] for place in cased.encode(word)] == cases
    lower = [vocabulary.pieces[cased.base[place]] for place in cased.encode(word)]
    assert lower == [piece.lower() for piece in expected]


def test_special_pieces_have_no_twins_and_ids_stay(vocabulary: Vocabulary) -> None:
    cased = vocabulary.with_case()
    assert cased.pieces[: len(vocabulary.pieces)] == vocabulary.pieces
    assert cased.twinned
    assert not vocabulary.twinned
    assert not any(piece.startswith("[") for piece in cased.pieces[len(vocabulary.pieces) :])
    assert len(set(cased.pieces)) == len(cased.pieces)


def test_windows_hold_every_piece_of_every_word_in_order(vocabulary: Vocabulary) -> None:
    sentences = [["old", "banking", "\ufffd", "zzz"] * 5, [], ["the"], ["\ufffd"]]
    found = windows(vocabulary, sentences, longest=12)
    assert all(len(window.ids) == len(window.words) <= 12 for window in found)
    assert all((window.ids[0], window.ids[-1]) == (2, 3) for window in found)
    for number, words in enumerate(sentences):
        inner = [
            pair
            for window in found
            if window.sentence == number
            for pair in zip(window.words[1:-1], window.ids[1:-1], strict=True)
        ]
        assert inner == [(place, piece) for place, word in enumerate(words) for piece in vocabulary.encode(word)]


def test_a_word_longer_than_a_window_fills_one(vocabulary: Vocabulary) -> None:
    found = windows(vocabulary, [["a" * 30, "the"]], longest=12)
    assert [len(window.ids) for window in found] == [12, 3]
    assert [window.words[1] for window in found] == [0, 1]


LONG = "word " * 150 + "end. " + "x" * 1200 + " Next sentence. " + "a, " * 300 + "\n\nLast one"


@pytest.mark.parametrize(
    "text", ["", "   ", "One. Two", LONG, "日本" * 400, "no blanks" * 99, " " * 600 + "x", "y" * LONGEST_STRETCH + "  "]
)
def test_stretches_hold_every_visible_character_in_order(text: str) -> None:
    found = [token for part in stretches(text) for token in part]
    assert "".join(token.text for token in found) == re.sub(r"\s", "", text)
    assert all(text[token.start : token.end] == token.text for token in found)
    assert all(part[-1].end - part[0].start <= LONGEST_STRETCH for part in stretches(text))


def test_long_sentences_are_cut_at_blanks_and_others_not_at_all() -> None:
    parts = list(stretches("word " * 150 + "end. Next."))
    assert [len(part) for part in parts] == [100, 52, 2]
    exact = "ab " * 166 + "cd"
    assert len(exact) == LONGEST_STRETCH
    assert len(list(stretches(exact))) == 1
    assert len(list(stretches(exact + "e"))) == 2


def test_no_letter_of_a_script_without_blanks_is_lost() -> None:
    """Of a token only the first part is kept, so a token of two Chinese letters would lose one."""
    letters = sorted({token.text for made in UNSPACED for token in tokenize(example(made, 1).text)})
    known = Vocabulary.of(("[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys("".join(letters))), cased=True)
    for made in UNSPACED:
        text = "".join(sign for sign in example(made, 1).text if is_single(sign) and first_part(sign, True) == sign)
        found = [token.text for part in stretches(text) for token in part]
        assert [known.pieces[piece] for word in found for piece in known.encode(word)] == list(text)


def test_the_pattern_for_java_names_the_same_length() -> None:
    assert f"{{{LONGEST_STRETCH}}}" in wordpieces.stretch_pattern()
