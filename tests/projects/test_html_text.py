"""Places in HTML: offsets in its text and XPaths of its text nodes, both ways, as browsers count them."""

from __future__ import annotations

import pytest

from genlab_widgets.projects.html_text import HtmlText

PAGE = (
    "<html><body><h1>Note</h1><div>A<br>B &lt; <b>😀 fever</b><!-- x -->C<p>one<p>two</div>"
    "<ul><li>a<li>b</ul><table><tr><td>x<td>y</table></body></html>"
)
PATHS = {
    "/h1[1]/text()[1]": "Note",
    "/div[1]/text()[1]": "A",
    "/div[1]/text()[2]": "B < ",
    "/div[1]/b[1]/text()[1]": "😀 fever",
    "/div[1]/text()[3]": "C",
    "/div[1]/p[1]/text()[1]": "one",
    "/div[1]/p[2]/text()[1]": "two",
    "/ul[1]/li[1]/text()[1]": "a",
    "/ul[1]/li[2]/text()[1]": "b",
    "/table[1]/tbody[1]/tr[1]/td[1]/text()[1]": "x",
    "/table[1]/tbody[1]/tr[1]/td[2]/text()[1]": "y",
}


def test_text_nodes_have_the_paths_of_a_browser() -> None:
    shown = HtmlText.read(PAGE)
    assert {node.path: node.text for node in shown.nodes} == PATHS
    assert all(shown.text[node.start :].startswith(node.text) for node in shown.nodes)
    assert shown.text.startswith("NoteA\nB < 😀 fever")


def test_a_place_and_its_path_are_the_same() -> None:
    shown = HtmlText.read(PAGE)
    start = shown.text.index("fever")
    assert shown.place(start) == ("/div[1]/b[1]/text()[1]", 3)  # browsers count the smiley twice
    assert shown.place(start + 5, is_end=True) == ("/div[1]/b[1]/text()[1]", 8)
    assert shown.offset("/html[1]/body[1]/div[1]/b[1]/text()[1]", 3) == start
    for node in shown.nodes:
        assert shown.place(node.start) == (node.path, 0)
        assert shown.place(node.start + len(node.text), is_end=True)[0] == node.path
    assert shown.place(shown.text.index("\n")) == ("/div[1]/text()[2]", 0)  # a br has no text node


@pytest.mark.parametrize(("path", "units"), [("/p[9]/text()[1]", 0), ("/h1[1]/text()[1]", 5), ("/h1[1]/text()[1]", -1)])
def test_what_the_html_does_not_have_is_nowhere(path: str, units: int) -> None:
    assert HtmlText.read(PAGE).offset(path, units) is None


def test_html_without_text_has_no_places() -> None:
    assert HtmlText.read("<br>").place(0) == ("", 0)
