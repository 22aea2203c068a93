"""The process of one training: ``python -m genlab_widgets.runs.worker <run id>``.

It runs in a session of its own with the run's log as its output, so closing the page, the kernel or the server that
started it changes nothing. What it finds out it writes into the run's row; the notebook is never asked.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from typing import Any

from genlab_widgets.database import Database, patiently
from genlab_widgets.errors import FailureReason, GenlabError, NotEnoughResources
from genlab_widgets.resources import machine
from genlab_widgets.runs import control, notebook, outcome, processes, supervisor
from genlab_widgets.runs.states import EndReason, Status
from genlab_widgets.runs.store import RunRow, Runs
from genlab_widgets.settings import load_settings
from genlab_widgets.training.runfolder import Failure, failure_of
from genlab_widgets.training.trainers import custom

GIGABYTE = 1e9
LOOK_SECONDS = 2.0
"""How often a worker looks whether somebody on another machine stops its run; it is one query by the run's id."""
SCRIPT_STEPS = ("train", "evaluate", "publish")
"""Steps in which code of a custom training script may run: what it left behind can still end the process."""


class Worker:
    """One run, from STARTING to its end.

    Args:
        runs: The workspace's runs.
        row: The run, RUNNING.
    """

    def __init__(self, runs: Runs, row: RunRow) -> None:
        self.runs = runs
        self.row = row
        self.folder = runs.folder(row.id)
        self.asked_to_end = False
        self.peak = 0
        self._oom_kills = machine.oom_kills()

    def run(self) -> None:
        """Trains and ends the run."""
        signal.signal(signal.SIGTERM, self._end_notebook)
        error = self._execute()
        # From here on the row decides, and it takes milliseconds. Not SIG_IGN: the next run's worker would inherit it.
        signal.signal(signal.SIGTERM, lambda *_: None)
        if error is not None:
            outcome.log_exception(self.folder, error)
        processes.sweep(self.folder.path)
        patiently(lambda: self._end(error))

    def _end(self, error: BaseException | None) -> None:
        if self._stopped() or not self._conclude(error):  # refused: someone asked to stop it meanwhile
            outcome.cancel(self.runs, self.row.id)

    def _execute(self) -> BaseException | None:
        with processes.MemoryWatch() as memory, StopWatch(self.runs, self.row.id):
            try:
                outcome.name_incumbents(self.runs, self.row)
                notebook.execute(self.folder, self.row.training_spec)
            except BaseException as error:
                return error
            finally:
                self.peak = memory.peak
        return None

    def _end_notebook(self, *_: object) -> None:
        """Ends the kernel on SIGTERM: papermill notices that within a second, saves the notebook and returns."""
        self.asked_to_end = True
        processes.signal_all(processes.of_run(self.folder.path))

    def _stopped(self) -> bool:
        return self.runs.get(self.row.id).status is Status.CANCELLING

    def _conclude(self, error: BaseException | None) -> bool:
        """Ends the run by what it left behind; False if it had ended or is being stopped."""
        failure = self.folder.read_failure()
        if failure is not None:
            return outcome.fail(self.runs, self.row.id, self._with_memory(failure))
        if error is None or _kernel_lost(error):
            result = outcome.verified(self.folder)
            if result is not None:
                return outcome.complete(self.runs, self.row, result)
        if self.asked_to_end:
            message = "The training was ended from outside (SIGTERM), for example by a shutdown of the machine."
            return outcome.crash(self.runs, self.row.id, EndReason.WORKER_LOST, message)
        if error is not None and _kernel_lost(error) and self._script_ran() and not self._ran_out_of_memory():
            return outcome.fail(self.runs, self.row.id, failure_of(custom.process_lost()))
        if error is not None and _kernel_lost(error):
            return outcome.crash(self.runs, self.row.id, EndReason.KERNEL_LOST, self._kernel_lost_message())
        return outcome.fail(self.runs, self.row.id, _no_model() if error is None else failure_of(_cause(error)))

    def _script_ran(self) -> bool:
        """Tells whether the run had come to its custom training script: the kernel's end is then put down to it."""
        progress = self.folder.read_progress()
        return bool(self.row.training_spec.custom_script) and progress is not None and progress.step in SCRIPT_STEPS

    def _kernel_lost_message(self) -> str:
        message = "The notebook's kernel ended in the middle of the training."
        used = f" It and its Java process last used {self.peak / GIGABYTE:.1f} GB." if self.peak else ""
        if self._ran_out_of_memory():
            return f"{message} The system had run out of memory and killed a process.{used}"
        return f"{message} It was killed from outside or crashed.{used}"

    def _with_memory(self, failure: Failure) -> Failure:
        """Names the cause of an unexplained failure when the system killed a process, such as the JVM, meanwhile."""
        if failure.reason is not FailureReason.INTERNAL or not self._ran_out_of_memory():
            return failure
        why = f"The system killed one of its processes; together they had used {self.peak / GIGABYTE:.1f} GB."
        error = NotEnoughResources("The training ran out of memory.", why, "Train on fewer tasks or a smaller batch.")
        return failure_of(error)

    def _ran_out_of_memory(self) -> bool:
        kills = machine.oom_kills()
        return kills is not None and self._oom_kills is not None and kills > self._oom_kills


