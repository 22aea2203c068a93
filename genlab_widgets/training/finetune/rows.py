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
    """Arrays by name; see :class:`Batches`. Inside a compiled function they are JAX's, outside numpy's."""

LENGTHS = (16, 32, 48, 64, 80, 96, 128, 160, 192, 256, 320, 384, 512)
"""Rows are padded to the next of these, or to the next of those that a training takes: see :func:`worth_compiling`."""
_READ = (32, 64, 128, 256, 512)
"""Lengths of rows that are only read, which takes a third of a step: few, because each is compiled for a second."""
_COMPILING = 20_000
"""Positions (pieces and padding) that a step learns from while one length is compiled: 7 s at 2,800 a second."""
_ATTENTION = 268
"""A length at which attention takes as long as everything else (8 x 64 pieces 156 ms, 4 x 128 pieces 178 ms)."""
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
        parts: Which of the rows that were packed into this one a piece is from, counted from 0.
    """

    ids: NDArray[np.int32]
    types: NDArray[np.int32]
    words: NDArray[np.int32]
    target: NDArray[Any]
    given: NDArray[np.float32] | None = None
    places: NDArray[np.int32] | None = None
    parts: NDArray[np.int32] | None = None


def worth_compiling(rows: Sequence[Row], passes: int, least: int = 0) -> tuple[int, ...]:
    """Returns the lengths of a training's batches: each of them saves more time than it takes to compile.

    Args:
        rows: The training rows.
        passes: How often each is learned from.
        least: The shortest length, where rows are packed: of these, pieces count, not padding.
    """
    import numpy as np

    pieces = np.asarray([len(row.ids) for row in rows] or [1])
    longest = max(least, int(pieces.max()))
    offered = [length for length in LENGTHS if least <= length < longest]
    offered.append(fitting(longest, LENGTHS))
    counted = np.bincount(np.searchsorted(offered, pieces), pieces if least else None, len(offered))
    up_to = np.concatenate([[0.0], np.cumsum(counted)])
    # The cheapest choice whose longest length is the one at ``place``, from the cheapest ones of shorter lengths.
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for place, length in enumerate(offered, 1):
        one = passes * (1 if least else length) * (1 + length / _ATTENTION)
        choices = [(cost + one * float(up_to[place] - up_to[before]), had) for before, (cost, had) in enumerate(best)]
        cost, chosen = min(choices)
        best.append((cost + _COMPILING, (*chosen, length)))
    return best[-1][1]


@dataclass(frozen=True)
class Batches:
    """The batches of an epoch, one after the other, padded when they are asked for.

    Arrays of a batch: ``ids``, ``types``, ``mask``, ``words`` (size x length) and ``target``; ``parts`` of packed rows.
    A batch that is not full is filled up with empty rows, whose mask is 0.

    Attributes:
        groups: The rows of each batch.
        size: Rows of a full batch.
        lengths: What rows are padded to.
    """

    groups: Sequence[Sequence[Row]]
    size: int
    lengths: Sequence[int] = LENGTHS

    def __len__(self) -> int:
        return len(self.groups)

    def __iter__(self) -> Iterator[Batch]:
        return (padded(group, self.size, self.lengths) for group in self.groups)

    @property
    def shapes(self) -> list[int]:
        """The length that each batch is padded to."""
        return [_length(group, self.lengths) for group in self.groups]


def batches(rows: Sequence[Row], size: int, seed: int, epoch: int, lengths: Sequence[int] = LENGTHS) -> Batches:
    """Returns the batches of an epoch, shuffled, rows of like length together."""
    import numpy as np

    numbers = np.random.default_rng([seed, epoch])
    order = numbers.permutation(len(rows)).tolist()
    groups = []
    for start in range(0, len(order), size * _POOL):
        pool = sorted(order[start : start + size * _POOL], key=lambda place: len(rows[place].ids))
        parts = [pool[first : first + size] for first in range(0, len(pool), size)]
        groups += [[rows[place] for place in parts[part]] for part in numbers.permutation(len(parts)).tolist()]
    return Batches(groups, size, lengths)


def in_order(rows: Sequence[Row], size: int) -> Iterator[tuple[list[int], Batch]]:
    """Yields places and batches for prediction: by length, each row once."""
    order = sorted(range(len(rows)), key=lambda place: len(rows[place].ids))
    for start in range(0, len(order), size):
        places = order[start : start + size]
        yield places, padded([rows[place] for place in places], size, _READ)


def named(rows: Sequence[Row]) -> str:
    """Returns a name of what rows teach (SHA-256, hex): other rows have another."""
    told = hashlib.sha256()
    for row in rows:
        told.update(row.ids.tobytes() + row.target.tobytes())
    return told.hexdigest()


def padded(rows: Sequence[Row], size: int, lengths: Sequence[int] = LENGTHS) -> Batch:
    """Joins rows to one batch of ``size`` rows, as long as the next of ``lengths``."""
    import numpy as np

    length = _length(rows, lengths)
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
        if row.parts is not None:
            batch.setdefault("parts", np.full((size, length), -1, "int32"))[place, :used] = row.parts
        if row.places is not None:
            batch.setdefault("places", np.zeros((size, length, row.places.shape[1]), "int32"))[place, :used] = (
                row.places
            )
        batch["target"][place, : len(row.target)] = row.target
    return batch


def _length(rows: Sequence[Row], lengths: Sequence[int]) -> int:
    """Returns the length to pad rows to."""
    return fitting(max(len(row.ids) for row in rows), lengths)


def fitting(pieces: int, lengths: Sequence[int]) -> int:
    """Returns the first length (of some, ascending) that holds so many pieces; their own number where none does."""
    return next((length for length in lengths if length >= pieces), pieces)
