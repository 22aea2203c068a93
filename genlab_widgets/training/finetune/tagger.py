"""Tagging words: a head over each word's first piece, and a linear-chain CRF over the words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.dataset import OUTSIDE, Example, Sentence, Span, spans_from_tags
from genlab_widgets.training.finetune import crf, encoder, lexical
from genlab_widgets.training.finetune.checkpoint import Checkpoint
from genlab_widgets.training.finetune.encoder import Narrowed
from genlab_widgets.training.finetune.loop import Estimate, Recipe, Trainer, Watcher
from genlab_widgets.training.finetune.rows import Row, in_order
from genlab_widgets.training.finetune.state import Outcome
from genlab_widgets.training.finetune.wordpieces import LONGEST_STRETCH, UNKNOWN, stretches, windows
from genlab_widgets.training.tokens import Token

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

    from genlab_widgets.training.finetune.rows import Batch
    from genlab_widgets.training.finetune.state import Params

HEAD, TRANSITIONS, STARTS = "classifier", "crf.transitions", "crf.starts"
_SPREAD = 0.02
"""Standard deviation of new weights, as in BERT."""
_PREDICTION_BATCH = 16


def tags_of(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Returns the tags that occur, ``O`` first."""
    found = {tag for sentence in sentences for tag in sentence.tags} - {OUTSIDE}
    return (OUTSIDE, *sorted(found, key=lambda tag: (tag.partition("-")[2], tag)))