class StopWatch(threading.Thread):
    """Ends the processes of a run that somebody stops from another machine: no signal comes from there."""

    def __init__(self, runs: Runs, run_id: str) -> None:
        super().__init__(name="stop-watch", daemon=True)
        self._runs = runs
        self._run_id = run_id
        self._end = threading.Event()

    def __enter__(self) -> StopWatch:
        if not self._runs.database.on_one_machine:
            self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()

    def run(self) -> None:
        """Looks until the notebook has ended; a kernel that papermill starts after the stop is ended, too."""
        while not self._end.wait(LOOK_SECONDS):
            with contextlib.suppress(GenlabError):  # the database is away: it looks again
                if self._runs.get(self._run_id).status is Status.CANCELLING:
                    processes.sweep(self._runs.folder(self._run_id).path, grace=control.GRACE_SECONDS)


def _kernel_lost(error: BaseException) -> bool:
    from nbclient.exceptions import DeadKernelError

    return isinstance(error, DeadKernelError) or (isinstance(error, RuntimeError) and "Kernel died" in str(error))


def _cause(error: BaseException) -> BaseException:
    """Returns what a cell raised under its own name, where papermill's exception only quotes it."""
    from papermill.exceptions import PapermillExecutionError

    if isinstance(error, PapermillExecutionError):
        quoted: BaseException = type(error.ename, (Exception,), {})(error.evalue)
        return quoted
    return error


def _no_model() -> Failure:
    return Failure(
        code="GL001",
        reason=FailureReason.INTERNAL,
        what="The training ended, but no model was saved.",
        why="Its notebook ran to the end without leaving a complete result.json and model.",
        next_step="Open the notebook and the log for the details, then train again.",
    )


def main(run_id: str) -> int:
    """Trains one run that is STARTING; one that was stopped meanwhile is left alone."""
    try:
        _train(run_id)
    except GenlabError as error:  # this is the run's log, which people read
        sys.stderr.write(f"{type(error).__name__} ({error.code}): {error}\n")
        return error.exit_code
    return 0


def _train(run_id: str) -> None:
    settings = load_settings()
    home = settings.home.absolute()
    database = patiently(lambda: Database(home, settings.database_url))
    runs = Runs(database, home)
    pid = os.getpid()
    me: dict[str, Any] = {"pid": pid, "pid_created": processes.created(pid), **runs.place}
    moved = patiently(lambda: runs.move(run_id, Status.RUNNING, message="Trains.", **me))
    row = patiently(lambda: runs.get(run_id))
    # The move of a connection that broke at its commit may have been made all the same.
    if not moved and not (row.status is Status.RUNNING and (row.pid, row.host) == (me["pid"], me["host"])):
        return
    worker = Worker(runs, row)
    worker.run()
    if (
        not worker.asked_to_end or runs.get(run_id).status is Status.CANCELLED
    ):  # a machine that shuts down starts nothing
        supervisor.reconcile(database, home)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
