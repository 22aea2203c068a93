"""Which classifier trains, and what the chosen completions teach it."""

from __future__ import annotations

from typing import Any

import pytest

from genlab_widgets.errors import WrongParameters
from genlab_widgets.projects.labeling_config import LabelingConfig
from genlab_widgets.projects.selection import Reason, Selected
from genlab_widgets.projects.tasks import Choice, Completion, Task
from genlab_widgets.training.benchmark import evaluate
from genlab_widgets.training.dataset import Example, Span
from genlab_widgets.training.kinds import kind_of
from genlab_widgets.training.spec import TrainingSpec

CLASSIFICATION = kind_of("classification")


def choices(name: str, values: str, **attributes: str) -> str:
    told = "".join(f' {key}="{value}"' for key, value in {**({"name": name} if name else {}), **attributes}.items())
    return f'<Choices toName="text"{told}>' + "".join(f'<Choice value="{v}"/>' for v in values.split()) + "</Choices>"


def config(*controls: str) -> LabelingConfig:
    return LabelingConfig.parse(f'<View><Text name="text" value="$text"/>{"".join(controls)}</View>')


def answered(number: int, *values: str, name: str = "age", text: str | None = None) -> Selected:
    ticked = (Choice(name, values),) if values else ()
    completion = Completion(number, "ann", "2026-01-01", "2026-01-01", choices=ticked)
    return Selected(Task(number, f"text {number}" if text is None else text), completion, Reason.PRIORITY, None)


AGE, GENDER = choices("age", "child adult aged"), choices("gender", "female male")
SMOKING = choices("smoking", "smoker past never", choice="multiple")


def complete(made: LabelingConfig, **fields: Any) -> TrainingSpec:
    return CLASSIFICATION.complete(TrainingSpec(project="p", kind="classification", **fields), made)


def test_the_first_name_in_alphabetical_order_trains() -> None:
    assert complete(config(SMOKING, GENDER, AGE)).classifier == "age"


def test_train_true_chooses_another_one() -> None:
    made = config(AGE, choices("gender", "female male", train="true"), SMOKING)
    assert complete(made).classifier == "gender"
    assert complete(made, classifier="smoking").classifier == "smoking"  # the user's word counts more


def test_two_that_say_train_are_an_error_with_their_lines() -> None:
    made = config("\n", choices("b", "x y", train="true"), "\n", choices("a", "x y", train="true"))
    with pytest.raises(WrongParameters, match=r"b \(line 2\) and a \(line 3\)"):
        complete(made)


def test_choices_without_a_name_cannot_train() -> None:
    with pytest.raises(WrongParameters, match="no name"):
        complete(config(choices("", "x y")))
    with pytest.raises(WrongParameters, match="has no Choices"):
        complete(config())
    with pytest.raises(WrongParameters, match="age, gender"):
        complete(config(AGE, GENDER), classifier="size")


def test_single_choice_takes_tasks_with_exactly_one_class() -> None:
    made = config(AGE)
    usable = [
        answered(1, "child"),
        answered(2),
        answered(3, "child", "aged"),
        answered(4, "female", name="gender"),
        answered(5, "teenager"),
        answered(6, "adult", text="  "),
    ]
    drawn = CLASSIFICATION.draw(usable, complete(made), made)
    assert drawn.examples == {1: Example(1, "text 1", (Span(0, 6, "child"),))}
    found = {finding.code: finding for finding in drawn.findings}
    assert found["no_choice"].task_ids == (2, 4, 5)
    assert found["several_choices"].task_ids == (3,)
    assert found["label_unknown"].label == "teenager"
    assert found["no_text"].task_ids == (6,)
    assert found["one_class"].level == "fail"
    assert all(finding.message.endswith(".") for finding in drawn.findings)


def test_multiple_choice_takes_tasks_without_a_class_too() -> None:
    made = config(SMOKING)
    usable = [answered(1, "smoker", "past", name="smoking"), answered(2, name="smoking")]
    drawn = CLASSIFICATION.draw(usable, complete(made), made)
    assert {span.label for span in drawn.examples[1].spans} == {"smoker", "past"}
    assert drawn.examples[2].spans == ()
    assert drawn.findings == []


def test_a_class_left_out_takes_its_tasks_with_it() -> None:
    made = config(AGE)
    spec = complete(made, leave_out_labels=("aged",))
    assert CLASSIFICATION.labels(spec, made) == ("child", "adult")
    assert list(CLASSIFICATION.draw([answered(1, "aged"), answered(2, "child")], spec, made).examples) == [2]


def texts(*classes: str) -> list[Example]:
    return [
        Example(number, f"text {number}", tuple(Span(0, 6, value) for value in found.split()))
        for number, found in enumerate(classes)
    ]


def test_the_baseline_gives_what_most_texts_have() -> None:
    found = CLASSIFICATION.baseline(texts("a", "b", "b", ""), texts("a", ""), 1)
    assert [[span.label for span in item.spans] for item in found] == [["b"], ["b"]]
    several = CLASSIFICATION.baseline(texts("a b", "a b", "c"), texts("c"), 1)
    assert {span.label for span in several[0].spans} == {"a", "b"}


def test_scores_of_single_choices_are_accuracy() -> None:
    gold, given = texts("a", "a", "b", "b"), texts("a", "b", "b", "b")
    found = evaluate(CLASSIFICATION, gold, given, ("a", "b", "c"))
    assert (found.accuracy, found.f1) == (0.75, 0.75)
    assert found.confusion.counts[0][:2] == [1, 1]
    assert found.token is None
    assert [error.kind for error in found.errors] == ["wrong_label"]


def test_scores_of_multiple_choices_count_each_class() -> None:
    gold, given = texts("a b", "", "c"), texts("a", "c", "c")
    found = evaluate(CLASSIFICATION, gold, given, ("a", "b", "c"))
    assert found.f1 == pytest.approx(2 * 2 / (3 + 3))
    assert found.accuracy == pytest.approx(1 / 3)  # exactly right: the last one only
    assert found.error_counts == {"missed": 1, "spurious": 1}


def test_a_long_text_is_quoted_in_part() -> None:
    gold = [Example(1, "word " * 500, (Span(0, 2500, "a"),))]
    found = evaluate(CLASSIFICATION, gold, [Example(1, gold[0].text, ())], ("a",))
    assert len(found.errors[0].text) < 500


def test_alphabetical_order_does_not_look_at_case() -> None:
    assert complete(config(choices("Zeta", "x y"), choices("age", "x y"))).classifier == "age"


REGIONAL = choices("about", "sure unsure", perRegion="true", train="true")


def test_choices_about_each_region_are_no_classifier() -> None:
    made = config(REGIONAL, GENDER)
    assert made.kinds() == ("classification",)
    assert complete(made).classifier == "gender"
    with pytest.raises(WrongParameters, match="is asked for each region"):
        complete(made, classifier="about")
    assert config(REGIONAL).kinds() == ()
    with pytest.raises(WrongParameters, match="asked for each region"):
        complete(config(REGIONAL))
    assert [item.message.split(":")[0] for item in made.lint()] == ["about is asked for each region (perRegion)"]


def test_of_several_choices_unknown_ones_alone_do_not_mean_none() -> None:
    made = config(SMOKING)
    tasks = [answered(1, "smoker", name="smoking"), answered(2, "used to", name="smoking"), answered(3)]
    drawn = CLASSIFICATION.draw(tasks, complete(made), made)
    assert {number: len(example.spans) for number, example in drawn.examples.items()} == {1: 1, 3: 0}
    assert [finding.task_ids for finding in drawn.findings if finding.code == "no_choice"] == [(2,)]
