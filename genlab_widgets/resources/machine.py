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


class Space(NamedTuple):
    """Memory or disk, in MB: all there is, and what is free of it."""

    total_mb: float
    free_mb: float

    @property
    def used(self) -> float:
        """The part that is taken, 0 to 1."""
        return 1 - min(1.0, max(0.0, self.free_mb / self.total_mb)) if self.total_mb else 0.0


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


def memory() -> Space:
    """Returns the memory that programs may use here and what is free of it; a container's own count is heeded.

    Files that the kernel keeps in memory count as free: it gives them up when programs ask.
    """
    import psutil

    total, free = memory_mb(), psutil.virtual_memory().available / MEGABYTE
    with contextlib.suppress(OSError, ValueError):
        limit = float((_CGROUP / "memory.max").read_text(encoding="ascii"))
        taken = float((_CGROUP / "memory.current").read_text(encoding="ascii")) - _kept_files()
        free = min(free, (limit - taken) / MEGABYTE)
    return Space(total, max(0.0, free))


def disk(folder: Path) -> Space:
    """Returns the disk on which a folder lies, or will lie."""
    import shutil

    existing = next(place for place in (folder, *folder.absolute().parents) if place.exists())
    usage = shutil.disk_usage(existing)
    return Space(usage.total / MEGABYTE, usage.free / MEGABYTE)


def busy() -> float:
    """Returns how many cores were busy since the last call; 0 the first time."""
    import psutil

    return float(psutil.cpu_percent()) / 100 * (os.cpu_count() or 1)


def _kept_files() -> float:
    """Returns the bytes of a container's files that the kernel keeps in memory and may drop."""
    for line in (_CGROUP / "memory.stat").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file":
            return float(value)
    return 0.0


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
