"""``genlab train``, ``runs``, ``logs`` and ``stop``: start trainings, follow them, read their history."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from genlab_widgets.cli.options import given, json_option, spec_options
from genlab_widgets.cli.output import emit_json, moment, note, printable, say, score, seconds, table
from genlab_widgets.runs.states import Status
from genlab_widgets.training.offers import ALL

if TYPE_CHECKING:
    from genlab_widgets.training.scores import Benchmark, Score
    from genlab_widgets.workspace import Run, Workspace

T = TypeVar("T")
POLL_SECONDS = 0.5
"""How often a waiting command looks at the run; the worker writes its progress about once a second."""
EXIT_CODES = {"COMPLETED": 0, "FAILED": 1, "CANCELLED": 10, "CRASHED": 11}
INTERRUPTED = 130


@click.command("train")
@click.argument("project")
@spec_options
@click.option("--detach", is_flag=True, help="Return at once; the training goes on in the background.")
@json_option
def train(project: str, detach: bool, as_json: bool, **options: Any) -> int:
    """Train a model on PROJECT (a name, or a project folder) and wait for its end.

    Progress goes to stderr. Ctrl-C leaves the training running. Exit code 0 only when it COMPLETED; 1 FAILED,
    10 CANCELLED, 11 CRASHED. With --kind all one run for each kind of model that the labeling config describes, as a
    group: the JSON is a list of them, and the exit code that of the worst.
    """
    from genlab_widgets.workspace import Workspace

    workspace = Workspace()
    chosen, fields = workspace.project(project), given(options)
    several = fields.get("kind") == ALL
    runs = chosen.start(**fields)
    interrupted = False if detach else not all(follow(workspace, run) for run in runs)
    if as_json:
        told = [outcome(run) for run in runs]
        emit_json(told if several else told[0])
    elif detach:
        for run in runs:
            say(f"Training {run.id} started. Follow it: genlab logs -f {run.id}. Stop it: genlab stop {run.id}.")
    elif not interrupted:
        say("\n\n".join(ending(run) for run in runs))
    if detach:
        return 0
    return INTERRUPTED if interrupted else max(EXIT_CODES[str(run.status)] for run in runs)


def outcome(run: Run) -> dict[str, Any]:
    """Returns the object that ``genlab train --json`` prints (DESIGN 4.4)."""
    model = run.workspace.model(run.model) if run.model else None
    return {
        "run_id": run.id,
        "project": run.project,
        "kind": run.kind,
        "status": str(run.status),
        "reason": run.reason,
        "message": run.message,
        "model": run.model,
        "result": str(run.folder.result) if run.folder.result.is_file() else None,
        "scores": model.scores if model else {},
    }


def follow(workspace: Workspace, run: Run) -> bool:
    """Shows the progress of a run on stderr until it ended.

    Returns:
        False if the user pressed Ctrl-C; the run goes on, and a note has said so.
    """
    try:
        with _Meter() as meter:
            while not _patiently(lambda: meter.show(run)):
                time.sleep(POLL_SECONDS)
                _patiently(workspace.reconcile)
        return True
    except KeyboardInterrupt:
        note(f"The training {run.id} goes on. Follow it: genlab logs -f {run.id}. Stop it: genlab stop {run.id}.")
        return False


def _patiently(step: Callable[[], T]) -> T:
    """Takes a step, and waits for the server of a team's database when it is away: the training goes on meanwhile."""
    from genlab_widgets.database import patiently

    return patiently(step, lambda error: note(f"{error} The training goes on, and this waits for the server."))


class _Meter:
    """A bar on a terminal, one line per step and epoch elsewhere (logs of CI and cron)."""

    def __init__(self) -> None:
        from tqdm import tqdm

        self._terminal = sys.stderr.isatty()
        self._last = ""
        self._bar = tqdm(
            total=100,
            bar_format="{desc} |{bar}| {n:3.0f} % {postfix}",
            leave=False,
            disable=not self._terminal,
            file=sys.stderr,
            dynamic_ncols=True,
        )

    def __enter__(self) -> _Meter:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def show(self, run: Run) -> bool:
        """Draws where the run is now; tells whether that is its end."""
        ended = run.ended
        progress = run.progress()
        text = printable(progress.message if progress else run.message or str(run.status).capitalize())
        if not self._terminal:
            if text != self._last:
                note(f"{run.id}: {text}")
                self._last = text
            return ended
        self._bar.set_description_str(text, refresh=False)
        if progress:
            self._bar.n = 100 * progress.fraction
            left = progress.seconds_left
            self._bar.set_postfix_str("" if left is None else f"{seconds(left)} left", refresh=False)
        self._bar.refresh()
        return ended


