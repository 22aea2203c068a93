"""The text of HTML as a browser counts it, and the places in it: offsets, and the XPaths of its text nodes.

Label Studio writes a span in HTML twice: ``globalOffsets`` count in the whole text, and ``start`` and ``end`` are
XPaths of text nodes with an offset each. Here one becomes the other, both ways.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import NamedTuple

_VOID = frozenset(("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"))
_NO_ELEMENT = frozenset(("html", "head", "body"))
"""An annotation tool shows the content of a page inside of its own: these are no step of an XPath."""
_CELLS = frozenset(("td", "th"))
_BLOCKS = ("p", "div", "ul", "ol", "dl", "table", "pre", "section", "article", "h1", "h2", "h3", "h4", "h5", "h6", "hr")
_ENDED_BY = {
    "li": frozenset(("li",)),
    "td": _CELLS,
    "th": _CELLS,
    "tr": _CELLS | {"tr"},
    "dt": frozenset(("dt", "dd")),
    "dd": frozenset(("dt", "dd")),
    "option": frozenset(("option",)),
    **dict.fromkeys(_BLOCKS, frozenset(("p",))),
}
"""Elements that a tag ends which stands right in them: authors leave their closing tags out."""


class Node(NamedTuple):
    """One text node."""

    path: str
    start: int
    text: str


@dataclass(frozen=True)
class HtmlText:
    """The text of HTML: its text nodes, and a line end for ``br``."""

    text: str
    nodes: tuple[Node, ...]

    @classmethod
    def read(cls, html: str) -> HtmlText:
        """Reads HTML, also where it is broken."""
        reader = _Reader()
        reader.feed(html)
        reader.close()
        return cls("".join(reader.parts), tuple(reader.nodes))

    def offset(self, path: str, units: int) -> int | None:
        """Returns where a place lies in the text; None where there is no such text node, or it is shorter.

        Args:
            path: XPath of a text node, such as ``/p[1]/b[2]/text()[1]``.
            units: Offset in it, in the UTF-16 units of browsers.
        """
        wanted = path.removeprefix("/html[1]").removeprefix("/body[1]")
        node = next((node for node in self.nodes if node.path == wanted), None)
        encoded = node.text.encode("utf-16-le", "surrogatepass") if node is not None else b""
        if node is None or not 0 <= 2 * units <= len(encoded):
            return None
        return node.start + len(encoded[: 2 * units].decode("utf-16-le", "replace"))

    def place(self, offset: int, is_end: bool = False) -> tuple[str, int]:
        """Returns the XPath of the text node at an offset, and the offset in it in UTF-16 units; the other way round.

        Args:
            offset: Where in the text.
            is_end: Whether it ends a span: then a border between two nodes belongs to the first.
        """
        if not self.nodes:
            return "", 0
        starts = [node.start for node in self.nodes]
        number = max((bisect_left if is_end else bisect_right)(starts, offset) - 1, 0)
        node = self.nodes[number]
        if not is_end and offset >= node.start + len(node.text) and number + 1 < len(self.nodes):
            node = self.nodes[number + 1]  # it stands at the line end of a br
        inside = node.text[: max(offset - node.start, 0)]
        return node.path, len(inside.encode("utf-16-le", "surrogatepass")) // 2


@dataclass
class _Open:
    """An element that is open, with what it has held so far: elements by tag, and text nodes."""

    tag: str = ""
    path: str = ""
    held: Counter[str] = field(default_factory=Counter)


class _Reader(HTMLParser):
    """Collects text nodes with their XPaths, as a browser would build them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.nodes: list[Node] = []
        self._open = [_Open()]
        self._length = 0
        self._goes_on = False

    def handle_data(self, data: str) -> None:
        if self._goes_on:  # the parser gives one text in pieces
            last = self.nodes[-1]
            self.nodes[-1] = last._replace(text=last.text + data)
        else:
            self.nodes.append(Node(self._step("text()"), self._length, data))
        self._add(data)
        self._goes_on = True

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._goes_on = False
        if tag in _NO_ELEMENT:
            return
        while self._open[-1].tag in _ENDED_BY.get(tag, ()):
            self._open.pop()
        if tag == "tr" and self._open[-1].tag == "table":  # browsers put it there
            self._enter("tbody")
        if tag not in _VOID:
            self._enter(tag)
        else:
            self._step(tag)
            if tag == "br":
                self._add("\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._goes_on = False
        for place in range(len(self._open) - 1, 0, -1):
            if self._open[place].tag == tag:
                del self._open[place:]
                return

    def handle_comment(self, data: str) -> None:
        self._goes_on = False

    def _enter(self, tag: str) -> None:
        self._open.append(_Open(tag, self._step(tag)))

    def _step(self, name: str) -> str:
        around = self._open[-1]
        around.held[name] += 1
        return f"{around.path}/{name}[{around.held[name]}]"

    def _add(self, text: str) -> None:
        self.parts.append(text)
        self._length += len(text)
