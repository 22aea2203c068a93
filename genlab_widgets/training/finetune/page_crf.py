"""A linear-chain CRF on words and places of a page, whose scores are added to the transformer's.

It learns from the same pages in seconds, and is surer where the transformer has seen too few of them: what a word
looks like, with what its line begins, what stands above it, where else on the page it stands. Features of a word are
names; the trained weights are kept as one row of tags for each name, so that a saved model adds rows up and needs no
CRF library.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.dataset import OUTSIDE
from genlab_widgets.training.finetune.pages import CHANNELS, Page, alike, channels
from genlab_widgets.training.word_crf import effort, features, tags_in

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PENALTY = 0.1
_DECIMALS = 4
"""Of a weight, in memory and in a saved model alike."""
_ROUNDED = {"left": 6, "right": 6, "centre": 4, "height": 6}
"""Steps of a channel that count as one."""
_MOST = {"from_top": 15, "from_bottom": 15, "repeats": 5, "rank": 5}
"""Highest step of a channel that is told apart."""
_LINE_WORDS = 3


@dataclass(frozen=True)
class PageCrf:
    """A trained CRF.

    Attributes:
        weights: Scores of the tags by feature (tags).
        transitions: Scores of tag pairs (before x after).
    """

    weights: Mapping[str, NDArray[np.float32]]
    transitions: NDArray[np.float32]

    @classmethod
    def train(cls, pages: Sequence[Page], tags: Sequence[str], seed: int = 0) -> PageCrf:
        """Learns from tagged pages, by L-BFGS from zero: the same pages give the same model.

        Of hundreds of labels it learns nothing, where it would take longer than the transformer.

        Args:
            pages: The pages.
            tags: Tags in the order of the scores.
            seed: Chooses pages where there are more words than a CRF of so many tags learns from.
        """
        import numpy as np
        from sklearn_crfsuite import CRF

        number = {tag: place for place, tag in enumerate(tags)}
        weights: dict[str, NDArray[np.float32]] = {}
        pairs = np.zeros((len(tags), len(tags)), "float32")
        spent = effort(sum(len(page.words) for page in pages), tags_in([page.tags for page in pages]))
        if spent.affordable and any(tag != OUTSIDE for page in pages for tag in page.tags):
            model = CRF("lbfgs", c1=_PENALTY, c2=_PENALTY, max_iterations=spent.passes)
            learned = _capped(pages, seed, spent.tokens)
            model.fit((of_page(page) for page in learned), (list(page.tags) for page in learned))
            for (name, tag), weight in model.state_features_.items():
                weights.setdefault(name, np.zeros(len(tags), "float32"))[number[tag]] = round(weight, _DECIMALS)
            for (before, after), weight in model.transition_features_.items():
                pairs[number[before], number[after]] = weight
        return cls(weights, pairs)

    def scores(self, page: Page) -> NDArray[np.float32]:
        """Returns the scores of a page's words (words x tags)."""
        import numpy as np

        found = np.zeros((len(page.words), len(self.transitions)), "float32")
        for place, names in enumerate(of_page(page)):
            for name in names:
                row = self.weights.get(name)
                if row is not None:
                    found[place] += row
        return found

    def to_dict(self) -> dict[str, Any]:
        """Returns the weights for JSON."""
        rows = {name: [round(float(weight), _DECIMALS) for weight in row] for name, row in self.weights.items()}
        return {"weights": rows, "transitions": self.transitions.tolist()}

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> PageCrf:
        """Reads what :meth:`to_dict` gave."""
        import numpy as np

        weights = {name: np.asarray(row, "float32") for name, row in facts["weights"].items()}
        return cls(weights, np.asarray(facts["transitions"], "float32"))


def of_page(page: Page) -> list[list[str]]:
    """Returns the features of each word of a page: of its text and its neighbours in the line, and of its place."""
    if not page.words:
        return []
    texts = [word.text for word in page.words]
    lines: dict[int, list[int]] = defaultdict(list)
    twins: dict[str, list[int]] = defaultdict(list)
    for place, line in enumerate(page.lines):
        lines[line].append(place)
        twins[alike(texts[place])].append(place)
    above = _above(page, lines)
    steps = channels(page)
    more = []
    for place, text in enumerate(texts):
        own = lines[page.lines[place]]
        found = [
            *_of_place(steps[place].tolist()),
            f"begins={place == own[0]}",
            f"ends={place == own[-1]}",
            *(f"line={alike(texts[other])}" for other in own[:_LINE_WORDS] if other < place),
            *(f"above={alike(texts[other])}" for other in above[place]),
            *_elsewhere(place, twins[alike(text)], texts),
        ]
        more.append(found)
    return features(texts, more)


def _capped(pages: Sequence[Page], seed: int, most: int) -> list[Page]:
    kept: list[Page] = []
    words = 0
    for page in random.Random(seed).sample(pages, len(pages)):
        words += len(page.words)
        if kept and words > most:
            break
        kept.append(page)
    return kept


def _of_place(steps: Sequence[int]) -> list[str]:
    named = zip(CHANNELS, steps, strict=True)
    return [f"{name}={min(step // _ROUNDED.get(name, 1), _MOST.get(name, step))}" for name, step in named]


def _elsewhere(place: int, twins: Sequence[int], texts: Sequence[str]) -> list[str]:
    """Tells what stands before the same word elsewhere on the page."""
    before = {alike(texts[twin - 1]) for twin in twins if twin not in (place, 0)}
    return [f"elsewhere={word}" for word in sorted(before)]


def _above(page: Page, lines: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """Returns for each word the first one of the line before that stands above it, if there is one."""
    found = []
    for word, line in zip(page.words, page.lines, strict=True):
        over = (
            other
            for other in lines.get(line - 1, ())
            if page.words[other].left < word.right and word.left < page.words[other].right
        )
        found.append(list(islice(over, 1)))
    return found
