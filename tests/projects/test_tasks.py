from __future__ import annotations

from typing import Any

import pytest

from genlab_widgets.errors import BrokenTask
from genlab_widgets.projects.html_text import HtmlText
from genlab_widgets.projects.tasks import Choice, Completion, Region, TaskFormat, read_task

TEXT = "No fever today."


def region(
    start: Any = 3, end: Any = 8, text: Any = "fever", labels: Any = ("PROBLEM",), **more: Any
) -> dict[str, Any]:
    labels = list(labels) if isinstance(labels, tuple) else labels
    value = {"start": start, "end": end, "text": text, "labels": labels, **more}
    return {"id": "a1", "from_name": "label", "to_name": "text", "type": "labels", "value": value}


def completion(*result: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": 7001,
        "created_username": "amy",
        "created_ago": "2026-01-02T10:05:00Z",
        "lead_time": 12,
        "honeypot": False,
        "submitted_at": "2026-01-02T10:06:00",
        "result": list(result),
        **more,
    }


def task(*completions: Any, **more: Any) -> dict[str, Any]:
    return {"id": 7, "data": {"text": TEXT, "title": "n7"}, "completions": list(completions), **more}


def only(raw: dict[str, Any], form: TaskFormat | None = None) -> Completion:
    (found,) = read_task(raw, form).completions
    return found


def test_a_task_of_generative_ai_lab() -> None:
    choices = {"id": "c1", "from_name": "gender", "type": "choices", "value": {"choices": ["Female"], "confidence": 1}}
    relation = {"type": "relation", "from_id": "d1", "to_id": "a1", "direction": "right", "labels": ["is_date_of"]}
    raw = task(
        completion(region(), choices, relation, honeypot=True),
        tags=["Train"],
        created_by="amy",
        predictions=[{"id": 1}],
    )
    found = read_task(raw)
    assert (found.id, found.text, found.title, found.tags) == (7, TEXT, "n7", ("Train",))
    assert found.completions == (
        Completion(
            id=7001,
            username="amy",
            created_at="2026-01-02T10:05:00Z",
            submitted_at="2026-01-02T10:06:00",
            starred=True,
            regions=(Region("a1", "label", 3, 8, "fever", ("PROBLEM",)),),
            choices=(Choice("gender", ("Female",)),),
        ),
    )


def annotation(**more: Any) -> dict[str, Any]:
    raw = completion(region(), id=5, created_at="2026-01-02T10:05:00Z", **more)
    return {
        key: value
        for key, value in raw.items()
        if key not in {"created_username", "created_ago", "honeypot", "submitted_at"}
    }


def test_a_task_of_label_studio() -> None:
    raw = {
        "id": 3,
        "data": {"text": TEXT},
        "annotations": [
            annotation(completed_by={"id": 4, "email": "amy@x.test"}, ground_truth=True, drafts=[completion()])
        ],
        "drafts": [completion(region(labels=("WRONG",)))],
        "predictions": [completion(region(labels=("WRONG",)))],
        "inner_id": 1,
        "meta": {},
        "total_annotations": 1,
    }
    found = only(raw)
    assert (found.id, found.username, found.starred, found.skipped) == (5, "amy@x.test", True, False)
    assert found.submitted_at == "2026-01-02T10:05:00Z", "annotations are submitted; drafts stand elsewhere"
    assert [one.labels for one in found.regions] == [("PROBLEM",)]


@pytest.mark.parametrize(
    ("who", "name"),
    [
        ({"completed_by": 4}, "4"),
        ({"completed_by": {"id": 4}}, "4"),
        ({"completed_by": {"id": 4, "username": "amy", "email": "a@x"}}, "amy"),
        ({"created_by": "amy"}, "amy"),
        ({}, ""),
    ],
)
def test_who_annotated(who: dict[str, Any], name: str) -> None:
    assert only({"id": 3, "data": {"text": ""}, "annotations": [annotation(**who)]}).username == name


def test_an_annotation_without_any_date_is_submitted_and_a_cancelled_one_skipped() -> None:
    raw = annotation(was_cancelled=True)
    del raw["created_at"]
    found = only({"id": 3, "data": {"text": ""}, "annotations": [raw]})
    assert found.submitted_at
    assert found.skipped
    assert only(task(completion(skipped=True))).skipped


