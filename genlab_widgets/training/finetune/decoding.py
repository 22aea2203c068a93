"""From scores of words to regions of a page: the best legal path, and what the training pages say about regions.

Annotators have habits that a model of some hundred pages cannot be sure of, but that can be counted: a region ends with
its line; a label occurs once a page; words that are the same on a page (the total of a receipt and the cash that was
paid) have the same label. :meth:`Habits.of` counts them on training pages, and decoding follows those that hold there.
Everything is numpy, so the training side and the saved model decode alike.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from genlab_widgets.training.finetune.crf import FORBIDDEN, legal_pairs, legal_starts
from genlab_widgets.training.finetune.page_crf import PageCrf
from genlab_widgets.training.finetune.pages import Page, alike

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_HOLDS = 0.95
_FEWEST = 5
"""Cases below which nothing counts as a habit."""


class Region(NamedTuple):
    """Words of a page under one label: places of the first and the last word, and the mean probability."""

    label: str
    first: int
    last: int
    score: float = 1.0


@dataclass(frozen=True)
class Habits:
    """What holds on at least 95 % of the training pages where it could fail.

    Attributes:
        within_lines: A region ends with its line.
        single: Labels that occur once on a page.
        agreeing: Labels that all words of a page share which are the same word.
    """

    within_lines: bool = False
    single: tuple[str, ...] = ()
    agreeing: tuple[str, ...] = ()

    @classmethod
    def of(cls, pages: Sequence[Page]) -> Habits:
        """Counts the habits on tagged pages."""
        found = [(page, regions_of(page.tags)) for page in pages]
        longer = [(page, item) for page, regions in found for item in regions if item.last > item.first]
        in_line = sum(page.lines[item.first] == page.lines[item.last] for page, item in longer)
        once: dict[str, Counter[bool]] = defaultdict(Counter)
        for _, regions in found:
            for label, count in Counter(item.label for item in regions).items():
                once[label][count == 1] += 1
        return cls(
            within_lines=_holds(in_line, len(longer)),
            single=tuple(sorted(label for label, held in once.items() if _holds(held[True], held.total()))),
            agreeing=tuple(sorted(label for label, held in _agreement(pages).items() if _holds(*held))),
        )

    def sentences(self) -> list[str]:
        """Says for the log what decoding will follow."""
        found = ["Regions end with their line."] if self.within_lines else []
        if self.single:
            found.append(f"Once a page: {', '.join(self.single)}.")
        if self.agreeing:
            found.append(f"Words that are the same on a page agree on {', '.join(self.agreeing)}.")
        return found

    def to_dict(self) -> dict[str, Any]:
        """Returns the habits for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Habits:
        """Reads what :meth:`to_dict` gave."""
        return cls(bool(facts["within_lines"]), tuple(facts["single"]), tuple(facts["agreeing"]))


def _holds(times: int, cases: int) -> bool:
    return cases >= _FEWEST and times >= _HOLDS * cases


def _agreement(pages: Iterable[Page]) -> dict[str, tuple[int, int]]:
    """Counts by label the pages' repeated words of which one has the label, and those of which all have it."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for page in pages:
        for places in repeated(page):
            labels = [page.tags[place].partition("-")[2] for place in places]
            for label in set(labels) - {""}:
                counts[label][0] += labels.count(label) == len(labels)
                counts[label][1] += 1
    return {label: (same, cases) for label, (same, cases) in counts.items()}


def repeated(page: Page) -> list[list[int]]:
    """Returns the places of each word that stands on the page more than once."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in enumerate(page.words):
        places[alike(word.text)].append(place)
    return [found for found in places.values() if len(found) > 1]


def regions_of(tags: Sequence[str]) -> list[Region]:
    """Joins BIO tags to regions; an ``I-`` that continues nothing begins one."""
    found: list[Region] = []
    for place, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if prefix == "I" and found and found[-1].last == place - 1 and found[-1].label == label:
            found[-1] = found[-1]._replace(last=place)
        elif label:
            found.append(Region(label, place, place))
    return found


