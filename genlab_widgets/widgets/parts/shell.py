"""The frame of pages: header with navigation, steps of the wizard, messages, and foreign documents."""

from __future__ import annotations

import traitlets

from genlab_widgets.errors import GenlabError
from genlab_widgets.widgets.parts.part import Part, script

KEPT_MESSAGES = 4


class Header(Part):
    """Project, counts, and the pages of the app.

    Attributes:
        titles: What a project is called, by its name.
        pages: ``{name, title}`` each, in the order of the navigation.
        standalone: Whether the page has the browser tab for itself (Voila): then the address keeps project and page.
    """

    _esm = script("header")
    projects = traitlets.List(traitlets.Unicode()).tag(sync=True)
    titles = traitlets.Dict().tag(sync=True)
    project = traitlets.Unicode().tag(sync=True)
    importing = traitlets.Bool(False).tag(sync=True)
    counts = traitlets.Unicode().tag(sync=True)
    pages = traitlets.List().tag(sync=True)
    page = traitlets.Unicode().tag(sync=True)
    standalone = traitlets.Bool(False).tag(sync=True)


class Steps(Part):
    """The steps of the wizard and the switch between wizard and one page."""

    _esm = script("steps")
    titles = traitlets.List(traitlets.Unicode()).tag(sync=True)
    current = traitlets.Int(1).tag(sync=True)
    reached = traitlets.Int(1).tag(sync=True)
    problems = traitlets.List(traitlets.Int()).tag(sync=True)
    view = traitlets.Unicode("wizard").tag(sync=True)


class Banner(Part):
    """Messages on top of a page: what happened, why, what to do next."""

    _esm = script("banner")
    messages = traitlets.List().tag(sync=True)

    def __init__(self) -> None:
        super().__init__()
        self.on("dismiss", self._dismiss)

    def fail(self, error: GenlabError) -> None:
        """Shows an error."""
        self._add("fail", error.what, error.why, error.next_step)

    def say(self, what: str, why: str = "", next_step: str = "", tone: str = "ok") -> None:
        """Shows a message (``ok`` or ``warn``)."""
        self._add(tone, what, why, next_step)

    def clear(self) -> None:
        """Removes all messages."""
        self.messages = []

    def _add(self, tone: str, what: str, why: str, next_step: str) -> None:
        message = {"tone": tone, "what": what, "why": why, "next_step": next_step}
        self.messages = [*(item for item in self.messages if item != message), message][-KEPT_MESSAGES:]

    def _dismiss(self, index: int) -> None:
        self.messages = [message for place, message in enumerate(self.messages) if place != index]


class Frame(Part):
    """A foreign HTML document in a sandbox: no scripts, no forms, no access to the page."""

    _esm = script("frame")
    document = traitlets.Unicode().tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)