def test_empty_completions_do_not_hide_annotations() -> None:
    assert only({"id": 3, "data": {"text": ""}, "completions": [], "annotations": [annotation()]}).id == 5
    assert read_task({"id": 3, "data": {"text": ""}, "completions": None}).completions == ()
    assert read_task({"id": 3, "data": {}}).completions == ()


@pytest.mark.parametrize("submitted", [{}, {"submitted_at": None}, {"submitted_at": ""}])
def test_a_completion_that_was_not_submitted_is_a_draft(submitted: dict[str, Any]) -> None:
    raw = completion()
    del raw["submitted_at"]
    assert only(task({**raw, **submitted})).submitted_at is None


def test_what_was_updated_is_as_new_as_its_update() -> None:
    assert only(task(completion(updated_at="2026-03-03"))).created_at == "2026-03-03"


@pytest.mark.parametrize(
    ("marks", "review"),
    [
        ({"reviews": [{"accepted": True}]}, "accepted"),
        ({"reviews": [{"accepted": False}]}, "rejected"),
        ({"reviews": [{"accepted": True}, {"accepted": False}]}, "rejected"),
        ({"reviews": [{"accepted": False}, {"accepted": True}, {"comment": "hm"}]}, "accepted"),
        ({"reviews": [{"accepted": None}, "x"]}, None),
        ({"reviews": []}, None),
        ({"reviews": None}, None),
        ({"review_status": "Accepted"}, "accepted"),
        ({"review_status": "approved"}, "accepted"),
        ({"review_status": "REJECTED"}, "rejected"),
        ({"review_status": "pending"}, None),
        ({"reviewed": True}, "accepted"),
        ({"reviewed": False}, None),
        ({"reviews": [{"accepted": False}], "reviewed": True}, "rejected"),
    ],
)
def test_the_last_review_decides(marks: dict[str, Any], review: str | None) -> None:
    assert only(task(completion(**marks))).review == review


@pytest.mark.parametrize(
    ("places", "tags"),
    [
        ({"tags": ["Train", "x"]}, ("Train", "x")),
        ({"tags": "Train"}, ("Train",)),
        ({"tags": [{"name": "Test"}, {"title": "x"}, {}]}, ("Test", "x")),
        ({"data": {"text": TEXT, "tags": ["Test"]}}, ("Test",)),
        ({"meta": {"tags": ["Test"]}}, ("Test",)),
        ({"tags": [], "data": {"text": TEXT, "tags": []}, "meta": {"tags": ["Test"]}}, ("Test",)),
        ({"tags": ["Train"], "meta": {"tags": ["Test"]}}, ("Train",)),
        ({"tags": [None, ""]}, ()),
        ({"data": {"text": TEXT, "tags": 5}, "meta": ["x"]}, ()),
    ],
)
def test_tags_stand_in_three_places(places: dict[str, Any], tags: tuple[str, ...]) -> None:
    assert read_task(task(**places)).tags == tags


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "task",
        5,
        {},
        {"id": 7},
        {"id": 7, "data": []},
        {"data": {"text": TEXT}},
        task(id=None),
        task(id="seven"),
        task(id=1.5),
        task(id=True),
        task(id=2**63),
        task(id="9" * 5000),
        task(id=float("inf")),
        task(completions={"id": 1}),
        task(completions="x"),
        task(5),
        task(None),
        task(completion(id="x")),
        task(completion(result={"a": 1})),
        task(completion(result="[]")),
        task(completion(reviews=3)),
        task(completion({"value": [1]})),
        task(completion({"value": "x"})),
        task(completion(region(start="x"))),
        task(completion(region(start=1.5))),
        task(completion(region(end=1e400))),
        task(completion(region(end=[3]))),
        task(completion(region(labels={"a": 1}))),
        task(completion(region(globalOffsets=[1, 2]))),
    ],
)
def test_odd_shapes_are_broken_tasks(raw: Any) -> None:
    with pytest.raises(BrokenTask, match="cannot be read") as caught:
        read_task(raw, place=12)
    error = caught.value
    assert error.why.endswith(".")
    assert "Error" not in error.why
    known = isinstance(raw, dict) and raw.get("id") is not None
    assert error.details["task_id"] == (raw["id"] if known else None)
    assert ("place 12" in error.what) is not known


@pytest.mark.parametrize("number", ["7", " 7 ", 7.0, "-7"])
def test_ids_are_whole_numbers_in_any_writing(number: Any) -> None:
    assert abs(read_task(task(id=number)).id) == 7


