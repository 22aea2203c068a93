"""What all parts share: scripts from files, and events from the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import anywidget

FOLDER = Path(__file__).resolve().parent
Handler = Callable[..., None]


@cache
def script(name: str) -> str:
    """Returns the script of a part, with the functions that all parts share in front of it."""
    return "\n".join((FOLDER / f"{file}.js").read_text(encoding="utf-8") for file in ("dom", name))


class Part(anywidget.AnyWidget):
    """A widget that hands the events of its view to handlers by name."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._handlers: dict[str, Handler] = {}
        self.on_msg(self._dispatch)

    def on(self, event: str, handler: Handler) -> None:
        """Calls ``handler`` with the event's values as keyword arguments (and ``buffers``, where it brings any)."""
        self._handlers[event] = handler

    def emit(self, event: str, **values: Any) -> None:
        """Does what a view does when the user acts; for keyboard-free callers and tests."""
        self._dispatch(self, {"event": event, **values}, [])

    def _dispatch(self, _: Any, content: dict[str, Any], buffers: list[Any]) -> None:
        values = {name: value for name, value in content.items() if name != "event"}
        handler = self._handlers.get(str(content.get("event")))
        if handler is not None:
            handler(**values, **({"buffers": buffers} if buffers else {}))


class Stylesheet(Part):
    """Brings the style of all pages into the document; shows nothing."""

    _esm = "export default { render({ el }) { el.hidden = true; } };"
    _css = (FOLDER.parent / "style.css").read_text(encoding="utf-8")
