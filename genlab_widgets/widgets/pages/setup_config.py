"""The labeling config as text: edited, checked and previewed while one types, saved after a look at the difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

import ipywidgets

from genlab_widgets.errors import BadLabelingConfig, Conflict, GenlabError
from genlab_widgets.projects.config_editing import as_text, from_text
from genlab_widgets.projects.labeling_config import LabelingConfig, LintFinding, difference
from genlab_widgets.projects.selection import choose
from genlab_widgets.widgets.pages.colours import label_colours
from genlab_widgets.widgets.pages.deploy import diff_markup
from genlab_widgets.widgets.pages.page import card, row, show, stack, text
from genlab_widgets.widgets.pages.wording import plural
from genlab_widgets.widgets.parts import h
from genlab_widgets.widgets.parts.editor import Editor, Findings
from genlab_widgets.widgets.parts.preview import Preview, Sample

if TYPE_CHECKING:
    from genlab_widgets.widgets.pages.setup import SetupPage
    from genlab_widgets.workspace import Workspace

SAMPLES = 20
"""Tasks that the preview can show."""
LOOKED_AT = 500
"""Tasks that are read to find them."""


class Draft(NamedTuple):
    """A config under edit: what the editor holds, and the bytes that it began with."""

    base: bytes
    text: str


_DRAFTS: WeakKeyDictionary[Workspace, dict[Path, Draft]] = WeakKeyDictionary()
"""Unsaved edits by project, so that a look at another page of the app loses none; nothing is stored."""


class ConfigPanel(ipywidgets.Box):
    """Editor on the left, preview on the right, Save below.

    Args:
        page: The page that it belongs to.
        changed: Called when the config under edit reads differently.
    """

    def __init__(self, page: SetupPage, changed: Callable[[], None]) -> None:
        super().__init__()
        self.add_class("genlab-stack")
        self._page, self._changed = page, changed
        self.project = page.project
        self.base = b""
        self.config: LabelingConfig | None = None
        self.problems: list[LintFinding] = []
        self._broken = False
        self._asked: bytes | None = None
        self._elsewhere: bytes | None = None
        self._samples: list[Sample] = []
        self._sample = 0
        self.editor = Editor(label="Labeling config")
        self.editor.on_edit(page.guarded(self.draw))
        self.findings = Findings()
        self.findings.on("go", page.guarded(lambda line, column: self.editor.go_to(int(line), int(column))))
        self.preview = text(style="genlab-previewbox")
        self.about_sample = text()
        self.next_sample = page.button("Another task", self._next_sample)
        self.state = text(style="genlab-savestate")
        self.save = page.button("Save \u2026", self.ask, style="primary")
        self.revert = page.button("Revert", self._revert)
        self.question = text()
        self.confirm = page.button("Save the labeling config", self.store, "Saving \u2026", "primary")
        self.cancel = page.button("Cancel", self._close_panel)
        self.panel = stack(self.question, row(self.confirm, self.cancel), style="genlab-panel")
        self.told = text()
        self.take = page.button("Take theirs", self._take_theirs)
        self.keep = page.button("Keep my edits", self._keep_mine, style="primary")
        self.clash = stack(self.told, row(self.keep, self.take), style="genlab-panel")
        left = stack(self.editor)
        right = stack(
            row(text(h("h2", "Interface Preview")), row(self.about_sample, self.next_sample), style="genlab-between"),
            self.findings,
            self.preview,
        )
        halves = ipywidgets.Box((left, right))
        halves.add_class("genlab-halves")
        self.children = (
            card(halves, self.clash, self.panel, row(self.state, row(self.revert, self.save), style="genlab-between")),
        )
        show(self.panel, False)
        show(self.clash, False)

    def _close_panel(self) -> None:
        show(self.panel, False)

    @property
    def unsaved(self) -> bool:
        """Whether the editor holds something else than the stored config."""
        return bool(self.editor.text != as_text(self.base))

    @property
    def errors(self) -> list[LintFinding]:
        """What blocks saving."""
        return [finding for finding in self.problems if finding.severity == "error"]

    def begin(self) -> None:
        """Shows the stored config, or the edits that were left unsaved in this session."""
        stored = self.project.config_source
        draft = self._drafts().get(self.project.folder) or Draft(stored, as_text(stored))
        self.base = draft.base
        self.editor.put(draft.text)
        self._samples = self._page.attempt(self._find_samples) or []
        self.draw()
        self.look()
        if self.unsaved:
            self._page.banner.say("Your unsaved changes of the labeling config are back.", "They are not stored yet.")

    def source(self) -> bytes:
        """Returns the config under edit as it would be stored."""
        return from_text(self.editor.text, self.base)

    def replace(self, config: LabelingConfig) -> None:
        """Puts a changed config into the editor; it is stored with Save only."""
        self.editor.put(as_text(config.source))
        self.draw()

    def readable(self) -> LabelingConfig:
        """Returns the config under edit.

        Raises:
            BadLabelingConfig: It cannot be read.
        """
        return LabelingConfig.parse(self.source())

    def draw(self) -> None:
        """Checks and previews what the editor holds."""
        show(self.panel, False)
        source = self.source()
        self.problems = self.project.lint(source)
        try:
            self.config = LabelingConfig.parse(source)
            self._broken = False
        except BadLabelingConfig:
            self._broken = True  # the preview keeps what could be read last
        found = [_item(finding) for finding in self.problems]
        self.editor.marks = found
        with self.findings.hold_sync():
            self.findings.items = found
            self.findings.headline, self.findings.tone = self._headline()
        self._draw_preview()
        self._draw_state()
        self._remember()
        if not self._broken:
            self._changed()

    def ask(self) -> None:
        """Opens the question with the difference that saving makes."""
        if self._blocked():
            return
        self._asked = self.source()
        diff = difference(self.base, self._asked)
        self.question.value = h(
            "div",
            h("p", h("strong", f"Saving changes the labeling config of {self.project.name}.")),
            h(
                "p",
                "Nothing is stored yet. Lines with \u2212 go, lines with + come; all others stay as they are.",
                class_="genlab-hint",
            ),
            diff_markup(diff),
        )
        show(self.panel, True)

    def store(self) -> None:
        """Stores what the editor holds.

        Raises:
            GenlabError: See :meth:`genlab_widgets.workspace.Project.save_labeling_config`; the edits stay here.
        """
        source = self.source()
        if self._blocked() or source != self._asked:
            return  # typed since the difference was shown
        show(self.panel, False)
        try:
            self.project.save_labeling_config(source, self.base)
        except Conflict:
            self.look()
            raise
        self.base = source
        self.draw()
        self._page.banner.say(
            "The labeling config was saved.", "The one before it is kept in the project's config_history."
        )

    def look(self) -> None:
        """Notices that the stored config is another one than the edits began with."""
        stored = self.project.config_source
        if stored == self.base:
            self._elsewhere = None
            show(self.clash, False)
        elif not self.unsaved:
            self._adopt(stored)
            self._page.banner.say("The labeling config was changed elsewhere; this is the new one.")
        elif stored != self._elsewhere:
            self._elsewhere = stored
            self.told.value = h(
                "div",
                h("p", h("strong", "The labeling config was changed elsewhere while you edited it.")),
                h("p", "This changed there; your edits are still in the editor.", class_="genlab-hint"),
                diff_markup(difference(self.base, stored)),
            )
            show(self.panel, False)
            show(self.clash, True)
            self._draw_state()

    def _close_question(self) -> None:
        show(self.panel, False)

    def _blocked(self) -> bool:
        return bool(not self.unsaved or self.errors or self._elsewhere or not self._page.may_change)

    def _draw_state(self) -> None:
        errors = len(self.errors)
        self.save.disabled = self._blocked()
        self.revert.disabled = not self.unsaved
        self.editor.unsaved = self.unsaved
        if errors:
            first = self.errors[0].line
            where = f"line {first}" if errors == 1 else f"the first in line {first}"
            told, tone = f"Cannot be saved: {plural(errors, 'error')}, {where}. Correct it first.", "genlab-error"
        elif self._elsewhere is not None:
            told, tone = "Cannot be saved: the config was changed elsewhere. Decide above.", "genlab-error"
        elif self.unsaved and not self._page.may_change:
            told, tone = "Cannot be saved: your role in this project does not allow it.", "genlab-error"
        elif self.unsaved:
            told, tone = "Unsaved changes. Annotators see them after Save.", ""
        else:
            told, tone = "All changes are saved.", "genlab-quiet"
        self.state.value = h("p", told, class_=tone or None, role="status")

    def _headline(self) -> tuple[str, str]:
        errors = len(self.errors)
        notes = len(self.problems) - errors
        if self._broken:
            return "The config cannot be read. The preview shows what could be read last.", "fail"
        if errors:
            return f"{plural(errors, 'error')} to correct before it can be saved.", "fail"
        return (f"{plural(notes, 'note')}, no error.", "warn") if notes else ("No error found.", "ok")

    def _draw_preview(self) -> None:
        (self.preview.add_class if self._broken else self.preview.remove_class)("genlab-stale")
        show(self.next_sample, len(self._samples) > 1)
        sample = self._samples[self._sample % len(self._samples)] if self._samples else None
        self.about_sample.value = h("small", f"Task {sample.task.id}") if sample else ""
        if self.config is None:
            self.preview.value = h("p", "There is nothing to show yet.", class_="genlab-empty")
            return
        if sample is not None and "Image" in (item.tag for item in self.config.tree().iter()):
            sample = self._with_page(sample)
        assertions = frozenset(label.value for label in self.config.labels if label.assertion)
        drawn = Preview(label_colours(self.config), sample, assertions, self.preview.model_id or "preview")
        self.preview.value = drawn.draw(self.config.tree())

    def _with_page(self, sample: Sample) -> Sample:
        """Adds the picture of the first page and the boxes on it; a picture that cannot be read is left out."""
        try:
            picture = self.project.task_picture(sample.task)
        except GenlabError:
            picture = b""
        boxes = self.project.task_boxes(sample.task, sample.completion) if sample.completion else []
        return replace(sample, picture=picture, boxes=tuple(boxes))

    def _next_sample(self) -> None:
        self._sample += 1
        self._draw_preview()

    def _find_samples(self) -> list[Sample]:
        """Returns tasks with the answers that train, those with regions first; of other tasks the fullest answer."""
        key, members = self.project.labeling_config.text_key, self.project.members
        found = []
        for task in islice(self.project.stored.tasks(), LOOKED_AT):
            answers = [item for item in task.completions if item.submitted_at and not item.skipped]
            fullest = max(answers, key=lambda item: (len(item.regions), len(item.choices)), default=None)
            found.append(Sample(task, choose(task.completions, members)[0] or fullest, key))
        found.sort(key=lambda sample: sample.completion is None or not sample.completion.regions)
        return found[:SAMPLES]

    def _revert(self) -> None:
        self.editor.put(as_text(self.base))
        self.draw()

    def _adopt(self, stored: bytes) -> None:
        self._elsewhere = None
        show(self.clash, False)
        self.base = stored
        self.editor.put(as_text(stored))
        self.draw()

    def _take_theirs(self) -> None:
        self._adopt(self.project.config_source)

    def _keep_mine(self) -> None:
        """Lets the edits stand against what is stored now; the question before Save shows that difference."""
        self.base = self.project.config_source
        self._elsewhere = None
        show(self.clash, False)
        self.draw()

    def _drafts(self) -> dict[Path, Draft]:
        return _DRAFTS.setdefault(self.project.workspace, {})

    def _remember(self) -> None:
        if self.unsaved:
            self._drafts()[self.project.folder] = Draft(self.base, self.editor.text)
        else:
            self._drafts().pop(self.project.folder, None)


def _item(finding: LintFinding) -> dict[str, str | int]:
    return {
        "severity": finding.severity,
        "line": finding.line,
        "column": finding.column,
        "message": finding.message,
    }
