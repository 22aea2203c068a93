"""The CRF against counting every path."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from genlab_widgets.training.finetune import crf
from genlab_widgets.training.finetune.crf import FORBIDDEN

TAGS = ("O", "B-LOC", "I-LOC", "B-ORG", "I-ORG")
LENGTH = 5


def drawn(seed: int = 0) -> tuple[Any, Any, Any]:
    """Draws scores (2 x LENGTH x tags), transitions and starts; illegal pairs are forbidden."""
    numbers = np.random.default_rng(seed)
    pairs, starts = crf.legal_pairs(TAGS), crf.legal_starts(TAGS)
    transitions = np.where(pairs, numbers.standard_normal(pairs.shape), FORBIDDEN).astype("float32")
    first = np.where(starts, numbers.standard_normal(len(TAGS)), FORBIDDEN).astype("float32")
    return (2 * numbers.standard_normal((2, LENGTH, len(TAGS)))).astype("float32"), transitions, first


def path_score(scores: Any, path: tuple[int, ...], transitions: Any, starts: Any) -> float:
    pairs = sum(float(transitions[a, b]) for a, b in itertools.pairwise(path))
    return float(starts[path[0]]) + pairs + sum(float(scores[place, tag]) for place, tag in enumerate(path))


WORDS_AT = [[1, 2, 4], [3]]
"""Places of first pieces in the two rows."""


def test_the_likelihood_counts_every_path() -> None:
    scores, transitions, starts = drawn()
    target = np.full((2, LENGTH), -1)
    gold = [(1, 2, 0), (3,)]
    expected = 0.0
    for row, places in enumerate(WORDS_AT):
        target[row, places] = gold[row]
        every = itertools.product(range(len(TAGS)), repeat=len(places))
        totals = [path_score(scores[row, places], path, transitions, starts) for path in every]
        expected += path_score(scores[row, places], gold[row], transitions, starts) - np.logaddexp.reduce(totals)
    found = crf.log_likelihood(*map(jnp.asarray, (scores, target, transitions, starts)))
    assert float(found) == pytest.approx(expected, abs=1e-4)


def test_rows_without_words_add_nothing() -> None:
    scores, transitions, starts = drawn()
    target = np.full((2, LENGTH), -1)
    assert float(crf.log_likelihood(*map(jnp.asarray, (scores, target, transitions, starts)))) == 0


def test_sequences_of_one_row_are_scored_apart() -> None:
    scores, transitions, starts = drawn()
    target = np.full((2, LENGTH), -1)
    target[0, [1, 2, 4]], target[1, [3]] = (1, 2, 0), (3,)
    apart = crf.log_likelihood(*map(jnp.asarray, (scores, target, transitions, starts)))
    nothing = np.zeros((1, 3, len(TAGS)), "float32")
    row = np.concatenate([scores[:1], scores[1:], nothing], axis=1)
    tags = np.concatenate([target[:1], target[1:], np.full((1, 3), -1)], axis=1)
    parts = np.asarray([[0] * LENGTH + [1] * LENGTH + [-1] * 3])
    together = crf.log_likelihood(*map(jnp.asarray, (row, tags, transitions, starts, parts)))
    assert float(together) == pytest.approx(float(apart), abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_max_marginals_are_the_best_paths_through_each_tag(seed: int) -> None:
    scores, transitions, starts = drawn(seed)
    first = np.zeros((2, LENGTH), bool)
    for row, places in enumerate(WORDS_AT):
        first[row, places] = True
    found = np.asarray(crf.max_marginals(*map(jnp.asarray, (scores, first, transitions, starts))))
    for row, places in enumerate(WORDS_AT):
        every = list(itertools.product(range(len(TAGS)), repeat=len(places)))
        totals = {path: path_score(scores[row, places], path, transitions, starts) for path in every}
        for index, place in enumerate(places):
            for tag in range(len(TAGS)):
                best = max(total for path, total in totals.items() if path[index] == tag)
                if best > FORBIDDEN / 2:
                    assert found[row, place, tag] == pytest.approx(best, abs=1e-3)
        assert tuple(found[row, places].argmax(-1)) == max(totals, key=totals.__getitem__)


def test_only_legal_pairs() -> None:
    pairs = crf.legal_pairs(TAGS)
    legal = {(TAGS[a], TAGS[b]) for a, b in zip(*np.nonzero(pairs), strict=True)}
    assert ("B-LOC", "I-LOC") in legal
    assert ("I-LOC", "I-LOC") in legal
    assert ("O", "I-LOC") not in legal
    assert ("B-ORG", "I-LOC") not in legal
    assert {after for before, after in legal if before == "O"} == {"O", "B-LOC", "B-ORG"}
    assert crf.legal_starts(TAGS).tolist() == [True, True, False, True, False]


def many_tags(labels: int, rows: int = 4, length: int = 32) -> tuple[Any, ...]:
    """Draws what a likelihood needs; some places are passed over, each row has several sequences."""
    numbers = np.random.default_rng(0)
    names = ["O", *(f"{prefix}-L{label}" for label in range(labels) for prefix in "BI")]
    tags = len(names)
    scores = 3 * numbers.standard_normal((rows, length, tags))
    transitions = np.where(crf.legal_pairs(names), numbers.standard_normal((tags, tags)), FORBIDDEN)
    starts = np.where(crf.legal_starts(names), numbers.standard_normal(tags), FORBIDDEN)
    target = numbers.integers(0, labels, (rows, length)) * 2 + 1  # B- tags are legal everywhere
    target[:, ::5] = -1
    parts = np.arange(length) // 10 * np.ones((rows, 1), int)
    floats = (jnp.asarray(item, "float32") for item in (scores, transitions, starts))
    first, *others = floats
    return first, jnp.asarray(target, "int32"), *others, jnp.asarray(parts, "int32")


def gradient_of(given: tuple[Any, ...]) -> Any:
    """Compiles value and gradient of the likelihood."""
    return jax.jit(jax.value_and_grad(crf.log_likelihood, argnums=(0, 2, 3))).lower(*given).compile()


def test_the_gradient_of_many_tags_keeps_no_scores_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    given = many_tags(60)
    lean = gradient_of(given)
    monkeypatch.setattr(crf, "_MANY_TAGS", 1_000)
    whole = gradient_of(given)
    pairs = 4 * given[0].size * 121
    assert lean.memory_analysis().temp_size_in_bytes < pairs / 4 < pairs < whole.memory_analysis().temp_size_in_bytes
    for one, other in zip(jax.tree.leaves(lean(*given)), jax.tree.leaves(whole(*given)), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-4)


def test_up_to_twenty_labels_sums_are_what_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    given = many_tags(20)
    usual = jax.jit(jax.grad(crf.log_likelihood)).lower(*given).as_text()
    monkeypatch.setattr(crf, "_MANY_TAGS", 1_000)
    assert jax.jit(jax.grad(crf.log_likelihood)).lower(*given).as_text() == usual
