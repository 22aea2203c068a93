"""Which entities teach a status, and how statuses are scored."""

from __future__ import annotations

import pytest

from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.selection import Reason, Selected
from genlab_widgets.projects.tasks import Completion, Region, Task
from genlab_widgets.training.benchmark import evaluate
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.spec import TrainingSpec

ASSERTION = kind_of("assertion")
CONFIG = LabelingConfig.parse(
    """<View><Labels name="label" toName="text">
    <Label value="PROBLEM"/><Label value="DRUG"/>
    <Label value="present" assertion="true"/><Label value="absent" assertion="true"/>
    </Labels><Text name="text" value="$text"/></View>"""
)
SPEC = TrainingSpec(project="p", kind="assertion")
TEXT = "No fever, but cough and chills."


def marked(number: int, *regions: tuple[int, int, str]) -> Selected:
    found = tuple(Region(f"r{n}", "label", start, end, "", (label,)) for n, (start, end, label) in enumerate(regions))
    completion = Completion(number, "ann", "2026-01-01", "2026-01-01", regions=found)
    return Selected(Task(number, TEXT), completion, Reason.PRIORITY, None)


def test_only_labels_marked_as_assertion_are_learned() -> None:
    assert ASSERTION.labels(SPEC, CONFIG) == ("present", "absent")
    left_out = SPEC.model_copy(update={"leave_out_labels": ("absent",)})
    assert ASSERTION.labels(left_out, CONFIG) == ("present",)


def test_status_and_entity_pair_by_equal_span() -> None:
    entry = marked(
        1, (3, 8, "PROBLEM"), (3, 8, "absent"), (14, 19, "PROBLEM"), (24, 30, "PROBLEM"), (14, 19, "present")
    )
    drawn = ASSERTION.draw([entry], SPEC, CONFIG)
    assert drawn.examples == {1: Example(1, TEXT, (Span(3, 8, "absent"), Span(14, 19, "present")))}
    assert drawn.findings == []


def test_what_does_not_pair_is_told_and_does_not_train() -> None:
    entries = [
        marked(1, (3, 8, "absent")),  # no entity there
        marked(2, (3, 8, "PROBLEM"), (3, 7, "absent")),  # other bounds
        marked(3, (3, 8, "PROBLEM"), (3, 8, "absent"), (3, 8, "present")),  # two statuses
        marked(4, (3, 8, "PROBLEM")),  # no status
    ]
    drawn = ASSERTION.draw(entries, SPEC, CONFIG)
    assert drawn.examples == {}
    found = {finding.code: finding for finding in drawn.findings}
    assert found["assertion_alone"].task_ids == (1, 2)
    assert found["assertion_unclear"].task_ids == (3,)
    assert found["assertion_alone"].message == "2 tasks have a status on a span that is no entity; it does not train."


def test_regions_outside_the_text_do_not_train_and_are_told() -> None:
    entries = [
        marked(1, (9, 99, "PROBLEM"), (9, 99, "absent"), (14, 19, "PROBLEM"), (14, 19, "present")),
        marked(2, (-5, 8, "PROBLEM"), (-5, 8, "absent")),
        marked(3, (2, 3, "PROBLEM"), (2, 3, "absent")),  # a blank
    ]
    drawn = ASSERTION.draw(entries, SPEC, CONFIG)
    assert drawn.examples == {1: Example(1, TEXT, (Span(14, 19, "present"),))}
    (found,) = drawn.findings
    assert (found.level, found.code, found.task_ids) == ("warn", "region_outside_text", (1, 2, 3))
    assert found.message == "3 tasks have a region outside the text or on blanks only; it does not train."


def test_blanks_at_the_edges_of_a_region_do_not_part_entity_and_status() -> None:
    drawn = ASSERTION.draw([marked(1, (2, 8, "PROBLEM"), (3, 8, "absent"))], SPEC, CONFIG)
    assert drawn.examples == {1: Example(1, TEXT, (Span(3, 8, "absent"),))}
    assert drawn.findings == []


def statuses(*found: str) -> list[Example]:
    return [Example(n, TEXT, (Span(3, 8, one.split()[0]), Span(14, 19, one.split()[1]))) for n, one in enumerate(found)]


def test_the_headline_is_the_mean_over_the_labels() -> None:
    gold = statuses("absent present", "absent present", "present present")
    given = statuses("absent present", "present present", "present present")
    found = evaluate(ASSERTION, gold, given, ("present", "absent"))
    assert found.accuracy == pytest.approx(5 / 6)
    present, absent = 2 * 4 / (5 + 4), 2 * 1 / (1 + 2)
    assert found.f1 == pytest.approx((present + absent) / 2)
    assert found.f1_interval.low <= found.f1 <= found.f1_interval.high
    assert found.headline.f1 == found.f1


def test_the_baseline_gives_every_entity_the_most_frequent_status() -> None:
    gold = statuses("absent present", "present present")
    found = ASSERTION.baseline(gold, gold, 1)
    assert [[span.label for span in item.spans] for item in found] == [["present", "present"]] * 2
