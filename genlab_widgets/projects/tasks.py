"""Tasks and completions of an export, read tolerantly from both dialects.

``completions`` is Generative AI Lab's word, ``annotations`` is Label Studio's. Field names and places are those of
the exports described in ``docs/user-guide.md``; a field that is absent gets its plainest meaning.
Offsets are code points, ``end`` exclusive. In HTML they count in the text that a browser shows. A task of pages has
the text of its words in reading order, and its regions are the words that lie in the boxes. Of several texts in a task
one is what regions are read on; choices may be about another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from genlab_widgets.errors import BrokenTask
from genlab_widgets.projects.html_text import HtmlText
from genlab_widgets.projects.pages import marking
from genlab_widgets.projects.pages.format import Page, read_marks
from genlab_widgets.projects.pages.layout import Layout
from genlab_widgets.projects.pages.marking import Pages, Unread

Review = Literal["accepted", "rejected"]
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading a field of the wrong shape raises."""
_LARGEST = 2**63 - 1
"""Parquet and databases hold 64 bits."""


@dataclass(frozen=True, slots=True)
class Region:
    """A labelled span of the text. One box on a page is several where its words are no neighbours in the text."""

    id: str
    from_name: str
    start: int
    end: int
    text: str
    labels: tuple[str, ...]

    def fits(self, text: str) -> bool:
        """Tells whether the text at its place is its own; blanks do not count, for viewers write them in many ways."""
        found = text[max(self.start, 0) : max(self.end, 0)]
        return not self.text or found == self.text or _without_blanks(found) == _without_blanks(self.text)


@dataclass(frozen=True, slots=True)
class Choice:
    """The choices ticked in one Choices control."""

    from_name: str
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Completion:
    """One user's answer to a task. ``submitted_at`` is None for a draft.

    ``unread`` are boxes that hold no word, and spans that lie nowhere in their HTML; ``elsewhere`` names what regions
    mark that are not on the text which is read: each once.
    """

    id: int
    username: str
    created_at: str
    submitted_at: str | None
    starred: bool = False
    review: Review | None = None
    skipped: bool = False
    regions: tuple[Region, ...] = ()
    choices: tuple[Choice, ...] = ()
    unread: tuple[Unread, ...] = ()
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """One text to annotate, with everything people answered. Tasks of pages have a layout, and their pages.

    ``text`` is what regions count in; ``texts`` are others that choices are about, by the name of their Text.
    """

    id: int
    text: str
    title: str = ""
    tags: tuple[str, ...] = ()
    completions: tuple[Completion, ...] = ()
    data: dict[str, Any] = field(default_factory=dict)
    layout: Layout | None = None
    pages: tuple[Page, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)

    def text_of(self, marked: str) -> str:
        """Returns the text that a control marks, by the name that its ``toName`` has."""
        return self.texts.get(marked, self.text)

    @property
    def has_text(self) -> bool:
        """Whether there is anything to learn from."""
        return any(text.strip() for text in (self.text, *self.texts.values()))


class TextSource(NamedTuple):
    """Where tasks have a text: the key of ``data``, and whether it is HTML."""

    key: str
    is_html: bool = False

    def read(self, data: Mapping[str, Any]) -> HtmlText:
        """Returns the text as people see it."""
        text = data.get(self.key)
        text = text if isinstance(text, str) else ""
        return HtmlText.read(text) if self.is_html else HtmlText(text, ())


@dataclass(frozen=True, slots=True)
class TaskFormat:
    """What the labeling config says of its tasks.

    Attributes:
        text_key: The key of ``data`` that the config's Text or HyperText names.
        is_html: Whether the text is HTML.
        aliases: Values of labels and choices by the name of their control and the alias under which they are exported.
        image_key: The key of ``data`` that names the pages, where the config's controls mark an image; else empty.
        choices_texts: Other texts that choices are about, by the name of their Text.
        elsewhere: Names of all that the config shows besides the text: regions on it are not read.
    """

    text_key: str = "text"
    is_html: bool = False
    aliases: Mapping[tuple[str, str], str] = field(default_factory=dict)
    image_key: str = ""
    choices_texts: Mapping[str, TextSource] = field(default_factory=dict)
    elsewhere: frozenset[str] = frozenset()

    @property
    def source(self) -> TextSource:
        """Where tasks have the text whose regions are read."""
        return TextSource(self.text_key, self.is_html)