def ending(run: Run) -> str:
    """Returns how a run ended, in sentences, with its scores and what to do next."""
    parts = [f"{str(run.status).capitalize()}: {run.id}" + (f" in {seconds(run.duration)}." if run.duration else ".")]
    if run.benchmark:
        parts.append(f"\n{benchmark_table(run.benchmark, run.baseline, run.baseline_title)}\n")
    parts += [run.message, run.next_step]
    if run.model:
        parts.append(f"Deploy it: genlab deploy {run.model}")
    if run.notebook.is_file():
        parts.append(f"Notebook: {run.notebook}")
    return "\n".join(part for part in parts if part)


def benchmark_table(found: Benchmark, baseline: Benchmark | None = None, baseline_title: str = "") -> str:
    """Returns precision, recall and F1 per label, over all labels, and of the baseline on the same tasks."""
    rows: list[tuple[object, ...]] = [(item.label, *_figures(found.counted(item)), None) for item in found.by_label]
    for title, measured in (("all labels", found), (f"baseline: {baseline_title}", baseline)):
        if measured is not None:
            interval = f"{measured.f1_interval.low:.3f} to {measured.f1_interval.high:.3f}"
            headline = (score(measured.headline.precision), score(measured.headline.recall), score(measured.f1))
            rows.append((title, *headline, measured.resampled.support, interval))
    if found.words is not None:
        rows.append(("whole regions", *_figures(found.exact.micro), None))
    heads = ("label", "precision", "recall", "F1", "words" if found.words is not None else "examples", "95 % interval")
    return table(heads, rows, right=(1, 2, 3, 4))


def _figures(found: Score) -> tuple[str | int | None, ...]:
    """Returns precision, recall and F1 with the spans they rest on; dashes where there is nothing to measure."""
    if not found.support:
        return None, None, None, 0
    return score(found.precision), score(found.recall), score(found.f1), found.support


@click.command("runs")
@click.argument("run_id", required=False)
@click.option("--project", help="Only the runs of this project.")
@click.option("--status", type=click.Choice([*Status], case_sensitive=False), help="Only the runs in this state.")
@click.option("--limit", default=50, show_default=True, help="At most so many, the newest first.")
@json_option
def list_runs(run_id: str | None, project: str | None, status: str | None, limit: int, as_json: bool) -> None:
    """List the runs, the newest first; with RUN_ID, one of them in full."""
    from genlab_widgets.workspace import Workspace

    workspace = Workspace()
    workspace.reconcile()
    if run_id:
        run = workspace.run(run_id)
        if as_json:
            emit_json(outcome(run))
        else:
            say(ending(run))
        return
    runs = workspace.runs(project=project, status=status, limit=limit)
    if as_json:
        emit_json([outcome(run) for run in runs])
    elif runs:
        rows = [
            (
                r.id,
                r.project,
                r.kind,
                r.source,
                moment(r.started_at),
                seconds(r.duration),
                r.status,
                score(r.f1),
                r.user,
            )
            for r in runs
        ]
        heads = ("run", "project", "kind", "source", "started", "duration", "status", "F1", "who")
        say(table(heads, rows, right=(5, 7)))
    else:
        say("No run yet. Start one with 'genlab train PROJECT'.")


@click.command("logs")
@click.argument("run_id")
@click.option("-f", "--follow", "following", is_flag=True, help="Go on printing until the run ends.")
@click.option(
    "--download", type=click.Path(path_type=Path), help="Write a zip of log, notebook, spec and result there."
)
def logs(run_id: str, following: bool, download: Path | None) -> None:
    """Print the training log of RUN_ID."""
    from genlab_widgets.workspace import Workspace

    workspace = Workspace()
    run = workspace.run(run_id)
    if download is not None:
        say(str(run.download_logs(download)))
        return
    offset = 0
    while True:
        ended = _patiently(lambda: run.ended)  # asked before reading, so that the last lines are never missed
        text, offset = run.log(offset)
        click.echo(printable(text), nl=False)
        if text:
            continue
        if ended or not following:
            if not offset and not workspace.run_rows.here(run.row):
                note(f"The log of {run.id} is on {run.row.host}, in {run.row.home or 'its workspace folder'}.")
            return
        time.sleep(POLL_SECONDS)
        _patiently(workspace.reconcile)


@click.command("stop")
@click.argument("run_id")
@json_option
def stop(run_id: str, as_json: bool) -> None:
    """Stop the training RUN_ID; what it has logged stays. One that has ended already stays as it is."""
    from genlab_widgets.workspace import Workspace

    run = Workspace().run(run_id)
    ended_before = run.ended
    run.stop()
    if as_json:
        emit_json(outcome(run))
    else:
        say(f"{run.id}: {'it had ended already: ' if ended_before else ''}{str(run.status).capitalize()}.")
