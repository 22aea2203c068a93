"""Inputs with a visible label, a hint, and the sentence that says what is wrong."""

from __future__ import annotations

from typing import Any

import traitlets

from genlab_widgets.widgets.parts.part import Part, script


def option(value: str, title: str, hint: str = "", disabled: bool = False) -> dict[str, Any]:
    """Returns one option of a :class:`Field` or a :class:`Choice`; a disabled one says why in its hint."""
    return {"value": value, "title": title, "hint": hint, "disabled": disabled}


class Field(Part):
    """One input: ``text``, ``area`` (of lines), ``number``, ``select``, ``checkbox`` or ``many`` (several options)."""

    _esm = script("field")
    label = traitlets.Unicode().tag(sync=True)
    kind = traitlets.Enum(["text", "area", "number", "select", "checkbox", "many"], "text").tag(sync=True)
    value = traitlets.Any(None, allow_none=True).tag(sync=True)
    options = traitlets.List().tag(sync=True)
    hint = traitlets.Unicode().tag(sync=True)
    error = traitlets.Unicode().tag(sync=True)
    unit = traitlets.Unicode().tag(sync=True)
    placeholder = traitlets.Unicode().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)


class Choice(Part):
    """One of a few options, all visible; those that cannot be chosen say why."""

    _esm = script("choice")
    label = traitlets.Unicode().tag(sync=True)
    value = traitlets.Unicode().tag(sync=True)
    options = traitlets.List().tag(sync=True)
    disabled = traitlets.Bool(False).tag(sync=True)
