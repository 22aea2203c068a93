"""A page with what people marked and what the model found: one page at a time, fetched when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import traitlets

from genlab_widgets.widgets.parts.part import Part, script


class Shown(NamedTuple):
    """What the view needs of one page.

    Attributes:
        page: ``name``, ``alt``, ``width``, ``height``, ``note`` (why there is no picture) and ``marks``: each with
            ``number`` (0 for what is right), ``verdict``, ``words``, ``sides`` (``role`` annotated or predicted,
            ``label``, ``text``, ``colour``, ``boxes`` as left, top, right, bottom in shares of the page).
        picture: The page as JPEG; empty where there is none.
    """

    page: dict[str, Any]
    picture: bytes


class PageView(Part):
    """Shows pages, the picture with its boxes on the left and the list of marks on the right.

    Attributes:
        filters: What pages can be chosen by: ``value`` and ``title`` each.
        filter: The chosen one.
        place: The page that is shown, from 0.
        total: Pages that the filter lets through.
        page: See :class:`Shown`; empty where no page is shown.
        picture: See :class:`Shown`.
        empty: What is said when no page passes.
    """

    _esm = script("pageview")
    filters = traitlets.List().tag(sync=True)
    filter = traitlets.Unicode().tag(sync=True)
    place = traitlets.Int(0).tag(sync=True)
    total = traitlets.Int(0).tag(sync=True)
    page = traitlets.Dict().tag(sync=True)
    picture = traitlets.Bytes(b"").tag(sync=True)
    empty = traitlets.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._fetch: Callable[[int], Shown] = lambda place: Shown({}, b"")

    def serve(self, total: int, fetch: Callable[[int], Shown]) -> None:
        """Shows the first of some pages, and the others when the user turns to them.

        Args:
            total: How many there are.
            fetch: Returns a page by its place.
        """
        self.total, self._fetch = total, fetch
        self.turn(0)

    def turn(self, place: int) -> None:
        """Shows the page at a place; one beyond the ends is the first or the last."""
        place = min(max(0, int(place)), max(0, self.total - 1))
        shown = self._fetch(place) if self.total else Shown({}, b"")
        with self.hold_sync():
            self.place, self.page, self.picture = place, shown.page, shown.picture
