"""Rows of a training in batches: of like length together, padded to few lengths, in an order that the seed gives."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Batch = dict[str, Any]
    """Arrays by name; see :func:`batches`. Inside a compiled function they are JAX's, outside numpy's."""

LENGTHS = (16, 32, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512)
"""Rows are padded to the next of these: each length is compiled once, for some seconds."""
_POOL = 32
"""Batches' worth of rows that are sorted by length together: little padding, and rows still meet by chance."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a training, without padding.

    Attributes:
        ids: Rows of the word embeddings, one a piece.
        types: Rows of the segment embeddings, one a piece.
        words: Number of the word that a piece belongs to, -1 for [CLS] and [SEP].
        target: What is to be learned: tag numbers as integers, one a piece (-1: none), or floats, one a class.
        given: Scores that are added to the head's (pieces x tags); for prediction.
        places: Where the word of a piece stands on its page (pieces x channels of steps); for pages.
    """

    ids: NDArray[np.int32]
    types: NDArray[np.int32]
    words: NDArray[np.int32]
    target: NDArray[Any]
    given: NDArray[np.float32] | None = None
    places: NDArray[np.int32] | None = None


def batches(rows: Sequence[Row], size: int, seed: int, epoch: int) -> Iterator[Batch]:
    """Yields the batches of an epoch, shuffled, rows of like length together.

    Arrays of a batch: ``ids``, ``types``, ``mask``, ``words`` (size x length) and ``target``. The last batch is filled
    up with empty rows, whose mask is 0.
    """
    import numpy as np

    numbers = np.random.default_rng([seed, epoch])
    order = numbers.permutation(len(rows)).tolist()
    pools = [order[start : start + size * _POOL] for start in range(0, len(order), size * _POOL)]
    for pool in pools:
        pool.sort(key=lambda place: len(rows[place].ids))
        parts = [pool[start : start + size] for start in range(0, len(pool), size)]
        for part in numbers.permutation(len(parts)).tolist():
            yield padded([rows[place] for place in parts[part]], size)


def in_order(rows: Sequence[Row], size: int) -> Iterator[tuple[list[int], Batch]]:
    """Yields places and batches for prediction: by length, each row once."""
    order = sorted(range(len(rows)), key=lambda place: len(rows[place].ids))
    for start in range(0, len(order), size):
        places = order[start : start + size]
        yield places, padded([rows[place] for place in places], size)


def named(rows: Sequence[Row]) -> str:
    """Returns a name of what rows teach (SHA-256, hex): other rows have another."""
    told = hashlib.sha256()
    for row in rows:
        told.update(row.ids.tobytes() + row.target.tobytes())
    return told.hexdigest()


def padded(rows: Sequence[Row], size: int) -> Batch:
    """Joins rows to one batch of ``size`` rows."""
    import numpy as np

    longest = max(len(row.ids) for row in rows)
    length = next((length for length in LENGTHS if length >= longest), longest)
    batch = {
        "ids": np.zeros((size, length), "int32"),
        "types": np.zeros((size, length), "int32"),
        "mask": np.zeros((size, length), "int32"),
        "words": np.full((size, length), -1, "int32"),
    }
    per_piece = rows[0].target.dtype.kind == "i"
    width = length if per_piece else len(rows[0].target)
    batch["target"] = np.full((size, width), -1, "int32" if per_piece else "float32")
    for place, row in enumerate(rows):
        used = len(row.ids)
        batch["ids"][place, :used] = row.ids
        batch["types"][place, :used] = row.types
        batch["mask"][place, :used] = 1
        batch["words"][place, :used] = row.words
        if row.given is not None:
            batch.setdefault("given", np.zeros((size, length, row.given.shape[1]), "float32"))[place, :used] = row.given
        if row.places is not None:
            batch.setdefault("places", np.zeros((size, length, row.places.shape[1]), "int32"))[place, :used] = (
                row.places
            )
        batch["target"][place, : len(row.target)] = row.target
    return batch
