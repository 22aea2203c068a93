"""``genlab bench``: how fast this machine trains on your own data, beside figures that others have published."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from genlab_widgets.cli.options import json_option
from genlab_widgets.cli.output import emit_json, note, say, score, table
from genlab_widgets.cli.runs import EXIT_CODES, INTERRUPTED, ending, follow
from genlab_widgets.resources import gpu, machine

if TYPE_CHECKING:
    from genlab_widgets.workspace import Project, Run


@dataclass(frozen=True)
class Speed:
    """One row of the comparison.

    Attributes:
        where: The machine and what of it was used.
        whose: ``measured`` here, or who published it.
        tasks: Tasks that trained and tested.
        minutes: From start to result.
        f1: F1 over words; None where none is published.
        regions_f1: F1 over whole regions, likewise.
        epochs: Passes over the tasks; None where not published.
        run_id: The training; None of a published row.
    """

    where: str
    whose: str
    tasks: int
    minutes: float
    f1: float | None = None
    regions_f1: float | None = None
    epochs: int | None = None
    run_id: str | None = None

    @property
    def rate(self) -> float:
        """Tasks a minute."""
        return self.tasks / self.minutes if self.minutes else 0.0


PUBLISHED = (
    Speed("CPU: 14 cores, 58 GB (m4.4xlarge)", "John Snow Labs", 714, 225.0),
    Speed("GPU: NVIDIA T4, 1 core, 24 GB (g4dn.2xlarge)", "John Snow Labs", 714, 26.0),
)
"""Visual NLP's Visual NER, batch 8, 0.4 of the tasks for the test ("Boost performance with the use of GPU")."""
EVAL_SHARE = 0.4
"""The test part of the published comparison."""


@click.group("bench")
def bench() -> None:
    """Measure trainings on your own data and machine."""


@bench.command("visual-ner")
@click.argument("project")
@click.option("--epochs", type=int, help="Passes over the tasks; the trainer's default otherwise.")
@click.option("--batch", "batch_size", type=int, default=8, show_default=True, help="Pages in one step.")
@click.option(
    "--test-share", type=float, default=EVAL_SHARE, show_default=True, help="Part of the tasks that tests the model."
)
@json_option
def visual_ner(project: str, epochs: int | None, batch_size: int, test_share: float, as_json: bool) -> int:
    """Train Visual NER on PROJECT with this machine's CPU, and its GPU if it has one, and compare the times.

    The table has two rows that John Snow Labs published for 714 tasks of theirs: other images and other machines, so
    look at the order of magnitude. Exit code 0 when every training COMPLETED.
    """
    from genlab_widgets.workspace import Workspace

    chosen = Workspace().project(project)
    fields: dict[str, Any] = {
        "kind": "visual_ner",
        "batch_size": batch_size,
        "validation_split": test_share,
        "source": "batch",
        **({} if epochs is None else {"epochs": epochs}),
    }
    measured: list[Speed] = []
    for device in (False, True) if gpu.found() else (False,):
        run, tasks = _train(chosen, {**fields, "use_gpu": device})
        if not follow(chosen.workspace, run):
            return INTERRUPTED
        if str(run.status) != "COMPLETED":
            note(ending(run))
            return EXIT_CODES[str(run.status)]
        measured.append(_speed(run, tasks, device))
    if as_json:
        emit_json([{**asdict(row), "rate": row.rate} for row in (*measured, *PUBLISHED)])
    else:
        say(report(measured))
    return 0


def report(measured: list[Speed]) -> str:
    """Returns the table, with a line on each comparison that can be drawn from it."""
    heads = ("where", "whose", "tasks", "minutes", "tasks a minute", "epochs", "F1 (words)", "F1 (regions)")
    rows = [
        (
            *(row.where, row.whose, f"{row.tasks:,}", f"{row.minutes:.1f}", f"{row.rate:.1f}", row.epochs),
            *(score(row.f1), score(row.regions_f1)),
        )
        for row in (*measured, *PUBLISHED)
    ]
    slow, quick = PUBLISHED
    lines = [table(heads, rows, right=(2, 3, 4, 5, 6, 7)), ""]
    if len(measured) > 1:
        lines.append(f"Your GPU beside your CPU: {measured[0].minutes / measured[1].minutes:.1f}x.")
    lines += [
        f"{row.where}: {quick.tasks} tasks would take about {quick.tasks / row.rate:.0f} minutes at this rate."
        for row in measured
        if row.rate
    ]
    lines.append(f"Theirs, GPU beside CPU: {slow.minutes / quick.minutes:.1f}x (they round 8.65 to 8.6).")
    return "\n".join(lines)


def _train(project: Project, fields: dict[str, Any]) -> tuple[Run, int]:
    """Starts one training; returns it with the number of tasks that train and test."""
    found = project.check(**fields)
    return project.train(**fields), found.train + found.test


def _speed(run: Run, tasks: int, on_gpu: bool) -> Speed:
    cards = gpu.found()
    cores = machine.cores()
    place = f"GPU: {cards[0].name}" if on_gpu else f"CPU: {cores} core{'' if cores == 1 else 's'}"
    memory = f"{machine.memory_mb() / 1024:.0f} GB"
    scores = run.result.scores if run.result else None
    regions = scores.regions if scores else None
    return Speed(
        where=f"{place}, {memory} (this machine)",
        whose="measured",
        tasks=tasks,
        minutes=(run.duration or 0.0) / 60,
        f1=scores.f1 if scores else None,
        regions_f1=regions.f1 if regions else None,
        epochs=len(run.epochs()) or run.spec.epochs,
        run_id=run.id,
    )
