"""Options shared by commands, and the flags of ``genlab train``, made from the fields of TrainingSpec."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import click
from annotated_types import Ge, Gt, Le, Lt
from pydantic.fields import FieldInfo

from genlab_widgets.training.offers import ALL
from genlab_widgets.training.spec import TrainingSpec

Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")

CLI_DEFAULTS: dict[str, Any] = {"source": "batch"}
"""Fields whose default differs from the form's: a training from a shell shows as batch in History."""


def spec_options(command: Command) -> Command:
    """Adds one option per field of TrainingSpec, except ``project``, which is the command's argument.

    An option that is not given arrives as None (or an empty tuple), so that the defaults live in the spec alone.
    The values are validated by the spec, not here: a wrong one gives the same sentence as in the page and the API.
    """
    for name, field in reversed(TrainingSpec.model_fields.items()):
        if name != "project":
            command = _option(name, field)(command)
    return command


def given(options: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields that the user set, with ``CLI_DEFAULTS`` below them."""
    set_by_user = {name: value for name, value in options.items() if value is not None and value != ()}
    return {**CLI_DEFAULTS, **set_by_user}


def _option(name: str, field: FieldInfo) -> Callable[[Command], Command]:
    flag = "--" + name.replace("_", "-")
    default = CLI_DEFAULTS.get(name, field.default)
    title = f"{field.title or name}{_limits(field)}."
    kind = _plain(field.annotation)
    shown = "" if default in (None, ()) else f"  [default: {str(default).lower() if kind is bool else default}]"
    if kind is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=title + shown)
    if get_origin(kind) is tuple:
        return click.option(flag, name, multiple=True, metavar="TEXT", help=f"{title} Can be given several times.")
    if name == "kind":
        told = f"{title}  [default: what the labeling config describes]"
        return click.option(flag, name, type=click.Choice((*get_args(kind), ALL)), default=None, help=told)
    if get_origin(kind) is Literal:
        return click.option(flag, name, type=click.Choice(get_args(kind)), default=None, help=title + shown)
    return click.option(flag, name, type=kind, default=None, help=title + shown)


def _plain(annotation: Any) -> Any:
    """Returns the type without ``| None``."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next(part for part in get_args(annotation) if part is not type(None))
    return annotation


def _limits(field: FieldInfo) -> str:
    """Returns the bounds of a number as words, from the field's own constraints."""
    words = []
    for rule in field.metadata:
        for bound, word in ((Ge, "at least"), (Gt, "more than"), (Le, "at most"), (Lt, "less than")):
            if isinstance(rule, bound):
                words.append(f"{word} {getattr(rule, bound.__name__.lower())}")
    return f" ({', '.join(words)})" if words else ""