def read_task(raw: Any, form: TaskFormat | None = None, place: int | None = None) -> Task:
    """Reads one task of an export.

    Args:
        raw: The task as parsed JSON.
        form: What the labeling config says of its tasks.
        place: Place in the export from 1, which names a task that has no id.

    Raises:
        BrokenTask: A field has the wrong shape; ``details["task_id"]`` names the task.
    """
    form = form or TaskFormat()
    try:
        data = _object(_object(raw, "the task").get("data"), "its data")
        pages = marking.read(raw, data) if form.image_key else None
        shown = form.source.read(data)
        text = pages.layout.text if pages else shown.text
        return Task(
            id=_whole(raw.get("id"), "its id"),
            text=text,
            title=str(data.get("title") or ""),
            tags=_tags(raw, data),
            completions=_Reader(form, text, shown, pages).completions(raw),
            data=data,
            layout=pages.layout if pages else None,
            pages=pages.pages if pages else (),
            texts={name: source.read(data).text for name, source in form.choices_texts.items()},
        )
    except UNREADABLE as error:
        raise broken_task(raw, place, error) from error


def broken_task(raw: Any, place: int | None, error: Exception) -> BrokenTask:
    """Names a task that cannot be read by its id or its place, and says why."""
    task_id = raw.get("id") if isinstance(raw, dict) else None
    name = f"Task {task_id}" if task_id is not None else f"The task at place {place}" if place else "A task"
    return BrokenTask(
        f"{name} cannot be read.",
        f"{str(error)[:1].upper()}{str(error)[1:]}.",
        "Correct or remove the task in the export and import again.",
        task_id=task_id,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the completions of one task."""

    form: TaskFormat
    text: str
    shown: HtmlText
    pages: Pages | None = None

    def completions(self, raw: dict[str, Any]) -> tuple[Completion, ...]:
        found, drafts = raw.get("completions"), True
        if not found and raw.get("annotations"):
            found, drafts = raw["annotations"], False
        items = _list(found, "the completions")
        return tuple(self._completion(_object(item, "a completion"), drafts) for item in items)

    def _completion(self, raw: dict[str, Any], drafts: bool) -> Completion:
        """Reads a completion; Label Studio stores drafts elsewhere, so its annotations count as submitted."""
        created = str(raw.get("created_ago") or raw.get("created_at") or "")
        items = [item for item in _list(raw.get("result"), "a result") if isinstance(item, dict)]
        submitted = str(raw.get("submitted_at") or "") or (None if drafts else created or "submitted")
        regions, unread, elsewhere = self._regions(items) if self.pages is None else self._boxes(items, self.pages)
        return Completion(
            id=_whole(raw.get("id") or 0, "the id of a completion"),
            username=_username(raw),
            created_at=str(raw.get("updated_at") or created),
            submitted_at=submitted,
            starred=bool(raw.get("honeypot") or raw.get("ground_truth")),
            review=_review(raw),
            skipped=bool(raw.get("was_cancelled") or raw.get("skipped")),
            regions=regions,
            choices=tuple(choice for item in items if (choice := self._choice(item)) is not None),
            unread=unread,
            elsewhere=elsewhere,
        )

    def _boxes(self, items: list[dict[str, Any]], pages: Pages) -> _Marked:
        """Returns the words that lie in the boxes on pages."""
        marks = read_marks(items)
        for mark in marks:
            mark.labels = list(self._values(mark.labels, mark.from_name))
        located, unread = pages.locate(marks)
        regions = (
            Region(mark.id, mark.from_name, start, end, self.text[start:end], tuple(mark.labels))
            for mark, stretches in located
            for start, end in stretches
        )
        return tuple(regions), tuple(unread), ()

    def _regions(self, items: list[dict[str, Any]]) -> _Marked:
        """Returns the labelled spans of the text."""
        regions: list[Region] = []
        unread: list[Unread] = []
        elsewhere: dict[str, None] = {}
        for item in items:
            value = _object(item.get("value") or {}, "the value of a region")
            names = value.get("labels") or value.get("hypertextlabels")
            if not names:
                continue
            if (marked := str(item.get("to_name"))) in self.form.elsewhere:
                elsewhere[marked] = None
                continue
            name, from_name = str(item.get("id", "")), str(item.get("from_name", ""))
            labels, text = self._values(names, from_name), str(value.get("text") or "")
            place = self._place(value, text)
            if place is not None:
                regions.append(Region(name, from_name, *place, text, labels))
            elif isinstance(value.get("start"), str):
                unread.append(Unread(name, labels, 0, "names a place that its HTML does not have"))
        return tuple(regions), tuple(unread), tuple(elsewhere)

    def _place(self, value: dict[str, Any], text: str) -> tuple[int, int] | None:
        """Returns where a span lies; None where nothing tells."""
        offsets = _object(value.get("globalOffsets") or value, "the place of a region")
        start, end = offsets.get("start"), offsets.get("end")
        if start is None or end is None:
            return None
        if isinstance(start, str) and start.startswith("/"):
            return self._of_nodes(value, text)
        first, last = _whole(start, "the start of a span"), _whole(end, "the end of a span")
        return self._in_code_points(first, last, text)

    def _of_nodes(self, value: dict[str, Any], text: str) -> tuple[int, int] | None:
        """Finds a span by the text nodes of its HTML; one whose text is another counts as not found."""
        start, end = (
            self.shown.offset(str(value[side]), _whole(value.get(f"{side}Offset") or 0, f"the {side} of a span"))
            for side in ("start", "end")
        )
        if start is None or end is None:
            return None
        found = self.text[start:end]
        return (start, end) if not text or _without_blanks(found) == _without_blanks(text) else None

    def _in_code_points(self, start: int, end: int, text: str) -> tuple[int, int]:
        """Converts offsets in UTF-16 units, in which browsers count; the span's own text tells which they are."""
        if not text or self.text.isascii() or self.text[max(start, 0) : max(end, 0)] == text or not 0 <= start <= end:
            return start, end
        units = self.text.encode("utf-16-le", "surrogatepass")
        before, inside = units[: 2 * start], units[2 * start : 2 * end]
        if inside.decode("utf-16-le", "replace") != text:
            return start, end
        first = len(before.decode("utf-16-le", "replace"))
        return first, first + len(text)

    def _choice(self, item: dict[str, Any]) -> Choice | None:
        """Reads choices about the whole task; those about one region carry its offsets."""
        value = _object(item.get("value") or {}, "the value of a choice")
        if not value.get("choices") or "start" in value or "width" in value:
            return None
        from_name = str(item.get("from_name", ""))
        return Choice(from_name, self._values(value["choices"], from_name))

    def _values(self, names: Any, control: str) -> tuple[str, ...]:
        """Returns values; of a nested choice, which is told with all that is around it, the last one."""
        listed = [names] if isinstance(names, str) else _list(names, "the labels of a region")
        told = (str(name[-1]) if isinstance(name, list) and name else str(name) for name in listed)
        return tuple(self.form.aliases.get((control, name), name) for name in told)


_Marked = tuple[tuple[Region, ...], tuple[Unread, ...], tuple[str, ...]]
"""Regions, those that could not be read, and what else regions mark."""


def _without_blanks(text: str) -> str:
    """Returns a text without blanks and line ends, which some exports write as a backslash and an ``n``."""
    return "".join(text.replace("\\n", " ").split())


def _tags(raw: dict[str, Any], data: dict[str, Any]) -> tuple[str, ...]:
    meta = raw.get("meta")
    places = (raw.get("tags"), data.get("tags"), meta.get("tags") if isinstance(meta, dict) else None)
    found = next((place for place in places if place and isinstance(place, str | list)), [])
    listed: Iterable[Any] = [found] if isinstance(found, str) else found
    names = (item.get("name") or item.get("title") if isinstance(item, dict) else item for item in listed)
    return tuple(str(name) for name in names if name)


def _username(raw: dict[str, Any]) -> str:
    user = raw.get("created_username") or raw.get("completed_by") or raw.get("created_by") or ""
    if isinstance(user, dict):
        user = user.get("username") or user.get("email") or user.get("id") or ""
    return str(user)


def _review(raw: dict[str, Any]) -> Review | None:
    """The last review decides; exports name it in three ways."""
    for review in reversed(_list(raw.get("reviews"), "the reviews of a completion")):
        if isinstance(review, dict) and isinstance(review.get("accepted"), bool):
            return "accepted" if review["accepted"] else "rejected"
    status = str(raw.get("review_status") or "").lower()
    if status in {"accepted", "approved", "reviewed"}:
        return "accepted"
    if status == "rejected":
        return "rejected"
    return "accepted" if raw.get("reviewed") is True else None


def _whole(value: Any, what: str) -> int:
    """Returns a whole number of at most 64 bits, which exports also write as ``"12"`` or ``12.0``."""
    if isinstance(value, str) and value.strip().lstrip("-").isdecimal() and len(value) < 21:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise ValueError(
            f"{what} is missing" if value is None else f"{what} is {str(value)[:40]!r}, not a whole number"
        )
    return value


def _list(value: Any, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"{what} should be a list, found {type(value).__name__}")
    return value


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{what} is missing" if value is None else f"{what} is no object but {type(value).__name__}")
    return value
