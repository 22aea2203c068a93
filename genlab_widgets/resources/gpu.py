"""Which GPU this machine has, asked of NVIDIA's driver: no deep-learning library is imported for the answer."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from genlab_widgets.errors import NotEnoughResources

NONE_FOUND = "No GPU found"
_DRIVER = Path("/proc/driver/nvidia/gpus")
_VISIBLE = "CUDA_VISIBLE_DEVICES"
"""CUDA's own variable: it hides cards from every program; empty or -1 hides all."""
_SECONDS = 10.0
_QUERY = ("--query-gpu=name,memory.total", "--format=csv,noheader,nounits")
_JAX_PLUGINS = ("jax_cuda12_plugin", "jax_cuda13_plugin")


class Gpu(NamedTuple):
    """One card: its name, and its memory in MB (None where only the driver's files tell of it)."""

    name: str
    memory_mb: float | None


@cache
def found() -> tuple[Gpu, ...]:
    """Returns the cards that programs may use here, in the driver's order; asked once a process."""
    if os.environ.get(_VISIBLE, "all").strip() in ("", "-1"):
        return ()
    return _of_nvidia_smi() or _of_the_driver()


def sentence(cards: Sequence[Gpu]) -> str:
    """Says what there is: "GPU resource available: Tesla T4, 15.0 GB."."""
    if not cards:
        return f"{NONE_FOUND} on this machine."
    return f"GPU resource available: {', '.join(_described(card) for card in cards)}."


def refusal() -> str:
    """Returns why no training can use a GPU here; empty where one can."""
    return "" if found() else f"{NONE_FOUND} on this machine: NVIDIA's driver names none."


def require() -> None:
    """Refuses where there is no GPU.

    Raises:
        NotEnoughResources: There is none.
    """
    reason = refusal()
    if reason:
        step = "Train without use_gpu, or on a machine with an NVIDIA GPU and its driver."
        raise NotEnoughResources("The training asks for a GPU.", reason, step)


def jax_is_built_for_it() -> bool:
    """Tells whether the installed JAX can use a GPU (its CUDA plugin is a package of its own); imports nothing."""
    return any(importlib.util.find_spec(name) is not None for name in _JAX_PLUGINS)


def _described(card: Gpu) -> str:
    return card.name if card.memory_mb is None else f"{card.name}, {card.memory_mb / 1024:.1f} GB"


def _of_nvidia_smi() -> tuple[Gpu, ...]:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ()
    try:
        answer = subprocess.run([tool, *_QUERY], capture_output=True, text=True, timeout=_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):  # installed without a driver, or a card that does not answer
        return ()
    return tuple(_read(line) for line in answer.stdout.splitlines() if line.strip())


def _read(line: str) -> Gpu:
    name, _, memory = line.rpartition(",")
    try:
        return Gpu(name.strip(), float(memory))
    except ValueError:  # "[N/A]" on cards that share the machine's memory
        return Gpu(name.strip() or line.strip(), None)


def _of_the_driver() -> tuple[Gpu, ...]:
    """Reads the driver's own files: containers often lack nvidia-smi."""
    cards = []
    for file in sorted(_DRIVER.glob("*/information")):
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        named = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
        cards.append(Gpu(named.get("Model") or "NVIDIA GPU", None))
    return tuple(cards)
