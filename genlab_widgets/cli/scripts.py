"""``genlab script``: the training script of a project's owner, in place of the default training."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genlab_widgets.cli.options import json_option
from genlab_widgets.cli.output import emit_json, note, say, table

if TYPE_CHECKING:
    from genlab_widgets.projects.scripts import Script


@click.command("script")
@click.argument("project")
@click.option("--upload", type=click.Path(path_type=Path), metavar="FILE", help="Check FILE (.py, .ipynb) and use it.")
@click.option("--remove", is_flag=True, help="Bring the default training back.")
@json_option
def script(project: str, upload: Path | None, remove: bool, as_json: bool) -> None:
    """Show, upload or remove the training script of PROJECT.

    A script is code that you trust: it runs with your rights. Only an owner of the project may change it. It is
    checked before it is stored, and does not run then. Train with it by --custom-script NAME.
    """
    from genlab_widgets.workspace import Workspace

    if upload is not None and remove:
        raise click.UsageError("--upload and --remove exclude each other.")
    found = Workspace().project(project)
    if upload is not None:
        uploaded = found.upload_script(upload)
        note(f"Stored. Train with it: genlab train {found.name} --custom-script {uploaded.reference}")
    elif remove:
        found.remove_script()
        note("The default training is back.")
    present, history = found.script, found.script_history
    if as_json:
        emit_json({"script": _fields(present), "history": [_fields(item) for item in history]})
        return
    say(f"Training script: {present.reference}" if present else "No training script: the default trains.")
    if history:
        rows = [(item.reference, item.author, item.uploaded_at) for item in history]
        say(table(("uploaded", "by", "at"), rows))


def _fields(found: Script | None) -> dict[str, Any] | None:
    if found is None:
        return None
    about = {"name": found.name, "hash": found.hash, "author": found.author, "uploaded_at": found.uploaded_at}
    return {"reference": found.reference, **about}