def test_items_of_a_result_that_say_nothing_are_passed_over() -> None:
    odd = [{}, {"value": None}, {"value": {}}, {"type": "relation"}, region(labels=()), region(start=None), "x"]
    found = only(task({**completion(), "result": [*odd, region()]}))
    assert len(found.regions) == 1


def test_one_label_and_one_choice_may_stand_without_a_list() -> None:
    raw = task(completion(region(labels="PROBLEM"), {"from_name": "age", "value": {"choices": "Adult"}}))
    assert only(raw).regions[0].labels == ("PROBLEM",)
    assert only(raw).choices == (Choice("age", ("Adult",)),)


def test_choices_about_one_region_are_not_choices_of_the_task() -> None:
    inside = {"from_name": "certainty", "value": {"start": 3, "end": 8, "text": "fever", "choices": ["high"]}}
    assert only(task(completion(inside))).choices == ()


def test_aliases_stand_for_their_labels_and_choices() -> None:
    raw = task(completion(region(labels=("prob", "DRUG")), {"from_name": "age", "value": {"choices": ["ad"]}}))
    found = only(raw, TaskFormat(aliases={("label", "prob"): "PROBLEM", ("age", "ad"): "Adult"}))
    assert found.regions[0].labels == ("PROBLEM", "DRUG")
    assert found.choices[0].choices == ("Adult",)


def test_the_text_stands_under_the_key_of_the_config() -> None:
    raw = task(data={"note": TEXT, "text": "other"})
    assert read_task(raw, TaskFormat("note")).text == TEXT
    assert read_task(raw, TaskFormat("body")).text == ""
    assert read_task(task(data={"text": ["a", "b"]})).text == ""
    assert read_task(raw).data == raw["data"]


EMOJI = "Zoë 🙂🙂 took it: no fever today."


@pytest.mark.parametrize(("start", "end"), [(19, 24), (21, 26)])
def test_offsets_in_utf_16_units_are_told_by_the_text_of_the_span(start: int, end: int) -> None:
    """Nineteen code points, but twenty-one UTF-16 units, stand before the fever."""
    (found,) = only(task(completion(region(start, end)), data={"text": EMOJI})).regions
    assert (found.start, found.end) == (19, 24)
    assert EMOJI[found.start : found.end] == "fever"


@pytest.mark.parametrize(
    ("start", "end", "text"), [(20, 25, "cough"), (2, 900, "fever"), (-3, 2, "x"), (9, 3, "x"), (5, 6, "")]
)
def test_offsets_that_fit_neither_way_stay(start: int, end: int, text: str) -> None:
    (found,) = only(task(completion(region(start, end, text)), data={"text": EMOJI})).regions
    assert (found.start, found.end) == (start, end)


HTML = "<p>No&nbsp;<b>fever</b> today,<br>A &lt; B.<!-- x --></p><p>Well.</p>"


def test_the_text_of_html_is_what_the_offsets_count_in() -> None:
    assert HtmlText.read(HTML).text == "No\xa0fever today,\nA < B.Well."
    place = {"globalOffsets": {"start": 3, "end": 8}, "startOffset": 0, "endOffset": 5, "hypertextlabels": ["PROBLEM"]}
    raw = task(
        completion(region("/p[1]/b[1]/text()[1]", "/p[1]/b[1]/text()[1]", labels=(), **place)), data={"page": HTML}
    )
    found = read_task(raw, TaskFormat("page", is_html=True))
    (span,) = found.completions[0].regions
    assert found.text[span.start : span.end] == "fever"
    assert span.labels == ("PROBLEM",)
    assert found.data["page"] == HTML


def test_lone_surrogates_and_nul_stay_one_character_each() -> None:
    odd = "a\ud800b\0c"
    assert read_task(task(completion(region(2, 3, "b")), data={"text": odd})).text == odd


def test_a_span_that_its_html_does_not_have_is_left_out() -> None:
    places = [("/p[1]/b[1]/text()[1]", "fever"), ("/p[7]/text()[1]", "fever"), ("/p[1]/b[1]/text()[1]", "cough")]
    items = [
        region(path, path, text, labels=(), startOffset=0, endOffset=5, hypertextlabels=["PROBLEM"])
        for path, text in places
    ]
    found = read_task(task(completion(*items), data={"page": HTML}), TaskFormat("page", is_html=True))
    (span,) = found.completions[0].regions
    assert (span.start, span.end) == (3, 8)
    assert [item.labels for item in found.completions[0].unread] == [("PROBLEM",), ("PROBLEM",)]
