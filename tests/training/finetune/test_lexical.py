"""The CRF on word pieces: its tables give what crfsuite itself gives."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn_crfsuite import CRF

from genlab_widgets.training.finetune import lexical
from genlab_widgets.training.finetune.wordpieces import Vocabulary
from tests.training.finetune import samples

TAGS = ("O", "B-LOC", "I-LOC", "B-ORG")


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary.of(samples.PIECES, cased=False).with_case()


def words_and_tags(count: int, seed: int = 0) -> tuple[list[list[str]], list[list[str]]]:
    rows = samples.sentences(count, seed)
    return [["\ufffd", *(token.text for token in row.tokens)] for row in rows], [["O", *row.tags] for row in rows]


def test_tables_score_as_the_features_do(vocabulary: Vocabulary) -> None:
    words, tags = words_and_tags(60)
    tables = lexical.train(vocabulary, words, tags, TAGS, seed=1)
    rows = lexical._rows(vocabulary, words, tags)
    model = CRF(algorithm="lbfgs", c1=0.1, c2=0.1, max_iterations=100, all_possible_transitions=False)
    model.fit([lexical._features(vocabulary, ends) for ends, _ in rows], [tagged for _, tagged in rows])
    for ends, _ in rows[:20]:
        expected = np.zeros((len(ends), len(TAGS)))
        for place, names in enumerate(lexical._features(vocabulary, ends)):
            for column, tag in enumerate(TAGS):
                expected[place, column] = sum(model.state_features_.get((name, tag), 0.0) for name in names)
        np.testing.assert_allclose(lexical.scores(tables, ends), expected, atol=0.02)
    assert tables[lexical.TRANSITIONS][1, 2] == pytest.approx(model.transition_features_["B-LOC", "I-LOC"], abs=1e-5)


def test_the_best_tag_of_a_known_word_is_its_own(vocabulary: Vocabulary) -> None:
    tables = lexical.train(vocabulary, *words_and_tags(60), TAGS, seed=1)
    bank, the = (vocabulary.encode(word) for word in ("Bank", "the"))
    found = lexical.scores(tables, [(the[0], the[-1]), (bank[0], bank[-1]), (the[0], the[-1])])
    assert [TAGS[place] for place in found.argmax(axis=1)] == ["O", "B-ORG", "O"]


def test_without_entities_all_scores_are_zero(vocabulary: Vocabulary) -> None:
    tables = lexical.train(vocabulary, [["the", "bank"]], [["O", "O"]], TAGS, seed=1)
    assert not any(table.any() for table in tables.values())


def test_words_without_pieces_take_no_part(vocabulary: Vocabulary) -> None:
    rows = lexical._rows(vocabulary, [["\ufffd", "the"], ["\ufffd"]], [["O", "B-LOC"], ["O"]])
    assert rows == [([(vocabulary.id_of("the"),) * 2], ["B-LOC"])]


def test_of_up_to_twenty_labels_a_crf_always_stands_beside(vocabulary: Vocabulary) -> None:
    tags = [[f"{prefix}-L{label}" for prefix in "BI"] for label in range(20)] * 10_000
    assert lexical.refusal(vocabulary, tags) == ""


def test_hundreds_of_labels_are_left_to_the_transformer(vocabulary: Vocabulary) -> None:
    tags = [[f"{prefix}-L{label}" for prefix in "BI"] for label in range(300)]
    assert lexical.refusal(vocabulary, tags) == ""  # few words
    assert lexical.refusal(vocabulary, tags * 50) == "601 tags would take it too long"


def test_tables_that_fill_the_saved_model_are_left_out(vocabulary: Vocabulary, monkeypatch: pytest.MonkeyPatch) -> None:
    words, tags = words_and_tags(60)
    tables = lexical.train(vocabulary, words, tags, TAGS, seed=1)
    size = sum(tables[name].nbytes for name in lexical.TABLES)
    assert size == lexical.table_bytes(len(vocabulary.pieces), len(TAGS))
    monkeypatch.setattr(lexical, "MOST_BYTES", size)
    assert lexical.refusal(vocabulary, tags) == ""
    monkeypatch.setattr(lexical, "MOST_BYTES", size - 1)
    assert "too large" in lexical.refusal(vocabulary, tags)
