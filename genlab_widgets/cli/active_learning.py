"""``genlab active-learning``: a project trains again by itself when enough new completions have been imported."""

from __future__ import annotations

from typing import Any

import click

from genlab_widgets.cli.options import CLI_DEFAULTS, given, json_option, spec_options
from genlab_widgets.cli.output import emit_json, say
from genlab_widgets.errors import WrongParameters


@click.command("active-learning")
@click.argument("project")
@click.option("--every", type=int, help="Switch it on: train after so many new completions.")
@click.option("--off", is_flag=True, help="Switch it off.")
@spec_options
@json_option
def active_learning(project: str, every: int | None, off: bool, as_json: bool, **options: Any) -> None:
    """Let PROJECT train again after new completions, or show how many there are.

    With --every it is switched on, in your name; the other options are those of its trainings, as for 'genlab train'.
    New completions are counted by each import. A model is deployed if it is better on the test tasks than the one that
    is deployed, unless --deploy says otherwise.
    """
    from genlab_widgets.workspace import Workspace

    chosen = Workspace().project(project)
    fields = {name: value for name, value in given(options).items() if name not in CLI_DEFAULTS}
    if off:
        chosen.stop_active_learning()
    elif every is not None:
        chosen.start_active_learning(every, **fields)
    elif fields:
        raise WrongParameters(
            "Nothing was changed.", "Settings of the trainings belong to --every.", "Add --every 50, for example."
        )
    told = chosen.active_learning_fields()
    if as_json:
        emit_json(told)
    elif not told["on"]:
        say(f"{chosen.name} trains only when somebody asks for it. Switch it on: --every 50.")
    else:
        say(f"{chosen.name} trains again after {told['every']:,} new completions; {told['new']:,} so far.")
        if told["problem"]:
            say(f"The last training could not be started. {told['problem']}")
