"""``genlab delete``: runs with their models, and projects."""

from __future__ import annotations

import sys

import click

from genlab_widgets.cli.options import json_option
from genlab_widgets.cli.output import emit_json, note, say
from genlab_widgets.errors import WrongParameters
from genlab_widgets.training.findings import plural


@click.command("delete")
@click.argument("run_ids", nargs=-1, metavar="[RUN_ID]...")
@click.option("--project", help="Delete this project.")
@click.option("--with-runs", is_flag=True, help="With --project: its runs and models, too.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def delete(run_ids: tuple[str, ...], project: str | None, with_runs: bool, yes: bool, as_json: bool) -> None:
    """Delete ended runs with their notebooks, logs and models, or a project.

    Nothing that runs, and no model that a labeling config names, is deleted. It cannot be taken back.
    """
    from genlab_widgets.workspace import Workspace

    if bool(run_ids) == bool(project):
        raise WrongParameters(
            "Nothing was deleted.", "Give runs, or a project.", "For example: genlab delete notes-0001."
        )
    workspace = Workspace()
    workspace.reconcile()
    runs = [workspace.run(run_id) for run_id in run_ids]
    chosen = workspace.project(project) if project else None
    told = f"the project {chosen.name}" if chosen else ", ".join(run.id for run in runs)
    models = [run.model for run in (chosen.runs(limit=None) if chosen and with_runs else runs) if run.model]
    if not yes:
        lost = f" with {plural(len(models), 'model')}" if models else ""
        if not sys.stdin.isatty():
            raise WrongParameters("Nothing was deleted.", "Nobody is there to ask.", "Add --yes.")
        click.confirm(f"Delete {told}{lost}? It cannot be taken back.", abort=True, err=True)
    if chosen is not None:
        chosen.delete(with_runs=with_runs)
    else:
        workspace.delete_runs(runs)
    if as_json:
        emit_json({"project": project, "runs": list(run_ids), "models": models})
    else:
        say(f"Deleted {told}.")
        if chosen is not None and not with_runs:
            note("Its runs and models stay: genlab runs, genlab models.")
