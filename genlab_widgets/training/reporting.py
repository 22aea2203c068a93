"""What a running training tells the outside: its log, its epochs and how far it is.

Everything goes to the run's folder; pages and commands read it there. Times come from the monotonic clock, so a laptop
that slept or a clock that was set does not bend them.
"""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Iterable
from pathlib import Path

from genlab_widgets.errors import WorkspaceUnusable
from genlab_widgets.training.epochs import Epoch, EpochLog
from genlab_widgets.training.runfolder import Progress, RunFolder

POLL_SECONDS = 0.25
"""How often an annotator's log is looked at; a page then shows a line within a second."""
_TICK_SECONDS = 1.0
_EARLY = 0.05
"""Before this part of the first epoch its speed says little: code is still being compiled."""

STEPS = {
    "begin": (0.01, "Reads the settings."),
    "prepare": (0.02, "Selects completions and divides them."),
    "start_baseline": (0.03, "Starts the baseline."),
    "start_spark": (0.05, "Starts Spark."),
    "train": (0.08, "Computes embeddings."),
    "evaluate": (0.92, "Tests the model."),
    "publish": (0.97, "Saves the result."),
    "done": (1.0, "Done."),
}
"""Part of the run that is done when a step begins, and what the page says of it; training takes most of a run."""


