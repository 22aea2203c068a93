"""How a run's notebook shows its parts: escaped HTML tables for light and dark themes, and the same as text."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genlab_widgets.training.readiness import Readiness
    from genlab_widgets.training.runfolder import Candidate
    from genlab_widgets.training.scores import Benchmark, ErrorExample, LabelScore, Score

_MARK = 'style="background:{colour}33;border-bottom:2px solid {colour};padding:0 2px"'
_MISSED, _WRONG = "#d6453d", "#e07b00"
_KINDS = {
    "missed": "missed",
    "spurious": "marked, nothing there",
    "wrong_label": "wrong label",
    "wrong_bounds": "wrong borders",
}


class View:
    """A piece of a notebook: HTML where it can be shown, plain text elsewhere."""

    def __init__(self, markup: str, text: str) -> None:
        self._markup = markup
        self._text = text

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        return self._markup

    def __add__(self, other: View) -> View:
        return View(self._markup + other._markup, f"{self._text}\n\n{other._text}")


def heading(text: str) -> View:
    """Returns a small heading."""
    return View(f"<h4>{html.escape(text)}</h4>", text)


def sentences(lines: Iterable[str]) -> View:
    """Returns a paragraph for each line."""
    shown = list(lines)
    return View("".join(f"<p>{html.escape(line)}</p>" for line in shown), "\n".join(shown))


def table(heads: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> View:
    """Returns a table; numbers and their heads stand flush right, fractions with three decimals.

    Args:
        heads: Column heads; the first column names the row.
        rows: Cells; None is an empty cell, a :class:`View` stays as it is.
        caption: What the table shows.
    """
    lines = [list(row) for row in rows]
    title = f"<caption style='text-align:left'>{html.escape(caption)}</caption>" if caption else ""
    numeric = [any(isinstance(row[i], int | float) for row in lines) for i in range(len(heads))]
    head = "".join(
        f"<th scope='col' style='text-align:{'right' if i and numeric[i] else 'left'}'>{html.escape(name)}</th>"
        for i, name in enumerate(heads)
    )
    body = "".join("<tr>" + "".join(_cell(cell, first=not i) for i, cell in enumerate(row)) + "</tr>" for row in lines)
    markup = f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return View(f'<div style="overflow-x:auto">{markup}</div>', _as_text(heads, lines, caption))


def mapping(values: Mapping[str, object], caption: str = "") -> View:
    """Returns names and values, one a row."""
    return table(("", ""), list(values.items()), caption)


def readiness(found: Readiness) -> View:
    """Returns what is known before the training: tasks by reason, labels, findings."""
    tasks = table(
        ("tasks", "count"),
        [(str(getattr(reason, "sentence", reason)), count) for reason, count in found.selection.most_common()],
        "Which tasks train",
    )
    labels = table(
        ("label", "train", "test", "examples", "grade"),
        [(item.label, item.train, item.test, item.total, item.grade) for item in found.labels],
        "Examples of each label",
    )
    notes = table(
        ("finding", "level"),
        [(f"{finding.message} {finding.next_step}".strip(), finding.level) for finding in found.findings],
        "Findings",
    )
    return tasks + labels + notes


def benchmark(found: Benchmark, baseline: Benchmark | None = None, baseline_title: str = "CRF") -> View:
    """Returns the scores of each label, over all labels, on tokens where bounds matter, and of the baseline.

    Of pages the words are scored, and whole regions beside them.
    """
    rows = [_score_row(item.label, found.counted(item), _beside(found, item)) for item in found.by_label]
    rows.append(_score_row("all labels", found.resampled, _beside(found)))
    if baseline is not None:
        name = f"all labels, baseline ({baseline_title})"
        rows.append(_score_row(name, baseline.resampled, _beside(baseline)))
    beside: tuple[str, ...] = ()
    caption = ""
    if found.words is not None:
        beside, caption = (
            ("F1 of regions",),
            "Of words: the label agrees. Of regions: all their words and the label agree.",
        )
    elif found.token is not None:
        beside = ("F1 partial",)
        caption = "Exact: borders and label agree. Partial: the label agrees and the borders overlap."
    heads = ("label", "precision", "recall", "F1", *beside, "support", "found", "right")
    return table(heads, rows, caption) + sentences(_overall(found))


def _overall(found: Benchmark) -> list[str]:
    interval, token = found.f1_interval, found.token
    headline = "F1" if found.average == "micro" else "Macro F1"
    other = f"Macro F1 {found.exact.macro.f1:.3f}" if found.average == "micro" else f"F1 {found.exact.micro.f1:.3f}"
    if found.words is not None:
        regions = found.exact.micro
        headline = "F1 of words"
        other = f"Whole regions: precision {regions.precision:.3f}, recall {regions.recall:.3f}, F1 {regions.f1:.3f}"
    lines = [
        f"{headline} {found.f1:.3f}, 95 % interval {interval.low:.3f} to {interval.high:.3f} (bootstrap over "
        f"{len(found.documents):,} test tasks). {other}."
    ]
    if token is not None:
        lines.append(
            f"On tokens, as Spark NLP logs it: precision {token.micro.precision:.3f}, recall {token.micro.recall:.3f}, "
            f"F1 {token.micro.f1:.3f}, macro F1 {token.macro.f1:.3f}, accuracy {token.accuracy:.3f}."
        )
    elif found.accuracy is not None:
        lines.append(f"Accuracy {found.accuracy:.3f}.")
    return lines


def candidates(race: Sequence[Candidate]) -> View:
    """Returns what was compared on a part of the training tasks, and what was taken."""
    rows = [(item.title, item.f1, item.seconds, "taken" if item.chosen else "", item.note) for item in race]
    return table(("candidate", "F1", "seconds", "", "note"), rows, "Compared on a part of the training tasks.")


def errors(examples: Sequence[ErrorExample], most: int = 30) -> View:
    """Returns errors in their context, the frequent kinds first; gold is underlined red, predicted orange."""
    rows = []
    for item in examples[:most]:
        labels = " taken for ".join(label for label in (item.gold_label, item.predicted_label) if label)
        rows.append((f"{_KINDS[item.kind]}: {labels} ({item.times}x)", _in_context(item), item.task_id))
    return table(("error", "text", "task"), rows, "Errors worth reading: often the annotation needs a second look.")


def confusion_text(found: Benchmark) -> str:
    """Returns the confusion matrix as text for the log: gold labels in rows, predicted ones in columns."""
    names = found.confusion.labels
    rows = [(name, *counts) for name, counts in zip(names, found.confusion.counts, strict=True)]
    return _as_text(("gold \\ predicted", *names), [list(row) for row in rows], "")


def _beside(found: Benchmark, label: LabelScore | None = None) -> tuple[float, ...]:
    """Returns the F1 that stands beside the headline's: of whole regions on pages, of partial spans in texts."""
    if found.words is not None:
        return ((label.exact if label else found.exact.micro).f1,)
    return ((label.partial if label else found.partial.micro).f1,) if found.token is not None else ()


