"""The baseline in a process of its own, so that it costs the training no time: started early, read late."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from genlab_widgets.training.runfolder import RunFolder

if TYPE_CHECKING:
    from genlab_widgets.training.kinds import Kind
    from genlab_widgets.training.scores import Benchmark

LONGEST_SECONDS = 600.0
"""The CRF's rows are capped so that a minute is usual; what takes ten is given up, and the result says so."""


class Baseline:
    """A baseline that is being trained.

    Args:
        process: The process that trains it.
        folder: The run's folder, where ``baseline.json`` appears.
    """

    def __init__(self, process: subprocess.Popen[bytes], folder: RunFolder) -> None:
        self._process = process
        self._folder = folder

    def wait(self) -> Benchmark | None:
        """Returns its scores, waiting for them; None where it failed (the log says why)."""
        try:
            self._process.wait(LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            self.close()
        return self._folder.read_baseline()

    def close(self) -> None:
        """Ends the process if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


def start(folder: RunFolder, kind: Kind, labels: Sequence[str], seed: int) -> Baseline:
    """Starts the baseline on the rows in the run's ``dataset/``; its errors go to the run's log."""
    command = [sys.executable, "-m", "genlab_widgets.training.baseline_process"]
    command += [str(folder.path), kind.name, json.dumps(list(labels)), str(seed)]
    with folder.log.open("ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
    return Baseline(process, folder)


def main(arguments: Sequence[str]) -> None:
    """Trains and scores the baseline, and publishes ``baseline.json``."""
    from genlab_widgets.training import dataset
    from genlab_widgets.training.benchmark import evaluate
    from genlab_widgets.training.kinds import kind_of

    folder, kind = RunFolder(Path(arguments[0])), kind_of(arguments[1])
    labels, seed = json.loads(arguments[2]), int(arguments[3])
    train, test = dataset.read_examples(folder.dataset)
    folder.write_baseline(evaluate(kind, test, kind.baseline(train, test, seed), labels, seed))


if __name__ == "__main__":
    main(sys.argv[1:])
