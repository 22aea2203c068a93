"""``genlab models``, ``deploy`` and ``preannotate``: trained models, the config that names them, what they read."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genlab_widgets.cli.options import json_option
from genlab_widgets.cli.output import emit_json, moment, note, say, score, table
from genlab_widgets.errors import BadInput, NotFound, WrongParameters

if TYPE_CHECKING:
    from genlab_widgets.workspace import Model, Project, Workspace


@click.command("models")
@click.option("--project", help="Only the models trained on this project.")
@json_option
def list_models(project: str | None, as_json: bool) -> None:
    """List the trained models, the newest first."""
    from genlab_widgets.workspace import Workspace

    workspace = Workspace()
    models = workspace.models(project=project)
    deployed = workspace.deployed()
    places = {model.name: model.named_by(deployed) for model in models}
    if as_json:
        emit_json([{**model_fields(model), "deployed_in": places[model.name]} for model in models])
    elif models:
        rows = [
            (
                m.name,
                m.kind,
                m.project,
                m.source,
                moment(m.created_at),
                score(m.f1),
                _deployed(m.project, places[m.name]),
            )
            for m in models
        ]
        say(table(("model", "kind", "project", "source", "trained", "F1", "deployed"), rows, right=(5,)))
    else:
        say("No model yet. Train one with 'genlab train PROJECT'.")


def _deployed(own: str, projects: list[str]) -> str:
    """Says whether a model is deployed, and where, if that is not just the project that it was trained on."""
    return ", ".join(projects) if set(projects) - {own} else "yes" if projects else "no"


def model_fields(model: Model) -> dict[str, Any]:
    """Returns a model as JSON-able fields."""
    return {
        "name": model.name,
        "kind": model.kind,
        "project": model.project,
        "source": model.source,
        "run_id": model.run_id,
        "created_at": model.created_at,
        "folder": model.folder,
        "labels": model.labels,
        "language": model.language,
        "size": model.size,
        "scores": model.scores,
        "f1": model.f1,
        "deployed": model.deployed,
    }


@click.command("deploy")
@click.argument("model_name", metavar="MODEL")
@click.option("--project", help="Deploy it into this project; the default is the one that it was trained on.")
@click.option("--undo", is_flag=True, help="Take the last deployment of MODEL back.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show the difference, change nothing.")
@json_option
def deploy(model_name: str, project: str | None, undo: bool, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Let a project's labeling config name MODEL on the labels that it covers.

    Shows the difference first and asks; nothing else in the labeling config changes.
    """
    from genlab_widgets.workspace import Workspace

    model = Workspace().model(model_name)
    preview = model.undo_preview(project) if undo else model.deploy_preview(project)
    applied = False
    if not as_json:
        say(preview.diff or "The labeling config stays as it is.")
    if not dry_run and preview.diff:
        if not yes:
            _ask(undo)
        (model.undo_deploy if undo else model.deploy)(preview)
        applied = True
    if as_json:
        emit_json({"model": model.name, "project": preview.project.name, "diff": preview.diff, "applied": applied})
    elif applied:
        there = f" --project {shlex.quote(project)}" if project else ""
        note("Undone." if undo else f"Deployed. Take it back with: genlab deploy {model.name}{there} --undo")
    return 0


@click.command("preannotate")
@click.argument("name", metavar="MODEL_OR_PROJECT")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Without FILES: also the tasks that have completions.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the tasks there, as JSON that can be imported.")
@click.option(
    "--min-score",
    type=click.FloatRange(0, 1),
    help="Leave out what has a lower score than this, 0 to 1; what has no score stays. Without it all is kept.",
)
@click.option("--doubtful-first", is_flag=True, help="Put tasks first in which the model is least sure of an item.")
@json_option
def preannotate(
    name: str,
    files: tuple[Path, ...],
    everything: bool,
    out: Path | None,
    min_score: float | None,
    doubtful_first: bool,
    as_json: bool,
) -> int:
    """Let a trained model, or all deployed models of a project, read texts, images and PDFs.

    Without FILES it reads the tasks of the project that nobody has completed. The result are tasks with predictions,
    as an export has them. Texts and pages that could not be read are named; the exit code is then 3.
    """
    from tqdm import tqdm

    from genlab_widgets.models.preannotation import require_place
    from genlab_widgets.workspace import Workspace

    workspace = Workspace()
    reader = _named(workspace, name)
    if out is not None:
        require_place(out)
    with tqdm(desc="Reading", unit=" tasks", leave=False, disable=None) as bar:

        def show(count: int) -> None:
            bar.update(count - bar.n)

        with _stdout_kept():
            found = reader.preannotate(files, everything, show, min_score=min_score)
    if doubtful_first:
        found.doubtful_first()
    for problem in found.problems:
        note(f"Warning: {problem}")
    if out is not None:
        found.write(out)
        note(f"{len(found.tasks):,} tasks with {found.items:,} predicted items: {out}")
    if as_json:
        emit_json({"tasks": found.tasks, "problems": found.problems})
    elif out is None:
        rows = [row for task in found.tasks for row in _items(task)]
        say(table(("task", "label", "text", "score"), rows, right=(3,)) if rows else "Nothing was found.")
    return BadInput.exit_code if found.problems else 0


@contextmanager
def _stdout_kept() -> Iterator[None]:
    """Sends to stderr what Java prints meanwhile (Spark NLP's ONNX says "Using CPUs"): stdout is for the answer."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _named(workspace: Workspace, name: str) -> Model | Project:
    """Returns the model of that name, else the project.

    Raises:
        NotFound: There is neither.
    """
    try:
        return workspace.model(name)
    except NotFound as no_model:
        try:
            return workspace.project(name)
        except NotFound:
            raise no_model from None


def _items(task: dict[str, Any]) -> list[tuple[str, str, str | None, str | None]]:
    """Returns a row an item: title or number of the task, label, text, score."""
    title = str(task["data"].get("title") or task["id"])
    rows = []
    for item in task["predictions"][0]["result"]:
        value = item["value"]
        labels = value.get(item["type"]) or []
        text = value.get("text")
        shown = " ".join(text) if isinstance(text, list) else text
        rows.append((title, ", ".join(labels), shown, score(item.get("score"))))
    return rows


def _ask(undo: bool) -> None:
    """Asks on the terminal; leaves where the answer is no.

    Raises:
        WrongParameters: Nobody can be asked.
    """
    if not sys.stdin.isatty():
        raise WrongParameters(
            "The labeling config was not changed.",
            "Nobody can be asked: the input is no terminal.",
            "Give --yes to change it, or --dry-run to see the difference.",
        )
    click.confirm(
        "Take the deployment back?" if undo else "Change the labeling config like this?", abort=True, err=True
    )