def _score_row(name: str, score: Score, beside: tuple[float, ...]) -> tuple[object, ...]:
    return (name, score.precision, score.recall, score.f1, *beside, score.support, score.predicted, score.correct)


def _in_context(item: ErrorExample) -> View:
    gold = f"{item.gold_label}: {item.gold_text}" if item.gold_label else "nothing"
    predicted = f"{item.predicted_label}: {item.predicted_text}" if item.predicted_label else "nothing"
    colour = _MISSED if item.gold_label else _WRONG
    marked = f"<span {_MARK.format(colour=colour)}>{html.escape(item.text)}</span>"
    said = f"gold: {html.escape(gold)} &middot; predicted: {html.escape(predicted)}"
    context = f"&hellip;{html.escape(item.before)}{marked}{html.escape(item.after)}&hellip;"
    return View(
        f"{context}<br><small>{said}</small>", f"...{item.before}[{item.text}]{item.after}... ({gold}; {predicted})"
    )


def _cell(value: object, first: bool) -> str:
    if isinstance(value, View):
        return f"<td style='text-align:left;white-space:normal'>{value._repr_html_()}</td>"
    tag = "th scope='row'" if first else "td"
    align = "left" if first or not isinstance(value, int | float) else "right"
    style = f"text-align:{align};font-variant-numeric:tabular-nums;white-space:normal"
    return f"<{tag} style='{style}'>{html.escape(_plain(value))}</{tag.split()[0]}>"


def _plain(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if 0 <= value <= 1 else f"{value:,.1f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return repr(value) if isinstance(value, View) else str(value)


def _as_text(heads: Sequence[str], rows: Sequence[Sequence[object]], caption: str) -> str:
    lines = [list(heads), *[[_plain(cell) for cell in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    texts = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([caption, *texts] if caption else texts)
