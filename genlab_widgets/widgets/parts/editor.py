"""An editor for a small text of markup, with line numbers and marks, and the findings that the marks stand for."""

from __future__ import annotations

from collections.abc import Callable

import traitlets

from genlab_widgets.widgets.parts.part import Part, script


class Editor(Part):
    """A text area with line numbers, colours of markup, and a mark at each line that a finding names.

    What is typed comes as an event and not as a trait's update, so that it is never overtaken by a click that follows.

    Attributes:
        text: What the editor holds; lines end with a line feed.
        origin: Who set ``text``: empty for Python, else the view and the number of its edit.
        marks: ``{line, severity, message}`` each.
        unsaved: Whether leaving the browser's page would lose something.
    """

    _esm = script("editor")
    label = traitlets.Unicode().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    origin = traitlets.Unicode().tag(sync=True)
    marks = traitlets.List().tag(sync=True)
    unsaved = traitlets.Bool(False).tag(sync=True)
    read_only = traitlets.Bool(False).tag(sync=True)

    def put(self, text: str, origin: str = "") -> None:
        """Sets the text; every view that did not type it itself shows it."""
        with self.hold_sync():
            self.origin = origin
            self.text = text

    def on_edit(self, handler: Callable[[], None]) -> None:
        """Calls ``handler`` after each pause in typing; ``text`` is the new one then."""

        def edited(text: str, origin: str) -> None:
            if not self.read_only:
                self.put(str(text), str(origin))
                handler()

        self.on("edit", edited)

    def go_to(self, line: int, column: int) -> None:
        """Puts the cursor there and scrolls to it; line and column count from 1."""
        self.send({"event": "go", "line": line, "column": column})


class Findings(Part):
    """What is wrong, each with a button that leads to its line.

    Attributes:
        items: ``{severity, line, column, message}`` each.
        headline: One sentence over them.
        tone: ``ok``, ``warn`` or ``fail``.
    """

    _esm = script("findings")
    items = traitlets.List().tag(sync=True)
    headline = traitlets.Unicode().tag(sync=True)
    tone = traitlets.Unicode("ok").tag(sync=True)
