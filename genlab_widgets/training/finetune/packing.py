"""Short rows of a training joined to long ones: hardly any padding, and one length to compile.

Each row keeps to itself: its pieces see each other only, stand where they stood, and have tags of their own. On tweets
a quarter of all positions was padding without it, and seven lengths were compiled, 8 s each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genlab_widgets.training.finetune.rows import Batches, Row, batches, fitting, worth_compiling

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

_LEAST = 64
"""Shorter packed rows have more padding, longer ones more attention."""
_OPEN = 64
"""Packed rows, the last ones begun, that a further row may still go into."""


def packed_batches(rows: Sequence[Row], size: int, seed: int, epoch: int, passes: int) -> Batches:
    """Returns the batches of an epoch, shuffled, each of about ``size`` of these rows.

    Args:
        rows: Rows whose targets are one a piece.
        size: Rows of a batch, on average.
        seed: Gives the order, with the epoch.
        epoch: Its number.
        passes: How many epochs there are.
    """
    lengths = worth_compiling(rows, passes, _LEAST)
    packed = pack(rows, lengths, seed, epoch)
    of_a_batch = max(1, round(size * len(packed) / max(1, len(rows))))
    return batches(packed, of_a_batch, seed, epoch, lengths)


def pack(rows: Sequence[Row], lengths: Sequence[int], seed: int, epoch: int) -> list[Row]:
    """Joins rows, in an order that seed and epoch give, to rows no longer than one of ``lengths`` (ascending).

    Each goes into the first packed row with room for it; where none has, it begins one, as long as the next length.
    """
    import numpy as np

    open_places: list[list[int]] = []
    room: list[int] = []
    closed: list[list[int]] = []
    for place in np.random.default_rng([seed, epoch, 1]).permutation(len(rows)).tolist():
        needed = len(rows[place].ids)
        into = next((number for number, left in enumerate(room) if left >= needed), None)
        if into is None:
            open_places.append([])
            room.append(fitting(needed, lengths))
            into = len(room) - 1
            if into == _OPEN:
                closed.append(open_places.pop(0))
                room.pop(0)
                into -= 1
        open_places[into].append(place)
        room[into] -= needed
    return [_joined([rows[place] for place in places]) for places in (*closed, *open_places)]


def begins(parts: jax.Array) -> jax.Array:
    """Says where the next part of a packed row begins (batch x length); of its first part it says nothing."""
    import jax.numpy as jnp

    return jnp.pad(parts[:, 1:] != parts[:, :-1], ((0, 0), (1, 0)))


def _joined(rows: Sequence[Row]) -> Row:
    """Returns one row of several, their words counted through."""
    import numpy as np

    counts = [len(row.ids) for row in rows]
    words: list[NDArray[np.int32]] = []
    next_word = 0
    for row in rows:
        words.append(np.where(row.words >= 0, row.words + next_word, row.words))
        next_word += int(row.words.max(initial=-1)) + 1
    return Row(
        ids=np.concatenate([row.ids for row in rows]),
        types=np.concatenate([row.types for row in rows]),
        words=np.concatenate(words),
        target=np.concatenate([row.target for row in rows]),
        parts=np.repeat(np.arange(len(rows), dtype="int32"), counts),
    )
