"""``Run``: one training, from the queue to its end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from genlab_widgets.errors import WrongParameters

if TYPE_CHECKING:
    from genlab_widgets.runs.states import Status
    from genlab_widgets.runs.store import RunRow
    from genlab_widgets.training.epochs import Epoch
    from genlab_widgets.training.page_marks import MarkedPage
    from genlab_widgets.training.runfolder import Progress, Result, RunFolder
    from genlab_widgets.training.scores import Benchmark, Comparison
    from genlab_widgets.training.spec import TrainingSpec
    from genlab_widgets.workspace._workspace import Workspace

POLL_SECONDS = 0.5


class Run:
    """One training. Made by :meth:`Project.train` and :meth:`Workspace.run`.

    Until the run ended, every attribute is read anew; an end is kept.
    """

    def __init__(self, workspace: Workspace, row: RunRow) -> None:
        self.workspace = workspace
        self._known = row
        self._result: Result | None = None

    def __repr__(self) -> str:
        return f"Run({self.id!r}, {self._known.status})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Run) and self.id == other.id and self.workspace.home == other.workspace.home

    def __hash__(self) -> int:
        return hash(self.id)

    @property
    def row(self) -> RunRow:
        """The run's row as the database has it now: all its attributes at one moment."""
        if not self._known.status.ended:
            self._known = self.workspace.run_rows.get(self.id)
        return self._known

    def refresh(self) -> Run:
        """Finds out what happened to the run (also when its worker was killed); returns self."""
        if not self._known.status.ended:
            self.workspace.reconcile()
            self._known = self.workspace.run_rows.get(self.id)
        return self

    @property
    def id(self) -> str:
        """Project name and number: ``clinic_notes-0012``."""
        return self._known.id

    @property
    def number(self) -> int:
        """The run's number in its project."""
        return self._known.number

    @property
    def project(self) -> str:
        """Name of the project."""
        return self._known.project

    @property
    def kind(self) -> str:
        """What is trained."""
        return self._known.kind

    @property
    def source(self) -> str:
        """``manual``, ``active_learning`` or ``batch``."""
        return self._known.source

    @property
    def group(self) -> list[Run]:
        """The runs that were asked for together with this one, itself included, in their order; empty without a group.

        ``genlab_widgets.workspace.logs_of`` packs the logs of all of them.
        """
        name = self._known.group
        if name is None:
            return []
        rows = self.workspace.run_rows.list(project=self.project, group=name, limit=None)
        return [Run(self.workspace, row) for row in sorted(rows, key=lambda row: row.number)]

    @property
    def user(self) -> str:
        """Who asked for it."""
        return self._known.user

    @property
    def spec(self) -> TrainingSpec:
        """What it was asked to do."""
        return self._known.training_spec

    @property
    def created_at(self) -> datetime:
        """When it was asked for, in UTC."""
        return self._known.created_at

    @property
    def status(self) -> Status:
        """Where it stands."""
        return self.row.status

    @property
    def ended(self) -> bool:
        """Whether it is COMPLETED, FAILED, CANCELLED or CRASHED."""
        return self.row.status.ended

    @property
    def reason(self) -> str | None:
        """Code of why it ended so; None before."""
        return self.row.reason

    @property
    def message(self) -> str:
        """What happened, or what the run waits for, in sentences."""
        return self.row.message

    @property
    def next_step(self) -> str:
        """What to do now; empty when there is nothing to do."""
        return self.row.next_step

    @property
    def started_at(self) -> datetime | None:
        """When its process was started, in UTC."""
        return self.row.started_at

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, in UTC."""
        return self.row.ended_at

    @property
    def duration(self) -> float | None:
        """Seconds from its start to its end, or to now; None while it waits."""
        from genlab_widgets.database import now

        row = self.row
        if row.started_at is None:
            return None
        return max(0.0, ((row.ended_at or now()) - row.started_at).total_seconds())

    @property
    def f1(self) -> float | None:
        """Headline F1 once it COMPLETED."""
        return self.row.f1

    @property
    def model(self) -> str | None:
        """Name of the model once it COMPLETED."""
        return self.row.model

    @property
    def folder(self) -> RunFolder:
        """The run's files."""
        return self.workspace.run_rows.folder(self.id)

    @property
    def notebook(self) -> Path:
        """The executed notebook; not there before the training began."""
        return self.folder.notebook

    @property
    def result(self) -> Result | None:
        """What was measured; None until it is.

        Raises:
            BadInput: ``result.json`` is damaged.
        """
        if self._result is None:
            self._result = self.folder.read_result()
        return self._result

    @property
    def benchmark(self) -> Benchmark | None:
        """Quality of the model on the held-out tasks: per label, with support, confusions and errors worth reading."""
        return self.result.benchmark if self.result else None

    @property
    def baseline(self) -> Benchmark | None:
        """The same for the cheap baseline, on the same tasks; known long before the model's."""
        return self.result.baseline if self.result else self.folder.read_baseline()

    @property
    def baseline_title(self) -> str:
        """What the baseline is."""
        from genlab_widgets.training.kinds import KINDS

        return KINDS[self.kind].baseline_title if self.kind in KINDS else "baseline"

    def progress(self) -> Progress | None:
        """Returns step, epoch, part done (0 to 1) and seconds left; None before the training began."""
        return self.folder.read_progress()

    def epochs(self) -> list[Epoch]:
        """Returns loss and scores by epoch so far."""
        return self.folder.epochs()

    def log(self, offset: int = 0) -> tuple[str, int]:
        """Returns the next piece of the training log (256 KB at most) and the offset (bytes) to ask from next.

        Args:
            offset: Where the text read before ended; 0 reads from the start.
        """
        from genlab_widgets.runs import logs

        return logs.read(self.folder, offset)

    def log_tail(self) -> tuple[str, int]:
        """Returns the last part of a log that is too long to be shown whole, and the offset to ask :meth:`log` from."""
        from genlab_widgets.runs import logs

        return logs.tail(self.folder)

    def pages(self) -> list[MarkedPage]:
        """Returns the pages of the test tasks with what people marked and what the model found, errors first.

        Empty where texts are trained, and before the model was tested.

        Raises:
            BadInput: ``pages.json`` is damaged.
        """
        return self.folder.read_pages()

    def page_picture(self, page: MarkedPage) -> bytes:
        """Returns the picture of a page as JPEG, scaled down for a screen; empty where the export brought none.

        Raises:
            NotFound: The project or the picture is gone.
            BadInput: It cannot be read.
        """
        from genlab_widgets.training import page_pictures

        return page_pictures.jpeg(self.workspace.project(self.spec.project).folder, page.source)

    def download_logs(self, target: Path | str) -> Path:
        """Writes one zip with log, notebook, spec, result and metrics; returns its path.

        Args:
            target: The zip to write, or a folder for it.

        Raises:
            WorkspaceUnusable: It cannot be written.
        """
        from genlab_widgets.runs import logs

        return logs.bundle(self.folder, Path(target))

    def logs_zip(self) -> bytes:
        """Returns the zip of :meth:`download_logs` as bytes."""
        from genlab_widgets.runs import logs

        return logs.bundle_bytes(self.folder)

    def wait(self, timeout: float | None = None, poll: float = POLL_SECONDS) -> Run:
        """Returns when the run ended, or after ``timeout`` (then :attr:`ended` is False).

        Args:
            timeout: Seconds to wait at most; None waits for the end.
            poll: Seconds between two looks.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while not self.refresh()._known.status.ended:
            left = poll if deadline is None else min(poll, deadline - time.monotonic())
            if left <= 0:
                break
            time.sleep(left)
        return self

    def stop(self) -> Run:
        """Stops the training and returns when it has ended; what it has logged stays.

        A run that has ended already stays as it is.

        Raises:
            NotAllowed: The user's role in the project does not allow it.
        """
        from genlab_widgets.runs import control

        self.workspace.require(self.spec.project, "stop")
        self._known = control.stop(self.workspace.database, self.workspace.home, self.id, self.workspace.user)
        return self

    def train_again(self, key: str | None = None, **changes: Any) -> Run:
        """Starts a training with the same settings.

        Args:
            key: Idempotency key, see :meth:`Project.train`.
            **changes: Fields of the spec that shall differ. ``source`` is ``manual`` unless it is given here.

        Raises:
            NotFound: The project is gone.
            GenlabError: As :meth:`Project.train`.
        """
        fields = {**self.spec.parameters(), "source": "manual", **changes}
        return self.workspace.project(self.spec.project).train(key=key, **fields)


@dataclass(frozen=True)
class RunComparison:
    """Two runs side by side.

    Attributes:
        a: The run to compare with.
        b: The run in question.
        differences: Field of the spec -> value in ``a``, value in ``b``; equal fields are absent. They are those that
            were trained with, also where "automatic" chose them.
        verdict: Difference of F1 with its interval; None where the two cannot be compared.
        sentence: The verdict, or why there is none.
    """

    a: Run
    b: Run
    differences: dict[str, tuple[Any, Any]]
    verdict: Comparison | None
    sentence: str


def compare(a: Run, b: Run) -> RunComparison:
    """Compares the settings of two runs and, where both were measured on the same tasks, their quality."""
    from genlab_widgets.training import verdict

    fields_a, fields_b = _used(a).parameters(), _used(b).parameters()
    differences = {name: (fields_a[name], fields_b[name]) for name in fields_a if fields_a[name] != fields_b[name]}
    measured = [run.benchmark for run in (a, b)]
    if measured[0] is None or measured[1] is None:
        without = " and ".join(run.id for run, found in zip((a, b), measured, strict=True) if found is None)
        return RunComparison(a, b, differences, None, f"Nothing was measured in {without}.")
    try:
        found = verdict.compare(measured[0], measured[1])
    except WrongParameters as error:
        return RunComparison(a, b, differences, None, f"{error.what} {error.why}")
    return RunComparison(a, b, differences, found, found.sentence)


def _used(run: Run) -> TrainingSpec:
    """Returns what a run trained with; of one without a result what was asked for."""
    result = run.result
    return run.spec if result is None else result.used
