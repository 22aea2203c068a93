"""A real table: heads with scope, sorting, a filter row, selection, actions by name, pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import traitlets

from genlab_widgets.widgets.parts.part import Part, script

PAGE_ROWS = 50


class Column(NamedTuple):
    """One column. ``sort_key`` gives what rows are sorted by; None keeps the column unsorted."""

    key: str
    title: str
    filter: bool = False
    options: tuple[str, ...] = ()
    numeric: bool = False
    wide: bool = False
    sortable: bool = True


class Row(NamedTuple):
    """One row: ``cells`` by column key (``text``, and ``chip``, ``small``, ``title`` where wanted), ``sort`` keys."""

    id: str
    name: str
    cells: dict[str, dict[str, str]]
    sort: Mapping[str, Any]
    actions: tuple[dict[str, Any], ...] = ()


class Table(Part):
    """Shows rows a page at a time; sorts and filters all of them here in Python, so the page stays light."""

    _esm = script("table")
    caption = traitlets.Unicode().tag(sync=True)
    columns = traitlets.List().tag(sync=True)
    rows = traitlets.List().tag(sync=True)
    filters = traitlets.Dict().tag(sync=True)
    sort = traitlets.Dict({"key": "", "descending": False}).tag(sync=True)
    selectable = traitlets.Bool(False).tag(sync=True)
    selected = traitlets.List(traitlets.Unicode()).tag(sync=True)
    actions = traitlets.Bool(False).tag(sync=True)
    empty = traitlets.Unicode("Nothing here yet.").tag(sync=True)
    count = traitlets.Unicode().tag(sync=True)
    paging = traitlets.Dict({"page": 0, "pages": 1, "total": 0}).tag(sync=True)

    def __init__(self, columns: Sequence[Column], noun: str = "row", **traits: Any) -> None:
        super().__init__(columns=[_column(column) for column in columns], **traits)
        self._noun = noun
        self._all: list[Row] = []
        self.on("sort", self._sort)
        self.on("filter", self._filter)
        self.on("page", self._page)
        self.on("select", self._select)

    def fill(self, rows: Sequence[Row]) -> None:
        """Replaces the rows; sorting, filters and page stay."""
        self._all = list(rows)
        known = {row.id for row in rows}
        self.selected = [item for item in self.selected if item in known]
        self._show()

    def on_action(self, handler: Callable[[str, str], None]) -> None:
        """Calls ``handler(action name, row id)``."""
        self.on("action", lambda name, id: handler(name, id))

    def matching(self) -> list[Row]:
        """Returns the rows that pass the filters, in the order of the table."""
        wanted = {key: text.casefold() for key, text in self.filters.items() if text}
        found = [row for row in self._all if all(_passes(row, key, text) for key, text in wanted.items())]
        key = self.sort["key"]
        if key:
            found.sort(key=lambda row: _sortable(row.sort.get(key)), reverse=self.sort["descending"])
        return found

    def _show(self) -> None:
        found = self.matching()
        pages = max(1, math.ceil(len(found) / PAGE_ROWS))
        page = min(self.paging["page"], pages - 1)
        start = page * PAGE_ROWS
        of = f" of {len(self._all):,}" if len(found) != len(self._all) else ""
        with self.hold_sync():
            self.rows = [
                {"id": row.id, "name": row.name, "cells": row.cells, "actions": list(row.actions)}
                for row in found[start : start + PAGE_ROWS]
            ]
            self.paging = {"page": page, "pages": pages, "total": len(found)}
            total = len(self._all)
            self.count = f"{len(found):,}{of} {self._noun}{'' if total == 1 else 's'}" if total else ""

    def _sort(self, key: str) -> None:
        same = self.sort["key"] == key
        self.sort = {"key": key, "descending": same and not self.sort["descending"]}
        self._show()

    def _filter(self, key: str, value: str) -> None:
        self.filters = {**self.filters, key: value}
        self.paging = {**self.paging, "page": 0}
        self._show()

    def _page(self, page: int) -> None:
        self.paging = {**self.paging, "page": max(0, int(page))}
        self._show()

    def _select(self, id: str, on: bool) -> None:
        self.selected = [item for item in self.selected if item != id] + ([id] if on else [])


def _column(column: Column) -> dict[str, Any]:
    options = [{"value": value, "title": value} for value in column.options] or None
    return {**column._asdict(), "options": options}


def _passes(row: Row, key: str, wanted: str) -> bool:
    cell = row.cells.get(key, {})
    return wanted in f"{cell.get('text', '')} {cell.get('small', '')}".casefold()


def _sortable(value: Any) -> tuple[bool, Any]:
    """Puts what is missing first; text is compared without case."""
    return (value is not None, value.casefold() if isinstance(value, str) else value)
