"""Where JAX computes: on the processor, or on a GPU where one is asked for and JAX is built for it.

What it compiles for a length of rows (4 to 10 s each) is kept in the cache for later trainings.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import platform
from pathlib import Path

from genlab_widgets.resources import gpu
from genlab_widgets.settings import load_settings

_PLATFORM, _RESERVE = "JAX_PLATFORMS", "XLA_PYTHON_CLIENT_PREALLOCATE"
_CACHE, _LEAST_SECONDS = "JAX_COMPILATION_CACHE_DIR", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"
_MOST_KEPT = 1_000
"""Compiled functions of some 50 KB each; the oldest go first."""


def choose(use_gpu: bool) -> str:
    """Sets the device of this process, and where it keeps what it compiles; call it before JAX is first used.

    Args:
        use_gpu: Whether a GPU is asked for.

    Returns:
        A sentence for the log; empty where no GPU is asked for.
    """
    _keep(load_settings().cache / "jax" / _processor())
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


def _keep(folder: Path) -> None:
    """Lets JAX keep what it compiles; where the folder cannot be written, it compiles anew each time."""
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        for old in sorted(folder.iterdir(), key=lambda file: file.stat().st_mtime)[:-_MOST_KEPT]:
            old.unlink(missing_ok=True)
        os.environ.setdefault(_CACHE, str(folder))
        os.environ.setdefault(_LEAST_SECONDS, "0.5")


def multiplies_half() -> bool:
    """Tells whether the processor multiplies matrices of bfloat16 itself (AMX, Intel since 2023)."""
    return "amx_bf16" in _told().split()


def _processor() -> str:
    """Names the processor and what it can do: code that was compiled for another one may not run on this."""
    told = _told()
    kept = [line for line in told.splitlines() if line.startswith(("model name", "flags", "Features", "CPU part"))]
    return hashlib.sha256("\n".join(kept or [told]).encode()).hexdigest()[:12]


@functools.cache
def _told() -> str:
    """Returns what the system says of the first processor."""
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").partition("\n\n")[0]
    except OSError:
        return platform.processor()