class Reporter:
    """Writes log, epochs and progress of one run.

    Args:
        folder: The run's folder.
        epochs: Epochs asked for.
    """

    def __init__(self, folder: RunFolder, epochs: int) -> None:
        self._folder = folder
        self._epochs = epochs
        self._step = "begin"
        self._done = 0
        self._epoch_seconds: list[float] = []
        self._epoch_began: float | None = None
        self._fraction = 0.0
        self._told: float | None = None
        self._expected: float | None = None
        self._ticked = 0.0
        self._lock = threading.RLock()

    def expect(self, epochs: int) -> None:
        """Takes how many epochs there will be, where the choice was automatic."""
        with self._lock:
            self._epochs = epochs

    def estimate(self, seconds: float) -> None:
        """Takes how long the epochs will take, measured by a probe: it counts until they tell it themselves."""
        with self._lock:
            self._expected = seconds
            self.tick()

    @property
    def folder(self) -> RunFolder:
        """The run's folder."""
        return self._folder

    def step(self, name: str) -> None:
        """Enters a step of :data:`STEPS` and says so."""
        with self._lock:
            self._step = name
            self.log(STEPS[name][1])
            self._publish(STEPS[name][1], STEPS[name][0], None)

    def log(self, text: str) -> None:
        """Appends lines to the training log, each with the time of day."""
        stamp = time.strftime("%H:%M:%S")
        self.raw("".join(f"{stamp} {line}\n" for line in text.splitlines() or [""]))

    def raw(self, text: str) -> None:
        """Appends text to the training log as it is, in one write, so that lines of others never fall into it."""
        try:
            descriptor = os.open(self._folder.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                os.write(descriptor, text.encode("utf-8", "replace"))
            finally:
                os.close(descriptor)
        except OSError as error:
            raise WorkspaceUnusable(
                f"{self._folder.log} cannot be written.",
                f"The system says: {error.strerror or error}.",
                "Free some space, then train again.",
            ) from error

    def exception(self, error: BaseException) -> None:
        """Appends a traceback to the log: users are shown sentences, the log has everything."""
        self.log("".join(traceback.format_exception(error)))

    def began(self) -> None:
        """Marks that epochs are running now: time per epoch counts from here."""
        with self._lock:
            if self._epoch_began is None:
                self._epoch_began = time.monotonic()
                self.tick()

    def epochs(self, epochs: Iterable[Epoch]) -> None:
        """Takes epochs that are new or have gained scores."""
        with self._lock:
            for epoch in epochs:
                self._folder.append_epoch(epoch)
                if epoch.number > self._done:
                    self._done = epoch.number
                    now = time.monotonic()
                    self._epoch_seconds.append(now - self._epoch_began if self._epoch_began else epoch.seconds)
                    self._epoch_began = now
                    self._told = None if self._told is None else 0.0
            self.tick()

    def forget(self) -> None:
        """Drops the epochs of a model that was compared and not taken."""
        with self._lock:
            self._folder.metrics.unlink(missing_ok=True)
            self._done, self._epoch_seconds = 0, []
            self._epoch_began = self._told = self._expected = None

    def within(self, fraction: float) -> None:
        """Takes how far the present epoch is (0 to 1), where the training knows it."""
        with self._lock:
            self._told = fraction
            if time.monotonic() - self._ticked >= _TICK_SECONDS:
                self.tick()

    def tick(self) -> None:
        """Publishes where the training is now, also between two epochs."""
        with self._lock:
            if self._epoch_began is None:
                return
            self._ticked = time.monotonic()
            first, last = STEPS["train"][0], STEPS["evaluate"][0]
            into = self._into_epoch()
            fraction = first + (last - first) * min(1.0, (self._done + into) / self._epochs)
            current = min(self._done + 1, self._epochs)
            message = f"Epoch {current} of {self._epochs}." if self._done < self._epochs else "Last epoch done."
            self._publish(message, fraction, self._left(into))

    def _into_epoch(self) -> float:
        """Returns how far the present epoch is; before the first has ended only the training itself knows."""
        if self._told is not None and self._done < self._epochs:
            return min(0.99, self._told)
        if not self._epoch_seconds or self._epoch_began is None or self._done >= self._epochs:
            return 0.0
        return min(0.95, (time.monotonic() - self._epoch_began) / self._typical())

    def _typical(self) -> float:
        """Returns seconds an epoch takes: the mean of the last three (the first one also loads classes)."""
        recent = self._epoch_seconds[-3:] if len(self._epoch_seconds) < 3 else self._epoch_seconds[-2:]
        return max(1e-3, sum(recent) / len(recent))

    def _left(self, into: float) -> float | None:
        if not self._epoch_seconds:
            if self._told is None or into < _EARLY or self._epoch_began is None:
                return None if self._expected is None else self._expected * (1 - into / self._epochs)
            return max(0.0, (self._epochs - into) * (time.monotonic() - self._epoch_began) / into)
        return max(0.0, (self._epochs - self._done - into) * self._typical())

    def _publish(self, message: str, fraction: float, left: float | None) -> None:
        self._fraction = max(self._fraction, min(fraction, 1.0))
        self._folder.write_progress(
            Progress(
                step=self._step,
                epoch=self._done,
                epochs=self._epochs,
                fraction=self._fraction,
                seconds_left=left,
                message=message,
            )
        )


class Following:
    """Follows the log that an annotator writes, from a thread, while the main thread is inside its ``fit``.

    Args:
        place: Folder in which the annotator makes its log file.
        reporter: Gets the lines and the epochs.
    """

    def __init__(self, place: Path, reporter: Reporter) -> None:
        self._place = place
        self._reporter = reporter
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="annotator log", daemon=True)
        self.log = EpochLog()
        self._offset = 0
        self._rest = b""

    def __enter__(self) -> Following:
        self._place.mkdir(parents=True, exist_ok=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._take()
        self._reporter.epochs(self.log.finish())

    def _follow(self) -> None:
        ticked = time.monotonic()
        while not self._done.wait(POLL_SECONDS):
            try:
                self._take()
                if time.monotonic() - ticked >= _TICK_SECONDS:
                    ticked = time.monotonic()
                    self._reporter.tick()
            except WorkspaceUnusable:  # the disk may be full for a moment; the main thread meets it too
                continue

    def _take(self) -> None:
        """Passes on what was written since the last look, whole lines only (a line may be half written)."""
        path = next(iter(sorted(self._place.glob("*.log"))), None)
        if path is None:
            return
        with path.open("rb") as file:
            file.seek(self._offset)
            new = file.read()
        self._offset += len(new)
        whole, newline, self._rest = (self._rest + new).rpartition(b"\n")
        if newline:
            text = (whole + newline).decode("utf-8", "replace")
            self._reporter.raw(text)
            epochs = self.log.feed(text)
            if self.log.started:
                self._reporter.began()
            if epochs:
                self._reporter.epochs(epochs)
