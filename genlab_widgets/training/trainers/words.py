"""The words of a text as features beside its vector: what a text says literally, weighed by how rare it is.

Averaged embeddings know that two words mean nearly the same, and forget which ones stood there. With words and pairs of
words beside them, micro F1 on 48 intents rose from 0.84 to 0.89 (``docs/benchmarks.md``).
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.tokens import token_sentences

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_WORDS = 10_000
"""Words and pairs that are kept, the ones in most texts: more cost memory and time, and rare ones teach little."""
_LEAST_TEXTS = 2
_WORDS, _COUNTED, _WEIGHED = "genlab_words", "genlab_counted", "genlab_weighed"
WORD_FEATURES = "genlab_word_features"


@dataclass(frozen=True)
class Words:
    """Words and pairs with their weights.

    Attributes:
        vocabulary: Lower-case words, and pairs with a blank between.
        weights: ln((1 + n) / (1 + texts with it)) + 1, as scikit-learn's ``TfidfTransformer`` has it.
    """

    vocabulary: tuple[str, ...]
    weights: tuple[float, ...]

    @classmethod
    def learn(cls, texts: Sequence[str]) -> Words:
        """Counts in how many texts each word and pair stands."""
        counted: Counter[str] = Counter()
        for text in texts:
            counted.update(set(terms(text)))
        common = sorted(
            (term for term, count in counted.items() if count >= _LEAST_TEXTS), key=lambda term: (-counted[term], term)
        )[:MOST_WORDS]
        return cls(tuple(common), tuple(math.log((1 + len(texts)) / (1 + counted[term])) + 1 for term in common))

    def matrix(self, texts: Sequence[str]) -> csr_matrix:
        """Returns one row of unit length a text; a text without known words has zeros."""
        import numpy as np
        from scipy.sparse import csr_matrix

        places = {term: place for place, term in enumerate(self.vocabulary)}
        columns, starts = [], [0]
        for text in texts:
            columns.extend(sorted({places[term] for term in terms(text) if term in places}))
            starts.append(len(columns))
        weights = np.asarray(self.weights)[columns] if columns else np.zeros(0)
        found = csr_matrix((weights, columns, starts), shape=(len(texts), len(self.vocabulary)))
        lengths = np.sqrt(found.multiply(found).sum(axis=1)).A1 if len(texts) else np.zeros(0)
        found.data /= np.repeat(np.where(lengths > 0, lengths, 1.0), np.diff(found.indptr))
        return found

    def stages(self) -> list[Any]:
        """Returns the Spark ML stages from ``token`` to the same rows."""
        from pyspark.ml.feature import CountVectorizerModel, ElementwiseProduct, Normalizer, SQLTransformer
        from pyspark.ml.linalg import Vectors

        words = "transform(token, t -> lower(t.result))"
        pairs = "transform(slice(w, 2, size(w)), (x, i) -> concat(w[i], ' ', x))"
        both = f"transform(array({words}), w -> concat(w, {pairs}))[0]"
        return [
            SQLTransformer(statement=f"SELECT *, {both} AS {_WORDS} FROM __THIS__"),  # noqa: S608
            CountVectorizerModel.from_vocabulary(list(self.vocabulary), _WORDS, _COUNTED).setBinary(True),
            ElementwiseProduct(scalingVec=Vectors.dense(self.weights), inputCol=_COUNTED, outputCol=_WEIGHED),
            Normalizer(p=2.0, inputCol=_WEIGHED, outputCol=WORD_FEATURES),
        ]


def terms(text: str) -> list[str]:
    """Returns the lower-case words of a text and its pairs of neighbours; tokens are those of the saved pipeline."""
    words = [token.text.lower() for sentence in token_sentences(text) for token in sentence]
    return [*words, *(f"{first} {second}" for first, second in itertools.pairwise(words))]
