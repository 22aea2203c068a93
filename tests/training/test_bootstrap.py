"""The bootstrap of differences, and its corner cases."""

from __future__ import annotations

import random

import pytest

from genlab_widgets.training import bootstrap
from genlab_widgets.training.bootstrap import difference_interval, f1_interval


def counts(documents: int, seed: int, right: float) -> list[tuple[int, int, int]]:
    generator = random.Random(seed)
    found = []
    for _ in range(documents):
        gold = generator.randint(0, 6)
        found.append((sum(generator.random() < right for _ in range(gold)), gold, gold))
    return found


def test_difference_agrees_with_plain_paired_resampling() -> None:
    np = pytest.importorskip("numpy")
    both = [(*a, *b) for a, b in zip(counts(120, 1, 0.6), counts(120, 2, 0.8), strict=True)]
    found = difference_interval(both, 4)
    table = np.array(both)
    sums = table[np.random.default_rng(0).integers(0, len(table), (4000, len(table)))].sum(axis=1)
    f1 = [2 * sums[:, at] / (sums[:, at + 1] + sums[:, at + 2]) for at in (0, 3)]
    low, high = np.percentile(f1[1] - f1[0], (2.5, 97.5))
    assert (found.low, found.high) == pytest.approx((low, high), abs=0.015)


def test_order_of_the_documents_makes_no_difference() -> None:
    rows = counts(80, 3, 0.7)
    turned = rows[::-1]
    assert f1_interval(rows, 7) == f1_interval(turned, 7)


def test_one_document_has_no_spread_and_none_has_zero() -> None:
    one = f1_interval([(3, 4, 4)], 1)
    assert one.low == one.high == pytest.approx(0.75)
    nothing = f1_interval([], 1)
    assert (nothing.low, nothing.high) == (0, 0)
    assert difference_interval([], 1) == nothing


def test_more_documents_make_it_narrower() -> None:
    few, many = (f1_interval(counts(size, 5, 0.7), 1) for size in (20, 2000))
    assert many.high - many.low < (few.high - few.low) / 3


def test_pieces_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = counts(60, 6, 0.5)
    whole = f1_interval(rows, 2)
    monkeypatch.setattr(bootstrap, "_CELLS", 500)
    assert f1_interval(rows, 2) == whole