@dataclass
class Tagger:
    """A checkpoint with a tagging head.

    Attributes:
        checkpoint: The encoder that is fine-tuned.
        tags: BIO tags in the order of the head's outputs.
        crf: Whether the scores of tag pairs are learned; else only their legality counts.
        lexical: Whether the scores of a CRF on word pieces are added.
        longest: Most pieces of a window.
    """

    checkpoint: Checkpoint
    tags: tuple[str, ...]
    crf: bool = True
    lexical: bool = True
    longest: int = 512
    _decode: Any = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.longest = min(self.longest, self.checkpoint.shape.positions)

    @property
    def stretch(self) -> int:
        """Most characters of a stretch of text: no more pieces than the encoder has positions for."""
        return min(LONGEST_STRETCH, self.longest - 2)

    def begin(self, seed: int) -> Params:
        """Returns the checkpoint's weights, stacked, with a new head."""
        import numpy as np

        numbers = np.random.default_rng(seed)
        hidden, count = self.checkpoint.shape.hidden, len(self.tags)
        params: Params = dict(encoder.stack(self.checkpoint.weights, self.checkpoint.shape.layers))
        params[f"{HEAD}.weight"] = (_SPREAD * numbers.standard_normal((count, hidden))).astype("float32")
        params[f"{HEAD}.bias"] = np.zeros(count, "float32")
        if self.crf:
            params[TRANSITIONS] = np.zeros((count, count), "float32")
            params[STARTS] = np.zeros(count, "float32")
        return params

    def rows(self, sentences: Sequence[Sequence[str]], tags: Sequence[Sequence[str]] | None = None) -> list[Row]:
        """Turns sentences (and their tags) into rows; see :meth:`predict` for the way back."""
        return [row for row, _, _ in self._cut(sentences, tags)]

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

    def loss(self, dropout: float, word_dropout: float, unknown: int) -> Any:
        """Returns the loss: minus the log-likelihood of the tags, per word.

        Args:
            dropout: Share that dropout takes.
            word_dropout: Share of words that are replaced by the unknown piece.
            unknown: Row of the unknown piece.
        """
        import jax
        import jax.numpy as jnp

        def mean_loss(params: Params, batch: Batch, key: jax.Array) -> jax.Array:
            keys = jax.random.split(key, 3)
            ids = batch["ids"]
            if word_dropout:
                ids = jnp.where(encoder.chosen_words(batch["words"], keys[0], word_dropout), unknown, ids)
            scores = self._scores(params, {**batch, "ids": ids}, keys[1], dropout)
            transitions, starts = self._pairs(params)
            total = crf.log_likelihood(scores, batch["target"], transitions, starts)
            return -total / jnp.maximum(1, (batch["target"] >= 0).sum())

        return mean_loss

    def fit(
        self,
        train: Sequence[Sentence],
        validation: Sequence[Sentence],
        recipe: Recipe,
        folder: Path,
        watcher: Watcher | None = None,
    ) -> Outcome:
        """Fine-tunes on tagged sentences; the best epoch by entity F1 on the validation sentences is kept.

        Args:
            train: Sentences to learn from.
            validation: Sentences to choose the epoch by.
            recipe: How to train.
            folder: Keeps the state, from which a killed training goes on.
            watcher: Hears of steps and epochs.

        Raises:
            PoorQuality: The loss stopped being a number.
        """
        trainer, narrow, rows = self._trainer(train, recipe)
        words, wanted = _words(validation), [sentence.tags for sentence in validation]
        tables: Params = {}
        if self.lexical:
            tagged, vocabulary = [sentence.tags for sentence in train], self.checkpoint.vocabulary
            tables |= lexical.train(vocabulary, _words(train), tagged, self.tags, recipe.seed)

        def score(params: Params) -> float:
            return entity_f1(wanted, self.predict(narrow.widen(params) | tables, words))

        outcome = trainer.fit(narrow.params(self.begin(recipe.seed)), rows, score, folder, watcher)
        return Outcome(narrow.widen(outcome.params) | tables, outcome.epochs, outcome.best, outcome.stopped)

    def probe(self, train: Sequence[Sentence], recipe: Recipe, seconds: float = 10.0) -> Estimate:
        """Measures the speed on this machine and says how long :meth:`fit` will take."""
        trainer, narrow, rows = self._trainer(train, recipe)
        return trainer.probe(narrow.params(self.begin(recipe.seed)), rows, seconds)

    def _trainer(self, train: Sequence[Sentence], recipe: Recipe) -> tuple[Trainer, Narrowed, list[Row]]:
        import numpy as np

        unknown = np.asarray([self.checkpoint.vocabulary.base[self.checkpoint.vocabulary.id_of(UNKNOWN)]])
        rows = self.rows(_words(train), [sentence.tags for sentence in train])
        narrow = Narrowed.of(self.checkpoint.weights, [unknown, np.zeros(1, "int32"), *(row.ids for row in rows)])
        loss = self.loss(recipe.dropout, recipe.word_dropout, int(narrow.places(unknown)[0]))
        return (
            Trainer(loss, recipe, self.checkpoint.is_new),
            narrow,
            [dataclasses.replace(row, ids=narrow.places(row.ids)) for row in rows],
        )

    def predict(self, params: Mapping[str, Any], sentences: Sequence[Sequence[str]]) -> list[list[str]]:
        """Returns one tag a word, the best legal path of each window; ``O`` for words without any piece."""
        import jax
        import numpy as np

        if self._decode is None:

            def decode(params: Params, batch: Batch) -> jax.Array:
                transitions, starts = self._pairs(params)
                first = _is_first(batch["words"])
                return crf.max_marginals(self._scores(params, batch, None, 0.0), first, transitions, starts).argmax(-1)

            self._decode = jax.jit(decode)
        found = [[OUTSIDE] * len(words) for words in sentences]
        cut = [(self._informed(row, ids, params), place) for row, ids, place in self._cut(sentences, None)]
        given = {name: jax.numpy.asarray(value) for name, value in params.items() if name not in lexical.TABLES}
        for places, batch in in_order([row for row, _ in cut], _PREDICTION_BATCH):
            batch.pop("target")
            best = np.asarray(self._decode(given, batch))
            for line, place in enumerate(places):
                row, (sentence, words) = cut[place]
                chosen = best[line, : len(row.ids)][_first_pieces(row.words)]
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

    def _informed(self, row: Row, ids: NDArray[np.int64], params: Mapping[str, Any]) -> Row:
        """Returns the row with the scores of the CRF on its word pieces, where there is one."""
        import numpy as np

        if lexical.FIRST not in params:
            return row
        first = _first_pieces(row.words).nonzero()[0]
        last = [*(first[1:] - 1), len(ids) - 2]
        given = np.zeros((len(ids), len(self.tags)), "float32")
        given[first] = lexical.scores(params, list(zip(ids[first].tolist(), ids[last].tolist(), strict=True)))
        return dataclasses.replace(row, given=given)

    def _scores(self, params: Params, batch: Batch, key: jax.Array | None, dropout: float) -> jax.Array:
        """Returns the head's scores (batch x length x tags)."""
        import jax

        keys = jax.random.split(key) if key is not None and dropout else None
        hidden = encoder.forward(
            params,
            self.checkpoint.shape,
            batch["ids"],
            batch["types"],
            batch["mask"],
            None if keys is None else keys[0],
            dropout,
        )
        if keys is not None:
            hidden = encoder.drop(hidden, keys[1], dropout)
        scores = encoder.linear(hidden, params, HEAD)
        return scores + batch["given"] if "given" in batch else scores

    def _pairs(self, params: Mapping[str, Any]) -> tuple[Any, Any]:
        """Returns scores of tag pairs (before x after) and of first tags."""
        import jax.numpy as jnp

        pairs, starts = crf.legal_pairs(self.tags), crf.legal_starts(self.tags)
        learned = (params[TRANSITIONS] if self.crf else 0.0) + params.get(lexical.TRANSITIONS, 0.0)
        return (
            jnp.where(pairs, learned, crf.FORBIDDEN),
            jnp.where(starts, params[STARTS] if self.crf else 0.0, crf.FORBIDDEN),
        )

    def pairs(self, params: Mapping[str, Any]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Returns what the exported graph needs: scores of tag pairs (before x after) and of first tags."""
        import numpy as np

        transitions, starts = self._pairs(params)
        return np.asarray(transitions, "float32"), np.asarray(starts, "float32")


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
