"""``genlab demo``: the whole way once, on notes that the package writes itself."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

import click

from genlab_widgets.cli.output import note, say
from genlab_widgets.cli.projects import readiness_text
from genlab_widgets.cli.runs import EXIT_CODES, INTERRUPTED, ending, follow
from genlab_widgets.errors import NotFound

if TYPE_CHECKING:
    from genlab_widgets.workspace import Project, Workspace


@click.command("demo")
@click.option("--tasks", default=300, show_default=True, type=click.IntRange(50, 100_000), help="Notes to write.")
@click.option("--seed", default=7, show_default=True, help="Seed of the notes.")
@click.option("--epochs", type=int, help="Epochs; the default is that of 'genlab train'.")
@click.option("--embeddings", help="Embeddings; the default is that of 'genlab train'.")
def demo(tasks: int, seed: int, epochs: int | None, embeddings: str | None) -> int:
    """Import the demo project, train a NER model on it and print its benchmark."""
    from genlab_widgets.workspace import Workspace

    workspace = Workspace()
    project = _project(workspace, tasks, seed)
    chosen = {"kind": "ner", "epochs": epochs, "embeddings": embeddings}
    fields: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    say(readiness_text(project.check(**fields)))
    run = project.train(**fields)
    note(f"Training {run.id} ...")
    if not follow(workspace, run):
        return INTERRUPTED
    say(ending(run))
    if str(run.status) == "COMPLETED":
        say(f"Open the app:  GENLAB_HOME={shlex.quote(str(workspace.home))} genlab app    (in the checkout: make app)")
    return EXIT_CODES[str(run.status)]


def _project(workspace: Workspace, tasks: int, seed: int) -> Project:
    """Returns the demo project; one that is there already stays, with what was deployed into it."""
    from genlab_widgets.workspace import DEMO

    try:
        project = workspace.project(DEMO)
    except NotFound:
        report = workspace.import_demo(tasks=tasks, seed=seed)
        say(f"Imported {DEMO}: {report.tasks:,} notes written for this demo.")
        return report.project
    say(f"{DEMO} is there already: {project.task_count:,} tasks.")
    return project
