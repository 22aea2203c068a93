"""How much memory this process may use: the machine's, or less where a control group limits it.

One rule for everything that plans memory: Java's heap, the check before a training, and how many may run at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def limit(groups: Path = _GROUPS, membership: Path = _MEMBERSHIP) -> int:
    """Returns bytes: the machine's memory, or the lowest limit of the control groups that this process is in.

    A container sees its own group as the root; a batch system or a service manager limits a group further down, which
    ``membership`` names. Both versions of control groups are read; elsewhere than on Linux there are none.

    Args:
        groups: Where control groups are mounted.
        membership: The file that names this process's groups.
    """
    import psutil

    lowest = int(psutil.virtual_memory().total)
    for file in _limit_files(groups, membership):
        with contextlib.suppress(OSError, ValueError):  # no such group, or the word "max"
            lowest = min(lowest, int(file.read_text(encoding="ascii")))
    return lowest


def _limit_files(groups: Path, membership: Path) -> Iterator[Path]:
    """Yields the files that can hold a limit: of the root, and of each group on the way down to this process."""
    yield groups / "memory.max"
    yield groups / "memory" / "memory.limit_in_bytes"
    try:
        lines = membership.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:  # version 2: "0::/path"; version 1: "9:memory:/path"
        _, _, named = line.partition(":")
        controllers, _, path = named.partition(":")
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(1, len(parts) + 1):
            below = Path(*parts[:depth])
            if not controllers:
                yield groups / below / "memory.max"
            elif "memory" in controllers.split(","):
                yield groups / "memory" / below / "memory.limit_in_bytes"
