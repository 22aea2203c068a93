"""Pairs gold with predicted spans, one to one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

from genlab_widgets.training.dataset import Span
from genlab_widgets.training.scores import ErrorKind


class Pair(NamedTuple):
    """A gold and a predicted span that overlap, or one of them alone."""

    gold: Span | None
    predicted: Span | None

    @property
    def exact(self) -> bool:
        """Bounds and label agree."""
        return self.gold is not None and self.gold == self.predicted

    @property
    def partial(self) -> bool:
        """The label agrees (bounds overlap)."""
        return self.gold is not None and self.predicted is not None and self.gold.label == self.predicted.label

    @property
    def error(self) -> ErrorKind | None:
        """What is wrong; None where bounds and label agree."""
        if self.exact:
            return None
        if self.predicted is None:
            return "missed"
        if self.gold is None:
            return "spurious"
        return "wrong_bounds" if self.partial else "wrong_label"


def match(gold: Sequence[Span], predicted: Sequence[Span]) -> list[Pair]:
    """Pairs spans greedily: equal ones first, then equal bounds, then equal labels, then the largest overlap.

    Returns:
        Pairs in the order of the text; every span stands in exactly one.
    """
    candidates = []
    by_start = sorted(range(len(predicted)), key=lambda index: predicted[index].start)
    reach = list(accumulate((predicted[index].end for index in by_start), max))
    for g, wanted in enumerate(gold):
        for p in by_start[bisect_right(reach, wanted.start) :]:  # the ones before all end before this one starts
            given = predicted[p]
            if given.start >= wanted.end:
                break
            overlap = min(wanted.end, given.end) - max(wanted.start, given.start)
            if overlap > 0:
                same_bounds = (wanted.start, wanted.end) == (given.start, given.end)
                rank = (wanted == given, same_bounds, wanted.label == given.label, overlap)
                candidates.append((tuple(-int(value) for value in rank), g, p))
    free_gold, free_predicted = set(range(len(gold))), set(range(len(predicted)))
    pairs = []
    for _, g, p in sorted(candidates):
        if g in free_gold and p in free_predicted:
            free_gold.remove(g)
            free_predicted.remove(p)
            pairs.append(Pair(gold[g], predicted[p]))
    pairs.extend(Pair(gold[g], None) for g in free_gold)
    pairs.extend(Pair(None, predicted[p]) for p in free_predicted)
    return sorted(pairs, key=lambda pair: (pair.gold or pair.predicted or Span(0, 0, ""), pair.predicted or ()))
