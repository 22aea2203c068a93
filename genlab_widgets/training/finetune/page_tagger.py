"""Tagging the words of pages: a BERT that is told where each word stands, and a linear-chain CRF over the words.

The channels of :mod:`genlab_widgets.training.finetune.pages` are embedded and added to the input of the first layer, as
LayoutLM does (Xu et al. 2020), but from zero: a text checkpoint knows nothing of places. Every word piece of a word
gets its word's channels; the first one carries its tag. The scores of a CRF on the same words and places
(:mod:`genlab_widgets.training.finetune.page_crf`), trained beside it, are added when a page is decoded. (Trained on top
of the CRF's scores instead, the encoder learns next to nothing: little is left to learn from.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.dataset import OUTSIDE
from genlab_widgets.training.finetune import crf, encoder
from genlab_widgets.training.finetune.decoding import Decoder, Habits, Region, regions_of
from genlab_widgets.training.finetune.model import FineTuned, new_head, new_weight
from genlab_widgets.training.finetune.page_crf import PageCrf
from genlab_widgets.training.finetune.pages import CHANNELS, STEPS, Page, Reader
from genlab_widgets.training.finetune.rows import Row

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

    from genlab_widgets.training.finetune.loop import Loss, Recipe
    from genlab_widgets.training.finetune.rows import Batch
    from genlab_widgets.training.finetune.state import Params

PLACES, TRANSITIONS, STARTS = "places", "crf.transitions", "crf.starts"
_WORD_DROPOUT = 0.05
_SHIFT = 3
"""Steps by which a training moves a page at most, up or down, left or right."""


@dataclass
class PageTagger(FineTuned[Page]):
    """A checkpoint with embedded channels and a tagging head, chosen by the F1 of words.

    Attributes:
        tags: BIO tags in the order of the head's outputs.
        habits: What the training pages say about regions; :meth:`fit` counts them.
        crf: A CRF on words and places whose scores are added; :meth:`fit` trains it.
    """

    tags: tuple[str, ...]
    habits: Habits = field(default_factory=Habits)
    crf: PageCrf | None = None
    hides_words = True

    @property
    def reader(self) -> Reader:
        """What turns pages into rows and the scores of rows into those of words."""
        return Reader(self.checkpoint.vocabulary, self.tags, self.longest)

    def predict(self, params: Mapping[str, Any], pages: Sequence[Page]) -> list[list[Region]]:
        """Returns the regions of each page."""
        decoder = self.decoder(params)
        return [decoder.regions(page, own) for page, own in zip(pages, self.scores(params, pages), strict=True)]

    def decoder(self, params: Mapping[str, Any]) -> Decoder:
        """Returns what turns scores of words into regions."""
        import numpy as np

        transitions, starts = self._pairs(params)
        return Decoder(self.tags, np.asarray(transitions), np.asarray(starts), self.habits, self.crf)

    def scores(self, params: Mapping[str, Any], pages: Sequence[Page]) -> list[NDArray[np.float32]]:
        """Returns the scores of each page's words (words x tags)."""
        import jax.numpy as jnp
        import numpy as np

        given = {name: jnp.asarray(value) for name, value in params.items()}
        return self.reader.scores(pages, lambda batch: np.asarray(self._compiled(given, batch)))

    def score(self, params: Mapping[str, Any], validation: Sequence[Page]) -> float:
        """Returns the F1 of the words of the validation pages, bounds of regions not looked at."""
        return word_f1(validation, self.predict(params, validation))

    def _new_weights(self, numbers: np.random.Generator) -> Params:
        import numpy as np

        hidden, count = self.checkpoint.shape.hidden, len(self.tags)
        return {
            PLACES: new_weight(numbers, len(CHANNELS), STEPS, hidden),
            **new_head(numbers, count, hidden),
            TRANSITIONS: np.zeros((count, count), "float32"),
            STARTS: np.zeros(count, "float32"),
        }

    def _learn_beside(self, train: Sequence[Page], seed: int) -> Params:
        """Counts the habits and trains the CRF; both are kept with the model, not among its weights."""
        self.habits, self.crf = Habits.of(train), PageCrf.train(train, self.tags, seed)
        return {}

    def _rows(self, train: Sequence[Page]) -> list[Row]:
        return [row for page in train for row in self.reader.rows(page)]

    def _loss(self, recipe: Recipe, unknown: int) -> Loss:
        """Returns the loss: minus the log-likelihood of the tags, per word; pages are moved, words hidden at random."""
        import jax
        import jax.numpy as jnp

        def mean_loss(params: Params, batch: Batch, key: jax.Array) -> jax.Array:
            keys = jax.random.split(key, 3)
            moved = {**batch, "places": _moved(batch["places"], keys[0])}
            if recipe.word_dropout:
                hidden = encoder.chosen_words(batch["words"], keys[1], recipe.word_dropout)
                moved["ids"] = jnp.where(hidden, unknown, batch["ids"])
            scores = self._scores(params, moved, keys[2], recipe.dropout)
            total = crf.log_likelihood(scores, batch["target"], *self._pairs(params))
            return -total / jnp.maximum(1, (batch["target"] >= 0).sum())

        return mean_loss

    def _added(self, params: Mapping[str, Any], batch: Batch) -> jax.Array:
        """Returns the sum of the embedded channels (batch x length x hidden)."""
        tables, places = params[PLACES], batch["places"]
        found: jax.Array = sum(tables[channel][places[..., channel]] for channel in range(len(CHANNELS)))
        return found

    def _pairs(self, params: Mapping[str, Any]) -> tuple[Any, Any]:
        """Returns scores of tag pairs (before x after) and of first tags."""
        import jax.numpy as jnp

        return (
            jnp.where(crf.legal_pairs(self.tags), params[TRANSITIONS], crf.FORBIDDEN),
            jnp.where(crf.legal_starts(self.tags), params[STARTS], crf.FORBIDDEN),
        )


