"""What this machine can give to trainings: cores, memory, slots."""

from __future__ import annotations

import contextlib
import math
import os
import platform
from pathlib import Path
from typing import NamedTuple

from genlab_widgets.settings import load_settings

MEGABYTE = 2**20
MEMORY_PER_RUN_MB = 3_000
"""A small NER training peaks at about 2 GB (JVM 1.4 GB, Python 0.4 GB); 3 GB leave room for its data."""
KEPT_FREE_MB = 1_000
"""Memory left to the system, Jupyter and the browser."""
_CGROUP = Path("/sys/fs/cgroup")


class Capacity(NamedTuple):
    """How much may run at once.

    Attributes:
        slots: Trainings at once.
        memory_mb: Memory that their estimates may add up to; None where the user set the slots: then only these count.
    """

    slots: int
    memory_mb: float | None


def cores() -> int:
    """Returns the cores that this process may use: affinity and the container's limit are heeded."""
    try:
        count = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows
        count = os.cpu_count() or 1
    with contextlib.suppress(OSError, ValueError):
        quota, period = (_CGROUP / "cpu.max").read_text(encoding="ascii").split()
        count = min(count, math.ceil(int(quota) / int(period)))  # "max" is no limit: ValueError
    return max(1, count)


def memory_mb() -> float:
    """Returns the machine's memory, or the container's limit where that is lower."""
    import psutil

    total = float(psutil.virtual_memory().total)
    with contextlib.suppress(OSError, ValueError):
        total = min(total, float((_CGROUP / "memory.max").read_text(encoding="ascii")))
    return total / MEGABYTE


def oom_kills() -> int | None:
    """Returns how many processes the kernel has killed here for lack of memory; None where it does not say."""
    with contextlib.suppress(OSError, ValueError):
        for line in (_CGROUP / "memory.events").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def capacity() -> Capacity:
    """Returns what may run at once: ``GENLAB_SLOTS``, or what cores and memory allow.

    NerDL keeps about one core busy (measured, DESIGN section 5), so a training a core is the upper limit.
    """
    chosen = load_settings().slots
    if chosen is not None:
        return Capacity(max(1, chosen), None)
    usable = max(0.0, memory_mb() - KEPT_FREE_MB)
    return Capacity(max(1, min(cores(), int(usable // MEMORY_PER_RUN_MB))), usable)


def host() -> str:
    """Returns the name under which runs remember this machine."""
    return platform.node()
