"""``genlab evaluate``: a trained model on the Test tasks of today."""

from __future__ import annotations

import click

from genlab_widgets.cli.options import json_option
from genlab_widgets.cli.output import emit_json, say
from genlab_widgets.cli.runs import benchmark_table


@click.command("evaluate")
@click.argument("model_name", metavar="MODEL")
@click.option("--project", help="The project whose test part is read; without it the model's own.")
@json_option
def evaluate(model_name: str, project: str | None, as_json: bool) -> None:
    """Measure MODEL on the test tasks as they are now, without those that it has learned from.

    The test part is chosen as when it was trained: by tags, or at random with the same seed.
    """
    from genlab_widgets.training.verdict import summary
    from genlab_widgets.workspace import Workspace

    model = Workspace().model(model_name)
    found = model.evaluate(project)
    if as_json:
        scores = {"precision": found.headline.precision, "recall": found.headline.recall, "f1": found.f1}
        interval = [found.f1_interval.low, found.f1_interval.high]
        tasks = len(found.documents)
        emit_json(
            {"model": model.name, "project": project or model.project, **scores, "interval": interval, "tasks": tasks}
        )
        return
    say(f"{model.name} on {len(found.documents):,} test tasks of {project or model.project}:\n")
    say(benchmark_table(found))
    say("\n" + "\n".join(summary(found)))
