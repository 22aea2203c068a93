"""Matrix products of a training in half precision, where the processor multiplies it itself: a step takes half as long.

Operands are rounded to bfloat16, which has float32's range, so that no loss has to be scaled (Kalamkar et al. 2019, A
Study of BFLOAT16 for Deep Learning Training); sums, weights, gradients and everything else stay float32. Only training
steps compute so: predictions agree with the exported graph, which is float32.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from genlab_widgets.training.finetune import device

if TYPE_CHECKING:
    from collections.abc import Callable

    import jax

_AGREE = 0.02
"""Largest difference of a trial's gradient from that in float32, as a share of its largest value."""


@functools.cache
def usable() -> bool:
    """Tells whether steps shall compute so: on a processor with AMX, if a trial product comes out right.

    On other processors XLA would compute it more slowly than float32, or not at all.
    """
    import jax

    return device.multiplies_half() and jax.default_backend() == "cpu" and _trial()


def linear(x: jax.Array, weight: jax.Array, bias: jax.Array) -> jax.Array:
    """Returns ``x W' + b`` (x: ... x inputs, weight: outputs x inputs, bias: outputs)."""
    found: jax.Array = _linear()(x, weight, bias)
    return found


@functools.cache
def _linear() -> Callable[..., Any]:
    """Returns the function with a gradient of its own: JAX's would multiply float32 by bfloat16, which XLA cannot."""
    import jax
    import jax.numpy as jnp

    def forward(x: jax.Array, weight: jax.Array, bias: jax.Array) -> Any:
        rows, halved = _halved(x), weight.astype(jnp.bfloat16)
        return _product(rows, halved, 1).reshape(*x.shape[:-1], -1) + bias, (rows, halved)

    def backward(saved: Any, gradient: jax.Array) -> Any:
        rows, weight = saved
        halved = _halved(gradient)
        to_x = _product(halved, weight, 0).reshape(*gradient.shape[:-1], -1)
        wide = halved.shape[1] > rows.shape[1]  # the narrower of the two is turned: that takes longest
        to_weight = _product(rows.T, halved, 0).T if wide else _product(halved.T, rows, 0)
        whole = gradient.reshape(halved.shape)
        return to_x, to_weight, jnp.ones(len(whole), whole.dtype) @ whole  # XLA sums columns more slowly

    @jax.custom_vjp
    def function(x: jax.Array, weight: jax.Array, bias: jax.Array) -> Any:
        return forward(x, weight, bias)[0]

    function.defvjp(forward, backward)
    return function


def _halved(x: jax.Array) -> jax.Array:
    """Returns the rows of an array (all but its last axis joined) in bfloat16."""
    import jax.numpy as jnp

    return x.reshape(-1, x.shape[-1]).astype(jnp.bfloat16)


def _product(left: jax.Array, right: jax.Array, axis: int) -> jax.Array:
    """Multiplies along the last axis of ``left`` and ``axis`` of ``right``, to float32.

    All three lie row by row: for other layouts XLA has no bfloat16 product, and would choose one where a matrix is
    turned.
    """
    import jax
    import jax.numpy as jnp
    from jax.experimental.layout import Layout, with_layout_constraint

    def by_rows(matrix: jax.Array) -> jax.Array:
        laid: jax.Array = with_layout_constraint(matrix, Layout((0, 1)))  # type: ignore[no-untyped-call]
        return laid

    product = jax.lax.dot_general(
        by_rows(left), by_rows(right), (((1,), (axis,)), ((), ())), preferred_element_type=jnp.float32
    )
    return by_rows(product)


def _trial() -> bool:
    """Says whether XLA computes the function and its gradient rightly here, for fewer and more outputs than inputs."""
    import jax
    import numpy as np

    numbers = np.random.default_rng(0)
    x = numbers.standard_normal((64, 64)).astype("float32") / 8
    try:
        with jax.ensure_compile_time_eval():
            for outputs in (32, 128):
                weight = numbers.standard_normal((outputs, 64)).astype("float32")
                given = (x, weight, np.zeros(outputs, "float32"))
                gradient = jax.jit(jax.grad(lambda *arrays: (linear(*arrays) ** 2).sum(), 1))(*given)
                wanted = 2 * (x @ weight.T).T @ x
                if not np.allclose(gradient, wanted, atol=_AGREE * np.abs(wanted).max()):
                    return False
    except Exception:  # whatever stops it, float32 does the work
        return False
    return True
