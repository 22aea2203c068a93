"""Tagging words: a head over each word's first piece, and a linear-chain CRF over the words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.dataset import OUTSIDE, Example, Sentence, Span, spans_from_tags
from genlab_widgets.training.finetune import crf, encoder, lexical
from genlab_widgets.training.finetune.model import FineTuned, new_head
from genlab_widgets.training.finetune.rows import Row
from genlab_widgets.training.finetune.wordpieces import stretches, windows
from genlab_widgets.training.tokens import Token

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

    from genlab_widgets.training.finetune.loop import Loss, Recipe
    from genlab_widgets.training.finetune.rows import Batch
    from genlab_widgets.training.finetune.state import Params

TRANSITIONS, STARTS = "crf.transitions", "crf.starts"


def tags_of(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Returns the tags that occur, ``O`` first."""
    found = {tag for sentence in sentences for tag in sentence.tags} - {OUTSIDE}
    return (OUTSIDE, *sorted(found, key=lambda tag: (tag.partition("-")[2], tag)))


@dataclass
class Tagger(FineTuned[Sentence]):
    """A checkpoint with a tagging head, chosen by entity F1.

    Attributes:
        tags: BIO tags in the order of the head's outputs.
        crf: Whether the scores of tag pairs are learned; else only their legality counts.
        lexical: Whether the scores of a CRF on word pieces are added, where the number of tags allows it.
        without: Why no such CRF learned, where it should have; known once the training began.
    """

    tags: tuple[str, ...]
    crf: bool = True
    lexical: bool = True
    without: str = field(default="", init=False)
    hides_words = True
    packs = True

    def predict(self, params: Mapping[str, Any], sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Returns one tag a word, the best legal path of each window; ``O`` for words without any piece."""
        found = [[OUTSIDE] * len(words) for words in sentences]
        cut = [(self._informed(row, ids, params), place) for row, ids, place in self._cut(sentences, None)]
        neural = {name: value for name, value in params.items() if name not in lexical.TABLES}
        for place, best in self._answers(neural, [row for row, _ in cut]):
            row, (sentence, words) = cut[place]
            chosen = best[: len(row.ids)][_first_pieces(row.words)]
            for word, tag in zip(words, chosen.tolist(), strict=True):
                found[sentence][word] = self.tags[tag]
        return found

    def predict_examples(self, params: Mapping[str, Any], examples: Sequence[Example]) -> list[Example]:
        """Returns whole texts with predicted spans, cut into stretches as the saved pipeline cuts them."""
        cut = [
            (place, part) for place, example in enumerate(examples) for part in stretches(example.text, self.stretch)
        ]
        tags = self.predict(params, [[token.text for token in part] for _, part in cut])
        spans: list[list[Span]] = [[] for _ in examples]
        for (place, part), found in zip(cut, tags, strict=True):
            spans[place] += spans_from_tags(part, found)
        return [Example(item.task_id, item.text, tuple(found)) for item, found in zip(examples, spans, strict=True)]

    def score(self, params: Mapping[str, Any], validation: Sequence[Sentence]) -> float:
        """Returns the F1 of entities on the validation sentences."""
        return entity_f1([sentence.tags for sentence in validation], self.predict(params, _words(validation)))

    def pairs(self, params: Mapping[str, Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Returns what the exported graph needs: scores of tag pairs (before x after) and of first tags."""
        import numpy as np

        transitions, starts = self._pairs(params)
        return np.asarray(transitions, "float32"), np.asarray(starts, "float32")

    def _new_weights(self, numbers: np.random.Generator) -> Params:
        import numpy as np

        count = len(self.tags)
        head = new_head(numbers, count, self.checkpoint.shape.hidden)
        if not self.crf:
            return head
        return {**head, TRANSITIONS: np.zeros((count, count), "float32"), STARTS: np.zeros(count, "float32")}

    def _learn_beside(self, train: Sequence[Sentence], seed: int) -> Params:
        if not self.lexical:
            return {}
        tagged = [sentence.tags for sentence in train]
        self.without = lexical.refusal(self.checkpoint.vocabulary, tagged)
        if self.without:
            return {}
        return lexical.train(self.checkpoint.vocabulary, _words(train), tagged, self.tags, seed)

    def _rows(self, train: Sequence[Sentence]) -> list[Row]:
        return [row for row, _, _ in self._cut(_words(train), [sentence.tags for sentence in train])]

    def _cut(
        self, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]] | None
    ) -> list[tuple[Row, NDArray[np.int64], tuple[int, list[int]]]]:
        """Returns each row with the ids of its pieces, its sentence and the numbers of its words in there."""
        import numpy as np

        number = {tag: place for place, tag in enumerate(self.tags)}
        vocabulary = self.checkpoint.vocabulary
        found = []
        for window in windows(vocabulary, sentences, self.longest):
            ids, words = np.asarray(window.ids), np.asarray(window.words, "int32")
            first = _first_pieces(words)
            target = np.full(len(ids), -1, "int32")
            if tags is not None:
                target[first] = [number[tags[window.sentence][word]] for word in words[first]]
            row = Row(vocabulary.base[ids], vocabulary.case[ids], words, target)
            found.append((row, ids, (window.sentence, words[first].tolist())))
        return found

    def _informed(self, row: Row, ids: NDArray[np.int64], params: Mapping[str, Any]) -> Row:
        """Returns the row with the scores of the CRF on its word pieces, where there is one."""
        import numpy as np

        if lexical.FIRST not in params:
            return row
        first = _first_pieces(row.words).nonzero()[0]
        last = [*(first[1:] - 1), len(ids) - 2]
        given = np.zeros((len(ids), len(self.tags)), "float32")
        given[first] = lexical.scores(params, list(zip(ids[first].tolist(), ids[last].tolist(), strict=True)))
        return replace(row, given=given)

    def _loss(self, recipe: Recipe, unknown: int) -> Loss:
        """Returns the loss: minus the log-likelihood of the tags, per word; words are hidden at random."""
        import jax
        import jax.numpy as jnp

        def mean_loss(params: Params, batch: Batch, key: jax.Array) -> jax.Array:
            keys = jax.random.split(key, 3)
            ids = batch["ids"]
            if recipe.word_dropout:
                ids = jnp.where(encoder.chosen_words(batch["words"], keys[0], recipe.word_dropout), unknown, ids)
            scores = self._scores(params, {**batch, "ids": ids}, keys[1], recipe.dropout)
            total = crf.log_likelihood(scores, batch["target"], *self._pairs(params), batch.get("parts"))
            return -total / jnp.maximum(1, (batch["target"] >= 0).sum())

        return mean_loss

    def _scores(self, params: Mapping[str, Any], batch: Batch, key: jax.Array | None, dropout: float) -> jax.Array:
        """Returns the head's scores (batch x length x tags), with those of the CRF on word pieces."""
        scores = super()._scores(params, batch, key, dropout)
        return scores + batch["given"] if "given" in batch else scores

    def _answer(self, params: Mapping[str, Any], batch: Batch) -> jax.Array:
        """Returns the tag of each piece that is the first one of its word (batch x length)."""
        scores, first = self._scores(params, batch, None, 0.0), _is_first(batch["words"])
        return crf.max_marginals(scores, first, *self._pairs(params)).argmax(-1)

    def _pairs(self, params: Mapping[str, Any]) -> tuple[Any, Any]:
        """Returns scores of tag pairs (before x after) and of first tags."""
        import jax.numpy as jnp

        pairs, starts = crf.legal_pairs(self.tags), crf.legal_starts(self.tags)
        learned = (params[TRANSITIONS] if self.crf else 0.0) + params.get(lexical.TRANSITIONS, 0.0)
        return (
            jnp.where(pairs, learned, crf.FORBIDDEN),
            jnp.where(starts, params[STARTS] if self.crf else 0.0, crf.FORBIDDEN),
        )


def entity_f1(wanted: Sequence[Sequence[str]], given: Sequence[Sequence[str]]) -> float:
    """Returns the micro F1 of exact entities; 0 where there are none."""
    right = total = 0
    for wanted_tags, given_tags in zip(wanted, given, strict=True):
        places = [Token("", place, place + 1) for place in range(len(wanted_tags))]
        gold, found = set(spans_from_tags(places, wanted_tags)), set(spans_from_tags(places, given_tags))
        right += len(gold & found)
        total += len(gold) + len(found)
    return 2 * right / total if total else 0.0


def _words(sentences: Sequence[Sentence]) -> list[list[str]]:
    return [[token.text for token in sentence.tokens] for sentence in sentences]


def _first_pieces(words: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Says of each piece of a row whether it is the first one of a word."""
    import numpy as np

    before = np.concatenate([[-1], words[:-1]])
    return np.asarray((words >= 0) & (words != before))


def _is_first(words: jax.Array) -> jax.Array:
    import jax.numpy as jnp

    before = jnp.pad(words[:, :-1], ((0, 0), (1, 0)), constant_values=-1)
    return (words >= 0) & (words != before)