@dataclass(frozen=True)
class Decoder:
    """Finds the regions of a page from the scores of its words.

    Attributes:
        tags: BIO tags in the order of the scores.
        transitions: Scores of tag pairs (before x after).
        starts: Scores of first tags.
        habits: What the training pages say.
        crf: A CRF on words and places whose scores are added, if there is one.
    """

    tags: tuple[str, ...]
    transitions: NDArray[np.float32]
    starts: NDArray[np.float32]
    habits: Habits
    crf: PageCrf | None = None

    @classmethod
    def legal(cls, tags: tuple[str, ...], habits: Habits) -> Decoder:
        """Makes a decoder that knows of tag pairs only which are legal."""
        import numpy as np

        pairs = np.where(legal_pairs(tags), 0.0, FORBIDDEN).astype("float32")
        return cls(tags, pairs, np.where(legal_starts(tags), 0.0, FORBIDDEN).astype("float32"), habits)

    def regions(self, page: Page, scores: NDArray[np.float32]) -> list[Region]:
        """Returns the regions of a page in reading order.

        Args:
            page: Its words; tags are not looked at.
            scores: Of its words (words x tags).
        """
        if not page.words:
            return []
        own: NDArray[np.float64] = scores.astype("float64")
        if self.crf is not None:
            own += self.crf.scores(page)
        if self.habits.within_lines:
            self._end_with_lines(page, own)
        own = self._agreed(page, own)
        by_label = self._by_label(posteriors(own, self._pairs, self.starts))
        tags = [self.tags[tag] for tag in best_path(own, self._pairs, self.starts)]
        found = [
            item._replace(score=float(by_label[item.label][item.first : item.last + 1].mean()))
            for item in regions_of(tags)
        ]
        best = {
            label: max((item for item in found if item.label == label), key=_score, default=None)
            for label in self.habits.single
        }
        return [item for item in found if item.label not in best or item is best[item.label]]

    @property
    def _pairs(self) -> NDArray[np.float32]:
        return self.transitions if self.crf is None else self.transitions + self.crf.transitions

    def _end_with_lines(self, page: Page, scores: NDArray[np.float64]) -> None:
        """Lets no region go on at the beginning of a line: what speaks for going on speaks for a new one."""
        import numpy as np

        begins = np.asarray([False, *(after > before for before, after in pairwise(page.lines))])
        for place, tag in enumerate(self.tags):
            if tag.startswith("I-"):
                begin = self.tags.index(f"B-{tag[2:]}")
                scores[begins, begin] = np.logaddexp(scores[begins, begin], scores[begins, place])
                scores[begins, place] = FORBIDDEN

    def _by_label(self, probabilities: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
        """Sums the probabilities of the tags of each label (words)."""
        labels = {tag.partition("-")[2] for tag in self.tags} - {""}
        return {label: probabilities[:, self._of(label)].sum(axis=1) for label in labels}

    def _of(self, label: str) -> list[int]:
        return [place for place, tag in enumerate(self.tags) if tag.partition("-")[2] == label]

    def _agreed(self, page: Page, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gives words that are the same the mean of their log-odds for each label whose words agree."""
        import numpy as np

        groups = repeated(page) if self.habits.agreeing else []
        if not groups:
            return scores
        by_label = self._by_label(posteriors(scores, self._pairs, self.starts))
        scores = scores.copy()
        for label in set(self.habits.agreeing) & set(by_label):
            share = np.clip(by_label[label], 1e-6, 1 - 1e-6)
            odds = np.log(share / (1 - share))
            for places in groups:
                shift = odds[places].mean() - odds[places]
                scores[np.ix_(places, self._of(label))] += shift[:, None]
        return scores


def _score(region: Region) -> float:
    return region.score


def best_path(scores: NDArray[np.float64], transitions: NDArray[np.float32], starts: NDArray[np.float32]) -> list[int]:
    """Returns the tags of the path with the highest sum of scores (Viterbi)."""
    import numpy as np

    total, back = scores[0] + starts, np.zeros(scores.shape, "int64")
    for place in range(1, len(scores)):
        reached = total[:, None] + transitions
        back[place] = reached.argmax(axis=0)
        total = scores[place] + reached.max(axis=0)
    path = [int(total.argmax())]
    for place in range(len(scores) - 1, 0, -1):
        path.append(int(back[place, path[-1]]))
    return path[::-1]


def posteriors(
    scores: NDArray[np.float64], transitions: NDArray[np.float32], starts: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Returns the probability of each tag at each word over all paths (forward-backward, words x tags)."""
    import numpy as np

    def summed(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        highest = values.max(axis=axis, keepdims=True)
        total: NDArray[np.float64] = np.log(np.exp(values - highest).sum(axis=axis)) + highest.squeeze(axis)
        return total

    forward, backward = scores.copy(), np.zeros_like(scores)
    forward[0] += starts
    for place in range(1, len(scores)):
        forward[place] += summed(forward[place - 1][:, None] + transitions, 0)
    for place in range(len(scores) - 2, -1, -1):
        backward[place] = summed(transitions + (scores[place + 1] + backward[place + 1])[None, :], 1)
    both = forward + backward
    found: NDArray[np.float64] = np.exp(both - summed(both, 1)[:, None])
    return found
