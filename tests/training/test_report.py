"""What a run's notebook shows: escaped, complete, and the same as text."""

from __future__ import annotations

from collections import Counter

from genlab_widgets.training import report
from genlab_widgets.training.benchmark import evaluate_entities
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.readiness import Finding, LabelCount, Readiness

HOSTILE = '<img src=x onerror="alert(1)">'
TEXT = f"Ann took {HOSTILE} today and Bob did not."


def benchmark_of_hostile_labels() -> object:
    gold = [Example(1, TEXT, (Span(0, 3, HOSTILE), Span(9, 9 + len(HOSTILE), "DRUG")))]
    predicted = [Example(1, TEXT, (Span(0, 3, "DRUG"),))]
    return evaluate_entities(gold, predicted, [HOSTILE, "DRUG"])


def test_nothing_foreign_becomes_markup() -> None:
    found = benchmark_of_hostile_labels()
    views = [
        report.benchmark(found),  # type: ignore[arg-type]
        report.errors(found.errors),  # type: ignore[attr-defined]
        report.mapping({HOSTILE: HOSTILE}),
        report.sentences([HOSTILE]),
        report.heading(HOSTILE),
        report.readiness(
            Readiness(
                [Finding("warn", "x", HOSTILE, HOSTILE)], Counter({HOSTILE: 1}), [LabelCount(HOSTILE, 1, 1, "ok")]
            )
        ),
    ]
    for view in views:
        markup = view._repr_html_()
        assert "<img" not in markup
        assert "&lt;img" in markup


def test_the_benchmark_names_every_label_the_baseline_and_the_interval() -> None:
    gold = [Example(number, "take aspirin now", (Span(5, 12, "DRUG"),)) for number in range(4)]
    found = evaluate_entities(gold, gold[:3], ["DRUG", "DOSE"])
    text = repr(report.benchmark(found, found))
    for word in ("DRUG", "DOSE", "all labels, baseline (CRF)", "95 % interval", "On tokens"):
        assert word in text
    row = next(line for line in text.splitlines() if line.startswith("DRUG"))
    assert row.split() == ["DRUG", "1.000", "0.750", "0.857", "0.857", "4", "3", "3"]


def test_errors_show_both_sides_in_their_context() -> None:
    text = repr(report.errors(benchmark_of_hostile_labels().errors))  # type: ignore[attr-defined]
    assert "wrong label" in text
    assert "missed" in text
    assert "[Ann]" in text
    assert "predicted: DRUG: Ann" not in text
    assert "; DRUG: Ann)" in text


def test_confusion_as_text_has_a_row_for_each_label_and_one_for_nothing() -> None:
    gold = [Example(1, "take aspirin now", (Span(5, 12, "DRUG"),))]
    lines = report.confusion_text(evaluate_entities(gold, [], ["DRUG"])).splitlines()
    assert lines[0].split() == ["gold", "\\", "predicted", "DRUG", "O"]
    assert [line.split() for line in lines[1:]] == [["DRUG", "0", "1"], ["O", "0", "0"]]


def test_cells_are_readable() -> None:
    text = repr(
        report.table(("name", "value"), [("a", 1234567), ("b", 0.12345), ("c", None), ("d", True), ("e", [1, 2])])
    )
    assert [line.split(maxsplit=1)[-1] for line in text.splitlines()[1:]] == ["1,234,567", "0.123", "c", "yes", "1, 2"]