def recipe(usual: Recipe) -> Recipe:
    """Returns the recipe of a text model as that of a page model: words are hidden, and every epoch is run.

    There are few pages, and the validation part is smaller still: one bad epoch does not end a training.
    """
    return replace(usual, word_dropout=_WORD_DROPOUT, patience=usual.epochs)


def tags_of(pages: Sequence[Page]) -> tuple[str, ...]:
    """Returns the tags that pages can have, ``O`` first: both of each label, so that any page can be tagged."""
    labels = sorted({tag.partition("-")[2] for page in pages for tag in page.tags} - {""})
    return (OUTSIDE, *(f"{prefix}-{label}" for label in labels for prefix in "BI"))


def word_f1(pages: Sequence[Page], found: Sequence[Sequence[Region]]) -> float:
    """Returns the micro F1 of words with their label, bounds of regions not looked at; 0 where there are none."""
    right = total = 0
    for page, regions in zip(pages, found, strict=True):
        gold, given = _labelled(regions_of(page.tags)), _labelled(regions)
        right += len(gold & given)
        total += len(gold) + len(given)
    return 2 * right / total if total else 0.0


def _labelled(regions: Sequence[Region]) -> set[tuple[int, str]]:
    return {(place, item.label) for item in regions for place in range(item.first, item.last + 1)}


def _moved(places: jax.Array, key: jax.Array) -> jax.Array:
    """Moves each page by some steps: its boxes sideways, its boxes and lines up or down."""
    import jax
    import jax.numpy as jnp

    across, down, lines = (
        jax.random.randint(one, (places.shape[0],), -most, most + 1)
        for one, most in zip(jax.random.split(key, 3), (_SHIFT, _SHIFT, 1), strict=True)
    )
    zero = jnp.zeros_like(across)
    by_name = {"left": across, "right": across, "centre": down, "from_top": lines, "from_bottom": -lines}
    shift = jnp.stack([by_name.get(name, zero) for name in CHANNELS], axis=-1)
    return jnp.clip(places + shift[:, None, :], 0, STEPS - 1)
