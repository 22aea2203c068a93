"""Writes the pages of docs/ that follow from the code: commands, settings, error codes.

``python docs/generate.py`` (``make docs``) writes them; ``tests/test_docs.py`` fails while one is out of date.
"""

from __future__ import annotations

import ast
import inspect
import itertools
from pathlib import Path

import click

from genlab_widgets import cli, errors, settings

DOCS = Path(__file__).resolve().parent
NOTICE = "<!-- Written by docs/generate.py (make docs): do not edit. -->\n\n"


def commands() -> str:
    """Returns cli.md: the help of every command, as the terminal shows it."""
    parts = ["# Commands\n\n" + NOTICE + inspect.cleandoc(cli.__doc__ or "").replace("``", "`") + "\n"]
    for path, command in walk(cli.cli, ("genlab",)):
        context = click.Context(command, info_name=" ".join(path), terminal_width=110, **cli.cli.context_settings)
        parts.append(f"## {' '.join(path)}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def walk(command: click.Command, path: tuple[str, ...]) -> list[tuple[tuple[str, ...], click.Command]]:
    """Returns every command below ``command`` with its words, in the order of the alphabet."""
    found = [(path, command)]
    if isinstance(command, click.Group):
        for name in sorted(command.commands):
            found += walk(command.commands[name], (*path, name))
    return found


def error_codes() -> str:
    """Returns errors.md: one row per error of the tree."""
    rows = [
        f"| `{kind.code}` | {kind.__name__} | {kind.reason.value} | {kind.exit_code} | {summary(kind)} |"
        for kind in sorted(error_types(), key=lambda kind: kind.code)
    ]
    intro = (
        "Every error says what happened, why, and what to do next; page, command line and API show the same "
        'sentences. With `--json` a command prints `{"error": {code, reason, what, why, next_step, details}}`. '
        "`reason` is what a run stores when it ends FAILED.\n\n"
    )
    head = "| code | error | reason | exit code | when |\n|---|---|---|---|---|\n"
    return "# Error codes\n\n" + NOTICE + intro + head + "\n".join(rows) + "\n"


def error_types() -> list[type[errors.GenlabError]]:
    """Returns the errors of the package that a user can meet."""
    found = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.GenlabError)]
    return [kind for kind in found if kind is not errors.GenlabError]


def summary(kind: type) -> str:
    """Returns the first paragraph of a docstring on one line."""
    return " ".join((inspect.getdoc(kind) or "").split("\n\n")[0].split()).replace("``", "`").replace("|", "\\|")


def settings_table() -> str:
    """Returns settings.md: one row per environment variable, with the text that stands beside the field."""
    texts = field_texts(settings.Settings)
    rows = [
        f"| `GENLAB_{name.upper()}` | {texts[name]} | {default_text(name)} |" for name in settings.Settings.model_fields
    ]
    intro = "An environment variable each; there is no file of settings.\n\n"
    return (
        "# Settings\n\n"
        + NOTICE
        + intro
        + "| variable | what it sets | default |\n|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


def default_text(name: str) -> str:
    """Returns a default as text; those that depend on the machine are described, not computed."""
    computed = {
        "home": "the platform's folder for user data, `genlab` in it",
        "cache": "the platform's folder for caches, `genlab` in it",
        "licenses": "`~/.johnsnowlabs/licenses`",
        "licensed_jars": "`~/.johnsnowlabs/java_installs`",
        "user": "the login name",
    }
    default = settings.Settings.model_fields[name].default
    return computed.get(name) or ("none" if default is None else f"`{default}`")


def field_texts(model: type) -> dict[str, str]:
    """Returns the string that follows each field of a class in its source."""
    body = ast.parse(inspect.getsource(model)).body[0].body  # type: ignore[attr-defined]
    texts = {}
    for field, text in itertools.pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            texts[field.target.id] = " ".join(str(text.value.value).split()).replace("``", "`")  # type: ignore[union-attr]
    return texts


PAGES = {"cli.md": commands, "errors.md": error_codes, "settings.md": settings_table}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
