"""The one thread of a page: work that takes a while, and a look at what runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple

SECONDS = 1.0


class _Job(NamedTuple):
    compute: Callable[[], Any]
    apply: Callable[[Any], None]


class Background:
    """Runs jobs one after the other and calls ``tick`` about once a second, until the page is gone.

    Args:
        tick: Looks at what runs; sets traits.
        alive: Whether the page is still there.
        guard: Runs a function and shows its errors.
        lock: Held while results are applied: callbacks of the page hold it too.
        threaded: False runs each job at once, in the caller's thread, and never ticks by itself.
    """

    def __init__(
        self,
        tick: Callable[[], None],
        alive: Callable[[], bool],
        guard: Callable[[Callable[[], Any]], Any],
        lock: threading.RLock,
        threaded: bool = True,
    ) -> None:
        self._tick = tick
        self._alive = alive
        self._guard = guard
        self._lock = lock
        self._jobs: dict[str, _Job] = {}
        self._wanted = threading.Condition()
        self._stopped = False
        self._threaded = threaded

    def start(self) -> None:
        """Starts the thread, once the page is complete."""
        if self._threaded:
            threading.Thread(target=self._loop, name="genlab-page", daemon=True).start()

    def submit(self, name: str, compute: Callable[[], Any], apply: Callable[[Any], None]) -> None:
        """Computes something, then applies it under the page's lock; replaces a job of that name that still waits."""
        job = _Job(compute, apply)
        if not self._threaded:
            self._run(job)
            return
        with self._wanted:
            self._jobs.pop(name, None)
            self._jobs[name] = job
            self._wanted.notify()

    def stop(self) -> None:
        """Ends the thread after the job that it works on."""
        with self._wanted:
            self._stopped = True
            self._wanted.notify()

    def _loop(self) -> None:
        while not self._stopped and self._alive():
            job = self._next()
            if job is not None:
                self._run(job)
            self._tick()

    def _next(self) -> _Job | None:
        with self._wanted:
            if not self._jobs and not self._stopped:
                self._wanted.wait(SECONDS)
            return self._jobs.pop(next(iter(self._jobs))) if self._jobs else None

    def _run(self, job: _Job) -> None:
        def work() -> None:
            found = job.compute()
            with self._lock:
                if not self._stopped:  # nobody waits for it on a page that was left
                    job.apply(found)

        self._guard(work)
