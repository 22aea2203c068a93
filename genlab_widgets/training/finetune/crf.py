"""A linear-chain CRF over the first pieces of words: likelihood for training, max-marginals for decoding.

Only legal pairs of BIO tags have a score. Max-marginals are the scores of the best path through each tag: their argmax
is the Viterbi path. The exported graph computes the same, so Spark NLP's own argmax over ``logits`` decodes the CRF.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.dataset import OUTSIDE
from genlab_widgets.training.finetune.packing import begins

if TYPE_CHECKING:
    import jax
    import numpy as np
    from numpy.typing import NDArray

_MANY_TAGS = 64
"""Above so many tags, sums over pairs are products of matrices: the scores of all pairs (batch x length x tags^2), that
a gradient would keep, are gigabytes. Of 401 tags 16 x 512 pieces took 5.3 GB and 2 ms a piece."""
_LEAST = 1e-37
"""Of the chance of a tag, beside the likeliest one of its place: float32 knows no lower one."""
FORBIDDEN = -1e4
"""Score of an illegal pair: no sum of real scores reaches it, and float32 still tells sums of it apart."""


def legal_pairs(tags: Sequence[str]) -> NDArray[np.bool_]:
    """Says which tag (column) may follow which (row): ``I-X`` only ``B-X`` and ``I-X``."""
    import numpy as np

    return np.asarray([[may_follow(before, after) for after in tags] for before in tags], dtype=bool)


def legal_starts(tags: Sequence[str]) -> NDArray[np.bool_]:
    """Says which tags may come first: all but ``I-X``."""
    import numpy as np

    return np.asarray([may_follow(OUTSIDE, tag) for tag in tags], dtype=bool)


def may_follow(before: str, after: str) -> bool:
    """Says whether a tag may follow another."""
    return not after.startswith("I-") or before[2:] == after[2:]


def log_likelihood(
    scores: jax.Array,
    target: jax.Array,
    transitions: jax.Array,
    starts: jax.Array,
    parts: jax.Array | None = None,
) -> jax.Array:
    """Sums the log-likelihood of tag sequences under a linear-chain CRF (forward algorithm).

    Args:
        scores: Tag scores (batch x length x tags).
        target: Tag numbers (batch x length); places of -1 are passed over.
        transitions: Scores of pairs (before x after).
        starts: Scores of first tags.
        parts: Which sequence of its row a place belongs to (batch x length); a row is one sequence without.
    """
    import jax
    import jax.numpy as jnp

    present = target >= 0
    tags = jnp.maximum(target, 0)
    own = jnp.take_along_axis(scores, tags[..., None], axis=-1)[..., 0]
    anew = jnp.zeros_like(present) if parts is None else begins(parts)
    enter = _entering(transitions)

    def step(state: Any, given: Any) -> tuple[Any, None]:
        alpha, last, begun, path = state
        score, tag, own_score, there, new = given
        if parts is not None:
            path = path - jnp.where(new & begun, jax.nn.logsumexp(alpha, axis=-1), 0.0)
            begun = begun & ~new
        entered = enter(alpha)
        fresh = score + jnp.where(begun[:, None], entered, starts[None])
        pair = jnp.where(begun, transitions[last, tag], starts[tag])
        return (
            jnp.where(there[:, None], fresh, alpha),
            jnp.where(there, tag, last),
            begun | there,
            path + jnp.where(there, own_score + pair, 0.0),
        ), None

    batch = scores.shape[0]
    begin = (
        jnp.zeros((batch, scores.shape[2])),
        jnp.zeros(batch, tags.dtype),
        jnp.zeros(batch, bool),
        jnp.zeros(batch),
    )
    along = (scores.swapaxes(0, 1), tags.T, own.T, present.T, anew.T)
    (alpha, _, begun, path), _ = jax.lax.scan(step, begin, along)
    return (path - jnp.where(begun, jax.nn.logsumexp(alpha, axis=-1), 0.0)).sum()


def _entering(transitions: jax.Array) -> Callable[[jax.Array], jax.Array]:
    """Returns what sums over the tags before (scores, batch x tags): how likely each tag is to follow."""
    import jax
    import jax.numpy as jnp

    if transitions.shape[0] <= _MANY_TAGS:
        return lambda alpha: jax.nn.logsumexp(alpha[:, :, None] + transitions[None], axis=1)
    chances = jnp.exp(transitions)

    def entered(alpha: jax.Array) -> jax.Array:
        highest = jax.lax.stop_gradient(alpha.max(axis=-1, keepdims=True))
        total = jnp.matmul(jnp.exp(alpha - highest), chances, precision=jax.lax.Precision.HIGHEST)
        return highest + jnp.log(jnp.maximum(total, _LEAST))

    return entered


def max_marginals(scores: jax.Array, first: jax.Array, transitions: jax.Array, starts: jax.Array) -> jax.Array:
    """Returns for each place and tag the score of the best path through it (batch x length x tags).

    Args:
        scores: Tag scores (batch x length x tags).
        first: Whether a piece is the first of a word (batch x length); other pieces take no part.
        transitions: Scores of pairs (before x after).
        starts: Scores of first tags.
    """
    import jax
    import jax.numpy as jnp

    def forward(alpha: jax.Array, given: Any) -> tuple[jax.Array, jax.Array]:
        score, here, begun = given
        entered = jnp.where(begun[:, None], (alpha[:, :, None] + transitions[None]).max(axis=1), starts[None])
        alpha = jnp.where(here[:, None], score + entered, alpha)
        return alpha, alpha

    def backward(beta: jax.Array, given: Any) -> tuple[jax.Array, jax.Array]:
        score, here = given
        left = (transitions[None] + (score + beta)[:, None, :]).max(axis=2)
        return jnp.where(here[:, None], left, beta), beta

    scores, first = scores.swapaxes(0, 1), first.T
    begun = jnp.cumsum(first, axis=0) > first  # whether a word stands before
    nothing = jnp.zeros(scores.shape[1:])
    _, alphas = jax.lax.scan(forward, nothing, (scores, first, begun))
    _, betas = jax.lax.scan(backward, nothing, (scores, first), reverse=True)
    return (alphas + betas).swapaxes(0, 1)
