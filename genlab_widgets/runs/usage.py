"""What a run takes of the machine now: processor and memory of all its processes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

import psutil

from genlab_widgets.runs import processes

MEGABYTE = 2**20


class Usage(NamedTuple):
    """What a run takes.

    Attributes:
        cores: Processor cores that it kept busy since the last look; None at the first.
        memory_mb: Resident memory of its processes; what they share counts for each.
        processes: How many they are.
    """

    cores: float | None
    memory_mb: float
    processes: int


class Meter:
    """Looks at runs again and again; busy cores are what changed between two looks."""

    def __init__(self) -> None:
        self._seen: dict[Path, tuple[float, dict[int, float]]] = {}

    def read(self, folder: Path) -> Usage:
        """Returns what the run of a folder takes now."""
        seconds: dict[int, float] = {}
        memory = 0
        for process in processes.of_run(folder):
            try:
                with process.oneshot():
                    spent = process.cpu_times()
                    seconds[process.pid] = float(spent.user + spent.system)
                    memory += int(process.memory_info().rss)
            except psutil.Error:  # it has ended since it was listed
                continue
        now = time.monotonic()
        before = self._seen.get(folder)
        self._seen[folder] = now, seconds
        return Usage(_busy(before, now, seconds), memory / MEGABYTE, len(seconds))

    def forget(self, kept: set[Path]) -> None:
        """Drops what is remembered of runs other than these."""
        self._seen = {folder: seen for folder, seen in self._seen.items() if folder in kept}


def _busy(before: tuple[float, dict[int, float]] | None, now: float, seconds: dict[int, float]) -> float | None:
    """Returns processor seconds a second; a process that is new since counts with all that it has spent."""
    if before is None or now <= before[0]:
        return None
    spent = sum(total - before[1].get(pid, 0.0) for pid, total in seconds.items())
    return max(0.0, spent / (now - before[0]))
