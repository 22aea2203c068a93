"""Where something stands: a progress bar, and how ready a project's tasks are."""

from __future__ import annotations

import traitlets

from genlab_widgets.widgets.parts.part import Part, script


class Progress(Part):
    """A progress bar that screen readers can read.

    Attributes:
        fraction: Done, 0 to 1; below 0 while it is not known.
        status: Spoken when it changes, so set it rarely (a new epoch, a new step).
        detail: Shown and not spoken (time left).
    """

    _esm = script("progress")
    label = traitlets.Unicode("Progress").tag(sync=True)
    fraction = traitlets.Float(-1.0).tag(sync=True)
    status = traitlets.Unicode().tag(sync=True)
    detail = traitlets.Unicode().tag(sync=True)


class ReadinessView(Part):
    """Counts by reason, a bar a label, and the findings.

    Attributes:
        reasons: ``{sentence, count, trains, tasks: [{id, title}]}`` each.
        labels: ``{label, total, grade, more, colour, tasks, left_out}`` each, in the config's order.
        findings: ``{level, message, next_step}`` each, blocking ones first.
        expanded: Whether the reasons are shown.
        shown: The label whose tasks are listed, or empty.
    """

    _esm = script("readiness")
    busy = traitlets.Bool(False).tag(sync=True)
    headline = traitlets.Unicode().tag(sync=True)
    reasons = traitlets.List().tag(sync=True)
    labels = traitlets.List().tag(sync=True)
    findings = traitlets.List().tag(sync=True)
    expanded = traitlets.Bool(False).tag(sync=True)
    shown = traitlets.Unicode().tag(sync=True)
    can_leave_out = traitlets.Bool(True).tag(sync=True)
