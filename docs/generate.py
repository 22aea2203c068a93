"""Writes the pages of docs/ that follow from the code: commands, settings, error codes, REST routes.

``python docs/generate.py`` (``make docs``) writes them; ``tests/test_docs.py`` fails while one is out of date.
"""

from __future__ import annotations

import ast
import inspect
import itertools
from pathlib import Path

import click

from genlab_widgets import cli, errors, settings
from genlab_widgets.server import PREFIX, handler, routes

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


def rest() -> str:
    """Returns rest.md: every route with what it does and what it takes."""
    intro = (
        f"Jupyter's server answers under `<base address>/{PREFIX}/`. Every request needs Jupyter's login: a token in "
        "the header (`Authorization: token ...`), or the cookie and the XSRF header of a page. The user is the one "
        "that Jupyter knows; where it knows none (a token, a password), the one of `GENLAB_USER`. Roles are those of "
        "the project.\n\n"
        'Answers are JSON. An error is `{"error": {code, reason, what, why, next_step, details}, "message"}` with the '
        "status of the table below; [errors.md](errors.md) lists the codes. Times are ISO 8601 in UTC.\n\n"
        '```\ncurl -H \'Authorization: token TOKEN\' -d \'{"spec": {"epochs": 5}, "key": "nightly-1"}\' \\\n'
        f"  http://127.0.0.1:8888/{PREFIX}/projects/clinic_notes/runs\n```\n"
    )
    return "# REST routes\n\n" + NOTICE + intro + "".join(map(route_text, routes.ROUTES)) + statuses()


def route_text(route: routes.Route) -> str:
    """Returns one route: what it does, and a line per field that it takes."""
    text = f"\n## {route.method} {route.path}\n\n{inspect.cleandoc(route.answer.__doc__ or '')}\n"
    lines = [
        f"- `{name}` ({'in the address' if model is route.query else 'in the body'}): {texts[name]}\n"
        for model in (route.query, route.body)
        if model
        for texts in [inherited_texts(model)]
        for name in model.model_fields
    ]
    return text + ("\n" + "".join(lines) if lines else "")


def inherited_texts(model: type) -> dict[str, str]:
    """Returns :func:`field_texts` of a class and of those above it in the same module."""
    ours = [kind for kind in reversed(model.__mro__) if kind.__module__ == model.__module__]
    return {name: text for kind in ours for name, text in field_texts(kind).items()}


def statuses() -> str:
    """Returns the table of HTTP statuses."""
    by_status: dict[int, list[str]] = {}
    for kind in sorted(error_types(), key=lambda kind: kind.code):
        by_status.setdefault(handler.http_status(kind("")), []).append(f"{kind.__name__} (`{kind.code}`)")
    rows = [f"| {status} | {', '.join(kinds)} |" for status, kinds in sorted(by_status.items())]
    return "\n## Statuses of errors\n\n| status | errors |\n|---|---|\n" + "\n".join(rows) + "\n"


PAGES = {"cli.md": commands, "errors.md": error_codes, "settings.md": settings_table, "rest.md": rest}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
