"""What all pages share: errors as sentences, one background thread, buttons that lock, and how they end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ipywidgets

from genlab_widgets.errors import GenlabError, InternalError
from genlab_widgets.widgets.pages.background import Background
from genlab_widgets.widgets.parts import Banner, Stylesheet

if TYPE_CHECKING:
    from genlab_widgets.workspace import Workspace

LOG = "app.log"
RECONCILE_SECONDS = 1.0
"""The pages of one kernel look for lost and queued runs once in this time, however many are open."""
_reconciled: dict[Path, float] = {}
"""When this kernel last looked, by workspace (monotonic seconds)."""
_logger = logging.getLogger("genlab_widgets.widgets")


class Page(ipywidgets.VBox):
    """A page: messages on top, its content below.

    Args:
        workspace: The workspace; tracebacks go to ``app.log`` in its folder, because Voila shows none.
        background: False does everything in the caller's thread and at once (tests, scripts).
        banner: Where messages are shown; None makes one for this page.
    """

    def __init__(self, workspace: Workspace, background: bool = True, banner: Banner | None = None) -> None:
        super().__init__()
        self.add_class("genlab")
        self.workspace, self.home = workspace, workspace.home
        self.lock = threading.RLock()
        self.banner = banner or Banner()
        self._own = [Stylesheet()] if banner is not None else [Stylesheet(), self.banner]
        self.content = ipywidgets.VBox()
        self.content.add_class("genlab-page")
        self.children = (*self._own, self.content)
        self.background = Background(self._tick, lambda: self.comm is not None, self.attempt, self.lock, background)

    def tick(self) -> None:
        """Looks at what changed outside; called about once a second by the page's thread."""

    def reconcile(self) -> None:
        """Finds out what ended, and starts what waits: a page that is open alone is all that looks."""
        looked_at, now = _reconciled.get(self.home), time.monotonic()
        if looked_at is None or now - looked_at >= RECONCILE_SECONDS:
            _reconciled[self.home] = now
            self.workspace.reconcile()

    def leave(self) -> None:
        """Ends the page: its thread, what its parts hold (a model that is tried), and its widgets."""
        self.background.stop()
        with self.lock:
            close_all_of(self, shared=self.banner if self.banner not in self._own else None)

    def attempt(self, function: Callable[[], Any]) -> Any:
        """Calls a function; what it raises is shown in the banner and written to the log."""
        try:
            return function()
        except GenlabError as error:
            self.banner.fail(error)
            _logger.info("refused: %s", error)
        except Exception as error:
            self._unexpected(error)
        return None

    def guarded(self, function: Callable[..., Any]) -> Callable[..., None]:
        """Returns a callback that holds the page's lock and never raises."""

        def call(*args: Any, **values: Any) -> None:
            with self.lock:
                self.attempt(lambda: function(*args, **values))

        return call

    def button(self, text: str, action: Callable[[], Any], busy: str = "", style: str = "") -> ipywidgets.Button:
        """Returns a button that locks while its action runs, and says so.

        Args:
            text: What it says.
            action: What a click does.
            busy: What it says meanwhile.
            style: ``primary``, ``danger`` or nothing.
        """
        made = ipywidgets.Button(description=text)
        made.add_class("genlab-button")
        if style:
            made.add_class(f"genlab-{style}")

        def click(_: Any) -> None:
            if made.disabled:
                return
            said = made.description
            made.disabled, made.description = True, busy or said
            try:
                self.guarded(action)()
            finally:
                if made.description == (busy or said):
                    made.description = said
                made.disabled = False

        made.on_click(click)
        return made

    def _tick(self) -> None:
        self.attempt(self.reconcile)
        self.attempt(self.tick)

    def _unexpected(self, error: Exception) -> None:
        _write_to(self.home)
        _logger.exception("the page failed", exc_info=error)
        told = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        step = f"Reload the page. The details are in {self.home / LOG}."
        self.banner.fail(InternalError("Something in the page went wrong.", f"{told}.", step))


def row(*children: Any, style: str = "") -> ipywidgets.Box:
    """Returns widgets in a line that wraps."""
    return _box("genlab-row", children, style)


def stack(*children: Any, style: str = "") -> ipywidgets.Box:
    """Returns widgets below each other."""
    return _box("genlab-stack", children, style)


def card(*children: Any, style: str = "") -> ipywidgets.Box:
    """Returns widgets in a card."""
    return _box("genlab-card", children, style)


def show(widget: ipywidgets.Widget, visible: bool) -> None:
    """Shows or hides a widget; a hidden one takes no place."""
    wanted = "" if visible else "none"
    if (widget.layout.display or "") != wanted:
        widget.layout.display = wanted


def close_all_of(widget: ipywidgets.Widget, shared: ipywidgets.Widget | None = None) -> None:
    """Closes a widget and all that it holds, shown or not: ipywidgets keeps every widget that nobody closes.

    Args:
        widget: The widget. The page that it names is left alone.
        shared: A widget that stays as well: it belongs to somebody else.
    """
    closed = {shared}
    waiting = [widget]
    while waiting:
        found = waiting.pop(0)  # the outermost first, so that the browser takes the whole view away at once
        if found in closed or (isinstance(found, Page) and found is not widget):
            continue
        closed.add(found)
        found.close()
        waiting += _widgets_in(vars(found).values())  # ipywidgets keeps children, layout and style there, too


def _widgets_in(values: Iterable[Any], depth: int = 2) -> Iterator[ipywidgets.Widget]:
    for value in values:
        if isinstance(value, ipywidgets.Widget):
            yield value
        elif depth and isinstance(value, dict | list | tuple):
            yield from _widgets_in(value.values() if isinstance(value, dict) else value, depth - 1)


def text(markup: str = "", style: str = "") -> ipywidgets.HTML:
    """Returns a widget for text made by :func:`~genlab_widgets.widgets.parts.h`."""
    made = ipywidgets.HTML(markup)
    made.add_class("genlab-text")
    if style:
        made.add_class(style)
    return made


def _box(kind: str, children: Sequence[Any], style: str) -> ipywidgets.Box:
    made = ipywidgets.Box(tuple(children))
    made.add_class(kind)
    for name in style.split():
        made.add_class(name)
    return made


def _write_to(home: Path) -> None:
    """Lets the log go to the workspace; one that cannot be written to is no reason for a second error."""
    path = str(home / LOG)
    if any(getattr(handler, "baseFilename", None) == path for handler in _logger.handlers):
        return
    try:
        handler = RotatingFileHandler(path, maxBytes=1_000_000, backupCount=1, delay=False, encoding="utf-8")
    except OSError:
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    _logger.addHandler(handler)
