"""``genlab import``, ``projects``, ``check`` and ``embeddings``: what there is to train on, and whether it suffices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genlab_widgets.cli.options import given, json_option, spec_options
from genlab_widgets.cli.output import emit_json, note, say, seconds, table
from genlab_widgets.errors import GenlabError

if TYPE_CHECKING:
    from genlab_widgets.training.readiness import Readiness

MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}
GRADES = {"none": "none", "red": "very few", "amber": "few", "ok": "enough", "good": "good"}
"""Words for the colours of the page."""


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the project; the default is the export's own.")
@click.option(
    "--language", help="Language of the texts (ISO 639-1); the default is the export's own, else the texts tell it."
)
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The labeling config; the default is the export's own, else that of the earlier import, else one made from "
    "what people marked.",
)
@json_option
def import_project(path: Path, name: str | None, language: str | None, config: Path | None, as_json: bool) -> None:
    """Import an export: a folder, a zip or a JSON file.

    An earlier import of the same name is replaced, in one step: a broken export changes nothing. What was changed in
    the project since stays where the export did not change it.
    """
    from tqdm import tqdm

    from genlab_widgets.workspace import Workspace

    with tqdm(desc="Importing", unit=" tasks", leave=False, disable=None) as bar:

        def show(count: int) -> None:
            bar.update(count - bar.n)

        def show_page(page: int, pages: int) -> None:
            bar.set_postfix_str(f"reading page {page} of {pages}")

        report = Workspace().import_project(
            path, name=name, progress=show, language=language, on_page=show_page, config=config
        )
    if as_json:
        fields = {"tasks": report.tasks, "warnings": report.warnings, "warning_count": report.warning_count}
        about = {"title": report.project.title, "replaced": report.replaced}
        emit_json({"project": report.project.name, **about, **fields})
        return
    say(report.sentence)
    for warning in report.warnings:
        note(f"Warning: {warning}")
    if report.warning_count > len(report.warnings):
        note(f"Warning: and {report.warning_count - len(report.warnings):,} more like these.")


@click.command("projects")
@json_option
def list_projects(as_json: bool) -> None:
    """List the imported projects."""
    from genlab_widgets.workspace import Workspace

    rows = [
        {
            "name": item.name,
            "tasks": item.task_count,
            "language": item.language,
            "title": item.title,
            "description": item.description,
        }
        for item in Workspace().projects()
    ]
    if as_json:
        emit_json(rows)
    elif rows:
        shown = [{**row, "title": row["title"] if row["title"] != row["name"] else ""} for row in rows]
        heads = ("project", "tasks", "language", "title", "description")
        say(table(heads, [list(row.values()) for row in shown], right=(1,)))
    else:
        say("No project yet. Import one with 'genlab import PATH', or try 'genlab demo'.")


@click.command("check")
@click.argument("project")
@spec_options
@json_option
def check(project: str, as_json: bool, **options: Any) -> int:
    """Say whether PROJECT can be trained with these settings, and what to do if not.

    Exit code 0 when it can; otherwise that of the error with which 'genlab train' would stop.
    """
    from genlab_widgets.training.readiness import as_dict
    from genlab_widgets.workspace import Workspace

    readiness = Workspace().project(project).check(**given(options))
    if as_json:
        emit_json(as_dict(readiness))
    else:
        say(readiness_text(readiness))
    try:
        readiness.raise_if_not_ready()
    except GenlabError as error:
        return error.exit_code
    return 0


def readiness_text(readiness: Readiness) -> str:
    """Returns a readiness as a page of text: tasks by reason, examples by label, findings, estimate."""
    from genlab_widgets.projects.selection import Reason

    parts = [
        table(
            ("tasks", "why"), [(count, Reason(why).sentence) for why, count in readiness.selection.most_common()], (0,)
        ),
        table(
            ("label", "train", "test", "examples"),
            [(label.label, label.train, label.test, GRADES[label.grade]) for label in readiness.labels],
            right=(1, 2),
        ),
        "\n".join(
            f"{MARKS[str(finding.level)]}  {' '.join(part for part in (finding.message, finding.next_step) if part)}"
            for finding in readiness.findings
        ),
        f"Estimate: {seconds(readiness.estimate.seconds)}, {readiness.estimate.memory_mb:,.0f} MB memory, "
        f"{readiness.estimate.disk_mb:,.0f} MB disk.",
        "Ready to train." if readiness.ready else "Not ready to train.",
    ]
    return "\n\n".join(part for part in parts if part)


@click.group("embeddings")
def embeddings() -> None:
    """List the embeddings, or fetch some before they are needed."""


@embeddings.command("list")
@click.option("--language", default="en", show_default=True, help="Language of the texts (ISO 639-1).")
@json_option
def list_embeddings(language: str, as_json: bool) -> None:
    """List what can stand for --embeddings, with dimension, language, size and what is missing."""
    from dataclasses import asdict

    from genlab_widgets.training.embeddings import catalogue

    choices = catalogue(language)
    if as_json:
        emit_json([asdict(choice) for choice in choices])
        return
    rows = [
        (
            choice.name,
            choice.dimension or "any",
            choice.language,
            f"{choice.size_mb:.0f} MB" if choice.size_mb else None,
            "yes" if choice.needs_network else "no",
            "yes" if choice.available else "no",
            choice.title if choice.available or not choice.reason else f"{choice.title}: {choice.reason}",
        )
        for choice in choices
    ]
    say(table(("name", "dimensions", "language", "size", "network", "usable", "what it is"), rows, right=(1, 3)))


@embeddings.command("get")
@click.argument("name")
@click.option("--language", default="en", show_default=True, help="Language of the texts, for automatic and hub:NAME.")
@json_option
def get_embeddings(name: str, language: str, as_json: bool) -> None:
    """Fetch and convert the embeddings NAME into the cache, so that a training needs no network."""
    from genlab_widgets.training.embeddings import fetch

    place = fetch(name, language)
    if as_json:
        emit_json({"name": name, "path": place})
    else:
        say(f"{name} is ready: {place}")
