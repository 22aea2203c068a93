"""A time limit on code that may hang: it is interrupted first, and when it does not listen its process ends."""

from __future__ import annotations

import _thread
import faulthandler
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

GRACE_SECONDS = 20.0
"""How long interrupted code may take to leave."""
CLOSE_SECONDS = 60.0
"""How long a worker's kernel may take to end after that: what hung may also keep Spark from stopping."""
_WORKERS = "GENLAB_RUN_FOLDER"


class Watchdog:
    """Ends what runs longer than it may.

    After the limit ``KeyboardInterrupt`` is raised in the main thread. Code that catches it, or waits where Python
    cannot interrupt it, is ended with its process. Code that never lets another thread run (a hung extension) is ended
    by a thread of faulthandler, which needs no lock of Python.

    Args:
        seconds: The limit.
        told: Called when the limit is over, before anything ends; it writes down why.
        log: A traceback goes to this file when faulthandler ends the process.

    Attributes:
        expired: Whether the limit was over.
    """

    def __init__(self, seconds: float, told: Callable[[], None], log: Path) -> None:
        self.expired = False
        self._seconds = seconds
        self._told = told
        self._log = log
        self._left = threading.Event()
        self._lock = threading.Lock()
        self._file: BinaryIO | None = None

    def __enter__(self) -> Watchdog:
        self._file = self._log.open("ab", buffering=0)
        faulthandler.dump_traceback_later(self._seconds + 2 * GRACE_SECONDS, exit=True, file=self._file)
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._left.set()
        faulthandler.cancel_dump_traceback_later()
        if self._file is not None:
            self._file.close()

    def _watch(self) -> None:
        if self._left.wait(self._seconds):
            return
        with self._lock:
            if self._left.is_set():
                return
            self.expired = True
            self._told()
            _interrupt()
        if self._left.wait(GRACE_SECONDS):
            if _WORKERS not in os.environ:  # somebody's own kernel goes on
                return
            time.sleep(CLOSE_SECONDS)
        os._exit(1)


def _interrupt() -> None:
    """Raises ``KeyboardInterrupt`` in the main thread; a real signal also wakes it from a system call."""
    main = threading.main_thread().ident
    if hasattr(signal, "pthread_kill") and main is not None:
        signal.pthread_kill(main, signal.SIGINT)
    else:
        _thread.interrupt_main()
