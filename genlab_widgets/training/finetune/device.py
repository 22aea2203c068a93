"""Where JAX computes: on the processor, or on a GPU where one is asked for and JAX is built for it."""

from __future__ import annotations

import os

from genlab_widgets.resources import gpu

_PLATFORM, _RESERVE = "JAX_PLATFORMS", "XLA_PYTHON_CLIENT_PREALLOCATE"


def choose(use_gpu: bool) -> str:
    """Sets the device of this process; call it before JAX is first used.

    Args:
        use_gpu: Whether a GPU is asked for.

    Returns:
        A sentence for the log; empty where no GPU is asked for.
    """
    if not use_gpu:
        os.environ[_PLATFORM] = "cpu"
        return ""
    if not gpu.jax_is_built_for_it():
        os.environ[_PLATFORM] = "cpu"
        return (
            "JAX is not built for a GPU here, so fine-tuning runs on the processor: pip install 'genlab-widgets[gpu]'."
        )
    os.environ.pop(_PLATFORM, None)
    os.environ.setdefault(_RESERVE, "false")  # Spark NLP needs memory of the same card
    return gpu.sentence(gpu.found())
