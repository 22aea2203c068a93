"""The Train form without widgets: numbers as people write them, and what is hidden or closed decides nothing."""

from __future__ import annotations

from typing import Any

import pytest

from genlab_widgets.training.offers import ALL
from genlab_widgets.training.spec import defaults
from genlab_widgets.widgets.pages.form import PARAMETERS, FormState, TrainForm

NAMES = {item.name for item in PARAMETERS}


@pytest.mark.parametrize(
    ("name", "typed", "read"),
    [
        ("epochs", "1,000", 1000),
        ("epochs", "1.000", 1000),
        ("epochs", "1 000", 1000),
        ("epochs", "1\u202f000", 1000),
        ("epochs", " 12 ", 12),
        ("epochs", "12,0", 12),
        ("seed", "2,147,483,647", 2_147_483_647),
        ("learning_rate", "0,003", 0.003),
        ("learning_rate", "0.003", 0.003),
        ("dropout", "0,250", 0.25),
    ],
)
def test_numbers_are_read_as_people_write_them(name: str, typed: str, read: float) -> None:
    form = TrainForm().with_fields(**{name: typed})
    assert form.problems() == {}
    assert form.spec_fields()[name] == read


@pytest.mark.parametrize("typed", ["1,5", "0,500", "1,000.5", "10,000", "many", ""])
def test_what_is_no_number_of_epochs_is_told(typed: str) -> None:
    form = TrainForm().with_fields(epochs=typed)
    assert form.problems() == {"epochs": "Give a whole number from 1 to 1,000."}


def test_where_all_kinds_train_only_what_somebody_set_is_sent() -> None:
    form = TrainForm().chosen(kind=ALL)
    assert NAMES.isdisjoint(form.spec_fields())
    assert form.problems() == {}
    assert form.placeholder == "each kind\u2019s own"
    touched = form.with_fields(epochs="7")
    assert NAMES & touched.spec_fields().keys() == {"epochs"}
    assert touched.spec_fields()["epochs"] == 7
    assert NAMES.isdisjoint(touched.with_fields(epochs=" ").spec_fields())
    assert NAMES.isdisjoint(touched.reset().spec_fields())
    assert touched.with_fields(epochs="0").problems() == {"epochs": "Give a whole number from 1 to 1,000."}


def test_a_form_for_all_kinds_outlives_a_reload_and_brings_defaults_back() -> None:
    form = TrainForm.restore(TrainForm().chosen(kind=ALL).with_fields(dropout="0.2").keep())
    assert NAMES & form.spec_fields().keys() == {"dropout"}
    own = form.chosen(kind="classification")
    assert own.fields["dropout"] == "0.2"  # somebody set it
    assert {name: own.fields[name] for name in NAMES - {"dropout"}} == {
        name: value for name, value in defaults("classification", "automatic").items() if name != "dropout"
    }
    assert own.placeholder == ""


@pytest.mark.parametrize(
    ("kind", "fields", "other"),
    [
        ("classification", {"head": "logistic_regression"}, "ner"),
        ("classification", {"classifier": "urgency"}, "ner"),
        ("classification", {"classifier": "urgency", "head": "classifier_dl"}, "assertion"),
        ("ner", {"custom_script": "mine.py@abc"}, "classification"),
        ("ner", {"custom_script": "mine.py@abc"}, ALL),
        ("ner", {"architecture": "annotator"}, ALL),
    ],
)
def test_fields_that_another_kind_does_not_have_are_not_sent(kind: str, fields: dict[str, Any], other: str) -> None:
    state = FormState(TrainForm())
    state.fill(kind=kind)
    state.fill(**fields)
    assert fields.items() <= state.form.spec_fields().items()
    state.fill(kind=other)
    assert fields.keys().isdisjoint(state.form.spec_fields())
    assert state.form.problems() == {}
    state.fill(kind=kind)
    assert fields.items() <= state.form.spec_fields().items()  # they come back


def test_what_a_network_does_not_use_neither_trains_nor_blocks() -> None:
    form = TrainForm().chosen(kind="classification").with_fields(epochs="many", decay="0.5")
    assert form.problems().keys() == {"epochs"}
    closed = form.with_fields(head="logistic_regression")
    assert closed.problems() == {}
    assert NAMES.isdisjoint(closed.spec_fields())
    assert "embeddings" in closed.spec_fields()
    crf = TrainForm().with_fields(embeddings="folder:").chosen(architecture="crf")
    assert crf.problems() == {}
    assert "embeddings" not in crf.spec_fields()


def test_a_share_that_test_tags_replace_is_not_sent() -> None:
    form = TrainForm().with_fields(validation_split="most")
    assert form.problems().keys() == {"validation_split"}
    assert form.with_fields(test_train_tags=True).problems() == {}


def test_a_fine_tuned_transformer_takes_no_vectors() -> None:
    form = TrainForm().with_fields(embeddings="word2vec")
    assert form.chosen(architecture="fine_tuned").fields["embeddings"] == "automatic"
    assert form.chosen(architecture="annotator").fields["embeddings"] == "word2vec"
    own = TrainForm().with_fields(embeddings="folder:/data/bert")
    assert own.chosen(architecture="fine_tuned").fields["embeddings"] == "folder:/data/bert"
