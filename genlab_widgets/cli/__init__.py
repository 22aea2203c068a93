"""The ``genlab`` command: every job of the pages, for shells, cron and CI.

Data goes to stdout, progress and notes to stderr. With ``--json`` stdout is one JSON document; an error is
``{"error": {...}}`` there, with the fields of :meth:`genlab_widgets.errors.GenlabError.as_dict`.

Exit codes: 0 done; 1 a training FAILED, or an error of ours; 2 wrong parameters; 3 the input or the completions do not
suffice; 4 not found; 5 the machine does not suffice; 6 a conflict; 7 not allowed; 10 a training was CANCELLED;
11 it CRASHED; 130 interrupted by Ctrl-C; 141 the reader of the output left.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from genlab_widgets.cli import (
    active_learning,
    app,
    bench,
    delete,
    demo,
    doctor,
    evaluate,
    models,
    projects,
    runs,
    scripts,
)
from genlab_widgets.cli.output import emit_error, note
from genlab_widgets.errors import GenlabError, InternalError, WrongParameters

INTERRUPTED = 130
"""Exit code after Ctrl-C, as shells give it (128 + SIGINT)."""
READER_LEFT = 141
"""Exit code when the reader of a pipe (head, less) left, as shells give it (128 + SIGPIPE)."""


@click.group(name="genlab", context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="genlab-widgets", prog_name="genlab")
def cli() -> None:
    """Train Spark NLP models from the completed tasks of annotation projects."""


for command in (
    *(projects.import_project, projects.list_projects, projects.check, projects.embeddings),
    scripts.script,
    *(runs.train, runs.list_runs, runs.logs, runs.stop),
    *(models.list_models, evaluate.evaluate, models.deploy, models.preannotate, active_learning.active_learning),
    delete.delete,
    *(app.app, demo.demo, doctor.doctor, bench.bench),
):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and leaves with its exit code; no traceback ever reaches the user."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that lacks a sign shows its number; nothing fails
            stream.reconfigure(errors="backslashreplace")
    sys.exit(_run(arguments))


def _run(arguments: list[str]) -> int:
    as_json = "--json" in arguments
    try:
        code = cli.main(args=arguments, prog_name="genlab", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except GenlabError as error:
        emit_error(error, as_json)
        return error.exit_code
    except (click.exceptions.Abort, KeyboardInterrupt):
        note("Stopped.")
        return INTERRUPTED
    except click.ClickException as error:
        where = (
            f"'{error.ctx.command_path} --help'"
            if isinstance(error, click.UsageError) and error.ctx
            else "'genlab --help'"
        )
        emit_error(WrongParameters(error.format_message(), next_step=f"{where} lists what can be given."), as_json)
        return WrongParameters.exit_code
    except (BrokenPipeError, SystemExit):
        # click makes a SystemExit of a broken pipe. What is still buffered must not be complained about at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return READER_LEFT
    except Exception as error:
        emit_error(_internal(error), as_json)
        return InternalError.exit_code


def _internal(error: Exception) -> InternalError:
    """Keeps the traceback in a file and returns the sentence that names it."""
    from genlab_widgets.settings import load_settings

    text = traceback.format_exc()
    try:
        place = Path(load_settings().home) / "logs" / "genlab.log"
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("a", encoding="utf-8") as log:
            log.write(text + "\n")
        next_step = f"Report it with the traceback at the end of {place}."
    except OSError:
        next_step = "The traceback could not be kept: the workspace folder cannot be written."
    return InternalError("genlab met an error of its own.", f"{type(error).__name__}: {error}.", next_step)
