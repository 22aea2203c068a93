"""Pairs of gold and predicted spans: one to one, whatever overlaps."""

from __future__ import annotations

import random
import time
from collections import Counter

from genlab_widgets.training.dataset import Span
from genlab_widgets.training.matching import Pair, match


def spans(generator: random.Random, count: int, length: int) -> list[Span]:
    starts = [generator.randrange(length) for _ in range(count)]
    return sorted({Span(start, start + generator.randint(1, 12), generator.choice("ABC")) for start in starts})


def test_every_span_stands_in_exactly_one_pair() -> None:
    generator = random.Random(1)
    for _ in range(300):
        gold, given = spans(generator, generator.randint(0, 8), 40), spans(generator, generator.randint(0, 8), 40)
        pairs = match(gold, given)
        assert Counter(pair.gold for pair in pairs if pair.gold) == Counter(gold)
        assert Counter(pair.predicted for pair in pairs if pair.predicted) == Counter(given)
        for pair in pairs:
            if pair.gold and pair.predicted:
                assert pair.gold.start < pair.predicted.end
                assert pair.predicted.start < pair.gold.end
        assert sum(pair.exact for pair in pairs) == len(set(gold) & set(given))
        starts = [(pair.gold or pair.predicted or Span(0, 0, "")).start for pair in pairs]
        assert starts == sorted(starts)


def test_what_overlaps_and_is_free_is_paired() -> None:
    generator = random.Random(2)
    for _ in range(200):
        gold, given = spans(generator, 5, 30), spans(generator, 5, 30)
        pairs = match(gold, given)
        missed = [pair.gold for pair in pairs if pair.gold and not pair.predicted]
        spurious = [pair.predicted for pair in pairs if pair.predicted and not pair.gold]
        assert not any(a.start < b.end and b.start < a.end for a in missed for b in spurious)


def test_preference() -> None:
    wanted = Span(10, 20, "A")
    same_bounds, same_label, larger = Span(10, 20, "B"), Span(10, 12, "A"), Span(11, 20, "B")
    assert Pair(wanted, wanted) in match([wanted], [same_bounds, wanted])
    assert Pair(wanted, same_bounds) in match([wanted], [same_label, same_bounds])
    assert Pair(wanted, same_label) in match([wanted], [larger, same_label])
    assert Pair(wanted, larger) in match([wanted], [Span(8, 11, "C"), larger])


def test_touching_spans_do_not_overlap() -> None:
    assert match([Span(0, 5, "A")], [Span(5, 9, "A")]) == [Pair(Span(0, 5, "A"), None), Pair(None, Span(5, 9, "A"))]


def test_nothing() -> None:
    assert match([], []) == []
    assert not Pair(None, None).exact
    assert not Pair(None, None).partial


def test_a_long_document_takes_no_time() -> None:
    gold = [Span(10 * number, 10 * number + 5, "A") for number in range(2000)]
    given = [Span(10 * number + 1, 10 * number + 5, "A") for number in range(2000)]
    started = time.perf_counter()
    pairs = match(gold, given)
    assert time.perf_counter() - started < 5
    assert len(pairs) == 2000
    assert all(pair.partial for pair in pairs)
