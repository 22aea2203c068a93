"""The processes of a run: who they are, whether they live, and how none of them stays behind.

A run's worker starts a kernel in a session of its own, the kernel starts a JVM, and whatever a notebook starts may
leave its parent. They are found by the environment variable that names the run's folder, and as descendants of a
process that carries it. A process id alone is never trusted: the system gives it out again.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import psutil

MARKER = "GENLAB_RUN_FOLDER"
"""Environment variable that tells a notebook, and everything it starts, which run it belongs to."""
_SAME_START_SECONDS = 1.0
_POLL_SECONDS = 0.05


def created(pid: int) -> float | None:
    """Returns when a process started (seconds since 1970), or None if it is gone."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None


def lives(pid: int | None, pid_created: float | None, folder: Path) -> bool:
    """Tells whether the worker of a run still runs.

    The start time of a process is derived from the wall clock, which may have been set since. So a process of this id
    also counts when it carries the run's mark.
    """
    if pid is None:
        return False
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        if pid_created is not None and abs(process.create_time() - pid_created) < _SAME_START_SECONDS:
            return True
        return _mark(process) == os.path.realpath(folder)
    except psutil.Error:
        return False


def terminate(pid: int | None, pid_created: float | None, folder: Path) -> None:
    """Asks the worker of a run to end, if it is still the same process."""
    if pid is not None and lives(pid, pid_created, folder):
        signal_all([psutil.Process(pid)])


def of_run(folder: Path) -> list[psutil.Process]:
    """Returns the living processes of a run, without the calling process and its parents.

    A process that wiped its environment and left its parent is not found.
    """
    wanted = os.path.realpath(folder)
    spared = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    children: dict[int, list[psutil.Process]] = defaultdict(list)
    marks: dict[int, str | None] = {}
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            parent = process.ppid()
        except psutil.Error:
            continue
        marks[process.pid] = _mark(process)
        children[parent].append(process)
    found: dict[int, psutil.Process] = {}
    reached = [process for siblings in children.values() for process in siblings if marks[process.pid] == wanted]
    while reached:
        process = reached.pop()
        if process.pid in found:
            continue
        found[process.pid] = process
        # A worker that ends starts the next one: its child, but another run's process.
        reached += [child for child in children[process.pid] if marks[child.pid] in (None, wanted)]
    return [process for pid, process in found.items() if pid not in spared]


def sweep(folder: Path, grace: float = 1.0, limit: float = 4.0) -> list[int]:
    """Ends every process of a run.

    Args:
        folder: The run's folder.
        grace: Seconds that they get to end by themselves after SIGTERM; 0 kills at once.
        limit: Seconds after which to give up on processes that even SIGKILL does not end.

    Returns:
        The ids of processes that had to be ended.
    """
    found = of_run(folder)
    ended = [process.pid for process in found]
    if found and grace > 0:
        signal_all(found)
        _wait(found, grace)
        found = of_run(folder)
    deadline = time.monotonic() + limit
    while found and time.monotonic() < deadline:  # again, as one may have started another meanwhile
        signal_all(found, kill=True)
        _wait(found, 0.5)
        found = of_run(folder)
    return ended


class MemoryWatch(threading.Thread):
    """Samples the memory of this process's children, so that the end of a killed one can be explained.

    Attributes:
        peak: Highest sum of resident bytes so far; 0 while nothing was sampled.
    """

    def __init__(self, seconds: float = 2.0) -> None:
        super().__init__(name="memory-watch", daemon=True)
        self.peak = 0
        self._seconds = seconds
        self._end = threading.Event()

    def __enter__(self) -> MemoryWatch:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()

    def run(self) -> None:
        """Samples until the end."""
        me = psutil.Process()
        while not self._end.wait(self._seconds):
            self.peak = max(self.peak, sum(_resident(child) for child in me.children(recursive=True)))


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _mark(process: psutil.Process) -> str | None:
    """Returns the run folder that a process carries; None if it has none or may not be looked at."""
    try:
        mark = process.environ().get(MARKER)
    except (psutil.Error, OSError):
        return None
    return os.path.realpath(mark) if mark else None


def signal_all(targets: Iterable[psutil.Process], kill: bool = False) -> None:
    """Sends SIGTERM, or SIGKILL, to those that are still there."""
    for process in targets:
        try:  # psutil refuses to signal a process whose id was given out again
            if kill:
                process.kill()
            else:
                process.terminate()
        except psutil.Error:
            continue


def _gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _wait(targets: Iterable[psutil.Process], seconds: float) -> None:
    """Waits until all are gone; zombies count as gone, as nobody may ever reap them in a container."""
    deadline = time.monotonic() + seconds
    left = list(targets)
    while left and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        left = [process for process in left if not _gone(process)]
