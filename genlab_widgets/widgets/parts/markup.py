"""HTML built from elements and text, where text is always escaped."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterable

_NAME = re.compile(r"[a-z][a-z0-9-]*\Z")
_VOID = frozenset({"img", "br", "hr", "input"})
_COLOUR = re.compile(r"(#[0-9a-fA-F]{3,8}|[a-zA-Z]{3,30})\Z")


class Markup(str):
    """Text that is HTML already; only :func:`h` makes it."""

    __slots__ = ()


def h(tag: str, *children: object, **attributes: object) -> Markup:
    """Returns one element.

    Args:
        tag: Its name.
        *children: Markup, text (escaped), lists of both; None is left out.
        **attributes: ``class_`` for class, ``_`` for ``-`` in names; None and False leave one out, True sets it bare.
    """
    parts = []
    for name, value in attributes.items():
        key = name.rstrip("_").replace("_", "-")
        if not _NAME.match(key) or key.startswith("on"):
            raise ValueError(f"not an attribute: {name!r}")
        if value is None or value is False:
            continue
        parts.append(f" {key}" if value is True else f' {key}="{html.escape(str(value), quote=True)}"')
    opening = f"<{tag}{''.join(parts)}>"
    return Markup(opening if tag in _VOID else f"{opening}{text(children)}</{tag}>")


def text(children: Iterable[object]) -> Markup:
    """Joins children, escaping all that is not markup."""
    found = []
    for child in children:
        if child is None or child is False:
            continue
        if isinstance(child, Markup):
            found.append(str(child))
        elif isinstance(child, (list, tuple)):
            found.append(str(text(child)))
        else:
            found.append(html.escape(str(child), quote=True))
    return Markup("".join(found))


def image(png: bytes, alt: str, width: int | None = None) -> Markup:
    """Returns a PNG as an image with its alternative text; wide ones scroll instead of shrinking."""
    data = base64.b64encode(png).decode()
    style = None if width is None else f"width:{width}px;max-width:none"
    return h(
        "div", h("img", src=f"data:image/png;base64,{data}", alt=alt, style=style), class_="genlab-figure", tabindex="0"
    )


def safe_colour(colour: str | None, default: str) -> str:
    """Returns a colour that is safe inside a style: hex or a name, else the default."""
    return colour if colour and _COLOUR.match(colour) else default
