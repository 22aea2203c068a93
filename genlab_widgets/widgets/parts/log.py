"""The log of a run while it grows."""

from __future__ import annotations

import traitlets

from genlab_widgets.widgets.parts.part import Part, script

KEPT_LINES = 400
"""Lines that travel to the page; the download has the whole log."""
KEPT_CHARACTERS = 2_000
"""Characters of one line that are shown."""


class Log(Part):
    """The last lines of a log: ``lines`` with the number of the first one, so that a view adds only what is new."""

    _esm = script("log")
    label = traitlets.Unicode("Training log").tag(sync=True)
    lines = traitlets.List(traitlets.Unicode()).tag(sync=True)
    first = traitlets.Int(0).tag(sync=True)

    def __init__(self, **traits: object) -> None:
        super().__init__(**traits)
        self._rest = ""

    def append(self, text: str, end: bool = False) -> None:
        """Adds the next piece of the log; ``end`` shows a last line that has no line end too."""
        if not text and not (end and self._rest):
            return
        complete = (self._rest + text).replace("\r\n", "\n").split("\n")
        self._rest = complete.pop()
        if end and self._rest:
            complete.append(self._rest)
            self._rest = ""
        # A carriage return starts the line again (progress bars): only its last state is worth reading.
        shown = [line.rsplit("\r", 1)[-1][:KEPT_CHARACTERS] for line in complete]
        if not shown:
            return
        lines = [*self.lines, *shown]
        surplus = max(0, len(lines) - KEPT_LINES)
        with self.hold_sync():
            self.first += surplus
            self.lines = lines[surplus:]

    def clear(self) -> None:
        """Starts with another log."""
        self._rest = ""
        with self.hold_sync():
            self.first = 0
            self.lines = []
