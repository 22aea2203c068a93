"""``genlab models`` and ``deploy``: the trained models, and the labeling config that names them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from genlab_widgets.cli.options import json_option
from genlab_widgets.cli.output import emit_json, moment, note, say, score, table
from genlab_widgets.errors import WrongParameters

if TYPE_CHECKING:
    from genlab_widgets.workspace import Model


@click.command("models")
@click.option("--project", help="Only the models trained on this project.")
@json_option
def list_models(project: str | None, as_json: bool) -> None:
    """List the trained models, the newest first."""
    from genlab_widgets.workspace import Workspace

    models = Workspace().models(project=project)
    if as_json:
        emit_json([model_fields(model) for model in models])
    elif models:
        rows = [
            (m.name, m.kind, m.project, m.source, moment(m.created_at), score(m.f1), "yes" if m.deployed else "no")
            for m in models
        ]
        say(table(("model", "kind", "project", "source", "trained", "F1", "deployed"), rows, right=(5,)))
    else:
        say("No model yet. Train one with 'genlab train PROJECT'.")


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
@click.option("--undo", is_flag=True, help="Take the last deployment of MODEL back.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show the difference, change nothing.")
@json_option
def deploy(model_name: str, undo: bool, yes: bool, dry_run: bool, as_json: bool) -> int:
    """Let the project's labeling config name MODEL on the labels that it covers.

    Shows the difference first and asks; nothing else in the labeling config changes.
    """
    from genlab_widgets.workspace import Workspace

    model = Workspace().model(model_name)
    preview = model.undo_preview() if undo else model.deploy_preview()
    applied = False
    if not as_json:
        say(preview.diff or "The labeling config stays as it is.")
    if not dry_run and preview.diff:
        if not yes:
            _ask(undo)
        (model.undo_deploy if undo else model.deploy)(preview)
        applied = True
    if as_json:
        emit_json({"model": model.name, "project": model.project, "diff": preview.diff, "applied": applied})
    elif applied:
        note("Undone." if undo else f"Deployed. Take it back with: genlab deploy {model.name} --undo")
    return 0


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
