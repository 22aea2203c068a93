"""Rows packed into longer ones: nothing is lost, and each keeps to itself."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from genlab_widgets.training.finetune import encoder, half, tagger
from genlab_widgets.training.finetune.loop import Recipe
from genlab_widgets.training.finetune.packing import pack, packed_batches
from genlab_widgets.training.finetune.rows import Row, padded, worth_compiling
from tests.training.finetune import samples


def row(place: int, length: int) -> Row:
    """A row whose ids name it; between [CLS] and [SEP] each piece is a word."""
    ids = np.full(length, place, "int32")
    words = np.asarray([-1, *range(length - 2), -1], "int32")
    return Row(ids, np.zeros_like(ids), words, np.arange(length, dtype="int32"))


ROWS = [row(place, 3 + place * 7 % 50) for place in range(300)] + [row(300, 100)]


def test_every_row_is_packed_once_and_whole() -> None:
    seen = {}
    for packed in pack(ROWS, (64, 128), seed=1, epoch=1):
        assert packed.parts is not None
        assert len(packed.ids) <= 128
        for part in range(packed.parts.max() + 1):
            here = packed.parts == part
            seen[int(packed.ids[here][0])] = packed.target[here]
    assert sorted(seen) == list(range(301))
    assert all((seen[place] == ROWS[place].target).all() for place in seen)


def test_words_are_counted_through() -> None:
    for packed in pack(ROWS, (64, 128), seed=1, epoch=1):
        words = packed.words[packed.words >= 0]
        assert (words == np.arange(len(words))).all()


def test_seed_and_epoch_give_the_order_and_little_is_padding() -> None:
    def ids(seed: int, epoch: int) -> list[Any]:
        return [batch["ids"].tolist() for batch in packed_batches(ROWS, 16, seed, epoch, passes=5)]

    assert ids(1, 1) == ids(1, 1)
    assert ids(1, 1) != ids(1, 2)
    assert ids(1, 1) != ids(2, 1)
    found = packed_batches(ROWS, 16, 1, 1, passes=5)
    assert len(found) == len(list(found))
    assert sum(int(batch["mask"].sum()) for batch in found) == sum(len(row.ids) for row in ROWS)
    assert sum(batch["mask"].size for batch in found) < 1.15 * sum(len(row.ids) for row in ROWS)
    # A step learns from as many rows as it would without packing, on average.
    assert 0.8 < len(found) / (len(ROWS) / 16) < 1.25


def test_a_row_longer_than_any_length_stands_alone() -> None:
    packed = pack([row(0, 200), row(1, 5), row(2, 50)], (64,), seed=1, epoch=1)
    assert sorted(len(item.ids) for item in packed) == [55, 200]


def test_no_rows_are_no_batches() -> None:
    assert list(packed_batches([], 16, 1, 1, passes=5)) == []


def test_packed_rows_are_encoded_and_scored_as_if_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    train = samples.sentences(12)
    model = tagger.Tagger(samples.checkpoint(), tagger.tags_of(train), lexical=False)
    params, rows = model.begin(1), model._rows(train)
    params |= {"crf.transitions": np.random.default_rng(0).standard_normal(params["crf.transitions"].shape)}
    packed = pack(rows, (64,), seed=1, epoch=1)
    assert len(packed) < len(rows) / 2
    monkeypatch.setattr(half, "usable", lambda: False)
    loss = model._loss(Recipe(dropout=0.0), 1)
    one, other = (float(loss(params, padded(given, len(given)), jax.random.key(1))) for given in (rows, packed))
    assert one == pytest.approx(other, rel=1e-5)

    alone = padded(rows, len(rows))
    hidden = _hidden(model, params, alone)
    for part in packed:
        together = padded([part], 1)
        found = _hidden(model, params, together)[0]
        assert part.parts is not None
        for number in range(part.parts.max() + 1):
            here = np.flatnonzero(part.parts == number)
            same = [
                p for p, item in enumerate(rows) if len(item.ids) == len(here) and (item.ids == part.ids[here]).all()
            ]
            np.testing.assert_allclose(found[here], hidden[same[0], : len(here)], atol=1e-5)


def _hidden(model: tagger.Tagger, params: Any, batch: Any) -> np.ndarray:
    shape = model.checkpoint.shape
    ids, types, mask = (jnp.asarray(batch[name]) for name in ("ids", "types", "mask"))
    return np.asarray(encoder.forward(params, shape, ids, types, mask, parts=batch.get("parts")))


@pytest.mark.parametrize("least", [0, 64])
def test_few_passes_compile_few_lengths(least: int) -> None:
    once, often = (worth_compiling(ROWS, passes, least) for passes in (1, 500))
    assert len(once) < len(often)
    assert once[-1] == often[-1] >= 100
    assert min(often) >= least


def test_one_length_is_enough_for_rows_of_one_length() -> None:
    assert worth_compiling([row(0, 20)] * 50, 100) == (32,)
    assert worth_compiling([row(0, 20)] * 50, 100, 64) == (64,)
    assert worth_compiling([row(0, 700)], 1) == (700,)
