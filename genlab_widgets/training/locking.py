"""One writer at a time in a cache folder, across processes."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from genlab_widgets.errors import WorkspaceUnusable


@contextlib.contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds the folder's lock; waits while another process holds it.

    The operating system drops the lock when its holder dies, so a killed download never blocks the next one.

    Raises:
        WorkspaceUnusable: The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / ".lock").open("a+b")
    except OSError as error:
        raise WorkspaceUnusable(
            f"The cache folder {folder} cannot be written.",
            f"The system says: {error.strerror or error}.",
            "Set GENLAB_CACHE to a folder that can be written.",
            path=str(folder),
        ) from error
    with handle:
        _lock(handle)
        yield


def _lock(handle: IO[bytes]) -> None:
    """Locks the open file until it is closed."""
    if sys.platform == "win32":
        import msvcrt
        import time

        handle.seek(0)
        while True:
            try:
                msvcrt.locking(handle.fileno(), msvcrt.LK_LOCK, 1)
                return
            except OSError:  # LK_LOCK gives up after ten seconds; a download takes longer
                time.sleep(0.1)
    import fcntl

    fcntl.flock(handle, fcntl.LOCK_EX)


def scratch(target: Path) -> Path:
    """Returns a name beside ``target`` that no other process uses, to be renamed to it when complete."""
    return target.with_name(f".{target.name}.{os.getpid()}.part")
