"""What the commands print: tables and sentences for people, one JSON document for scripts."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import click

from genlab_widgets.errors import GenlabError

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of what follows them."""


def printable(text: str) -> str:
    """Returns ``text`` with a mark for every sign that could steer the terminal or that it cannot show.

    Labels, names and logs are foreign text: control characters (C0 and C1), turns of direction and halves of a
    surrogate pair become U+FFFD; line breaks and tabs stay.
    """
    return "".join("\ufffd" if _steers(sign) else sign for sign in text)


def _steers(sign: str) -> bool:
    return sign not in "\n\t" and (unicodedata.category(sign) in ("Cc", "Cs") or sign in _BIDI)


def say(text: str = "") -> None:
    """Prints one line for people on stdout."""
    click.echo(printable(text))


def note(text: str) -> None:
    """Prints one line on stderr, where it never mixes with data."""
    click.echo(printable(text), err=True)


def emit_json(value: Any) -> None:
    """Prints one JSON document on stdout; paths and enums become text, times ISO 8601."""
    whole = "utf" in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    document = json.dumps(value, ensure_ascii=not whole, indent=2, default=_as_text)
    click.echo("".join(f"\\u{ord(sign):04x}" if sign != "\n" and _steers(sign) else sign for sign in document))


def _as_text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def emit_error(error: GenlabError, as_json: bool) -> None:
    """Prints an error as its sentences on stderr, and with ``as_json`` as one JSON object on stdout too."""
    note(f"Error: {error}")
    if as_json:
        emit_json({"error": error.as_dict()})


def width(text: str) -> int:
    """Returns the number of terminal columns of ``text``: wide signs count two, combining marks none."""
    return sum(
        0 if unicodedata.category(sign) in ("Mn", "Me", "Cf") else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], right: Sequence[int] = ()) -> str:
    """Returns aligned columns, two spaces apart.

    Args:
        headers: Column heads.
        rows: Cells; ``None`` is shown as a dash.
        right: Indices of the columns set flush right (numbers).
    """
    cells = [[" ".join(printable("-" if cell is None else str(cell)).split()) for cell in row] for row in rows]
    lines = [list(headers), *cells]
    widths = [max(width(line[column]) for line in lines) for column in range(len(headers))]

    def pad(text: str, column: int) -> str:
        gap = " " * (widths[column] - width(text))
        return gap + text if column in right else text + gap

    return "\n".join("  ".join(pad(text, column) for column, text in enumerate(line)).rstrip() for line in lines)


def seconds(duration: float | None) -> str:
    """Returns a duration in words: ``45 s``, ``6 min 12 s``, ``2 h 03 min``."""
    if duration is None:
        return "-"
    whole = max(0, round(duration))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def moment(value: datetime | str | float | None) -> str:
    """Returns a time as ``2026-01-31 09:05`` in local time.

    Args:
        value: A datetime (naive ones are taken as UTC), ISO text, or seconds since the epoch.
    """
    if value is None:
        return "-"
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, (int, float)):
        value = datetime.fromtimestamp(value).astimezone()
    if value.tzinfo is None:
        from datetime import UTC

        value = value.replace(tzinfo=UTC)
    return value.astimezone().strftime("%Y-%m-%d %H:%M")


def score(value: float | None) -> str | None:
    """Returns a score with three decimals, or None."""
    return None if value is None else f"{value:.3f}"
